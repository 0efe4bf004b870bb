/** Configs: what is valid loads the same from YAML, from JSON and as a value, and its meaning can be written again. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { stringify } from "yaml";
import { formatAffinity } from "#src/config/affinity.js";
import { compileSnapshot } from "#src/config/compile.js";
import type { Config, ConfigInput } from "#src/config/config.js";
import { diffConfigs } from "#src/config/diff.js";
import type { DiscoverInput, SourceConfig } from "#src/config/discover.js";
import type { GuardRatesInput } from "#src/config/guard-config.js";
import { loadConfigText } from "#src/config/load-config.js";
import { parseConfig } from "#src/config/parse-config.js";
import { formatByteRate, formatRate } from "#src/config/rates.js";
import { SlotRegistry } from "#src/config/slots.js";
import { formatDuration, formatSize } from "#src/config/units.js";
import type { GuardRates } from "#src/core/snapshot.js";
import { validConfig } from "./config-arbitrary.js";
import { writeOutHealth } from "./health-arbitrary.js";

const RUNS = { numRuns: 150 };
const orWord = <W extends string>(value: number, word: W): number | W => (value === 0 ? word : value);

function writeRates(rates: GuardRates): GuardRatesInput {
  const { prefix4, prefix6, datagramsPerS, bytesPerS, newFlowsPerS, burstMs } = rates;
  const rate = (perS: number) => (perS === 0 ? "none" : formatRate(perS));
  return {
    prefix4,
    prefix6,
    datagrams: rate(datagramsPerS),
    bytes: bytesPerS === 0 ? "none" : formatByteRate(bytesPerS),
    newFlows: rate(newFlowsPerS),
    burst: formatDuration(burstMs),
  };
}

/** Everything written out, with every default. */
function writeOut({ listeners, pools, limits, shutdown, plane }: Config): ConfigInput {
  return {
    listeners: listeners.map(
      ({ name, addressText, pool, ipv6Only, session, guard, receiveBufferBytes, sendBufferBytes }) => ({
        name,
        address: addressText,
        pool,
        ipv6Only,
        session: {
          idleTimeout: formatDuration(session.idleTimeoutMs),
          maxLifetime: session.maxLifetimeMs === 0 ? "none" : formatDuration(session.maxLifetimeMs),
          requests: orWord(session.requests, "none"),
          responses: orWord(session.responses, "none"),
        },
        guard: guard && {
          ...guard.written,
          perClient: writeRates(guard.perClient),
          perNetwork: writeRates(guard.perNetwork),
          amplification: orWord(guard.amplification, "none"),
          maxTracked: guard.maxTracked,
        },
        receiveBuffer: formatSize(receiveBufferBytes),
        sendBuffer: formatSize(sendBufferBytes),
      }),
    ),
    pools: pools.map(({ affinity, backends, discover, health, slowStartMs, ...pool }) => ({
      ...pool,
      slowStart: slowStartMs === 0 ? "none" : formatDuration(slowStartMs),
      discover: discover.map(writeSource),
      ...(health === undefined ? {} : { health: writeOutHealth(health) }),
      affinity: formatAffinity(affinity),
      backends: backends.map(({ name, addressText, weight, state, backup }) => ({
        name,
        address: addressText,
        weight,
        state,
        backup,
      })),
    })),
    limits: {
      maxFlows: orWord(limits.maxFlows, "auto"),
      maxFlowsPerClientIp: orWord(limits.maxFlowsPerClientIp, "none"),
      onFull: limits.onFull,
    },
    shutdown: { grace: formatDuration(shutdown.graceMs) },
    plane,
  };
}

function writeSource(source: SourceConfig): DiscoverInput {
  if (source.kind === "file") return { file: source.path };
  const { kind, name, family, resolvers, minIntervalMs, maxIntervalMs, namePrefix } = source;
  const shared = {
    family,
    minInterval: formatDuration(minIntervalMs),
    maxInterval: formatDuration(maxIntervalMs),
    ...(resolvers.length > 0 && { resolvers }),
    ...(namePrefix !== "" && { namePrefix }),
  };
  if (kind === "srv") return { srv: name, ...shared };
  return { dns: `${name}:${source.port}`, weight: source.weight, backup: source.backup, ...shared };
}

describe("an arbitrary valid config", () => {
  it("is accepted, and is the same from YAML and JSON text", () => {
    fc.assert(
      fc.property(validConfig, (input) => {
        const config = parseConfig(input);
        assert.deepEqual(loadConfigText(stringify(input)).config, config);
        assert.deepEqual(loadConfigText(JSON.stringify(input)).config, config);
        assert.deepEqual(loadConfigText(JSON.stringify(input, null, "\t")).config, config);
      }),
      RUNS,
    );
  });

  it("is the same when everything is written out, and then differs in nothing", () => {
    fc.assert(
      fc.property(validConfig, (input) => {
        const config = parseConfig(input);
        const again = parseConfig(writeOut(config));
        assert.deepEqual(again, config);
        const none = { added: [], removed: [], changed: [] };
        assert.deepEqual(diffConfigs(config, again), { listeners: none, pools: none, backends: none });
      }),
      RUNS,
    );
  });

  it("keeps what was written", () => {
    fc.assert(
      fc.property(validConfig, (input) => {
        const config = parseConfig(input);
        assert.deepEqual(
          config.listeners.map(({ addressText }) => addressText),
          input.listeners.map(({ address }) => address),
        );
        for (const [i, { backends, policy }] of config.pools.entries()) {
          const written = input.pools[i];
          assert.equal(policy, written.policy ?? "round-robin");
          for (const [j, backend] of backends.entries()) {
            const source = written.backends?.[j] ?? "";
            const fields = typeof source === "string" ? { address: source } : source;
            assert.equal(backend.addressText, fields.address);
            assert.equal(backend.name, fields.name ?? fields.address);
            assert.equal(backend.weight, fields.weight ?? 1);
            assert.equal(backend.state, fields.state ?? "enabled");
            assert.equal(backend.backup, fields.backup ?? false);
          }
        }
      }),
      RUNS,
    );
  });

  it("compiles to distinct slots, and again to the same", () => {
    fc.assert(
      fc.property(validConfig, validConfig, (first, second) => {
        const registry = new SlotRegistry();
        const before = compileSnapshot(parseConfig(first), registry, 1, 10);
        compileSnapshot(parseConfig(second), registry, 2, 10);
        assert.deepEqual(compileSnapshot(parseConfig(first), registry, 1, 10), before);
        for (const entries of [
          before.listeners,
          before.pools,
          before.pools.flatMap(({ backends }) => backends),
        ]) {
          const slots = entries.map(({ slot }) => slot);
          assert.equal(new Set(slots).size, slots.length);
        }
        for (const { poolSlot } of before.listeners)
          assert.ok(before.pools.some(({ slot }) => slot === poolSlot));
      }),
      RUNS,
    );
  });
});
