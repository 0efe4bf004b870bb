/** Configs: what is valid loads the same from YAML, from JSON and as a value, and its meaning can be written again. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { stringify } from "yaml";
import { compileSnapshot } from "#src/config/compile.js";
import { describeConfig, restoreSecrets } from "#src/config/describe-config.js";
import { diffConfigs } from "#src/config/diff.js";
import { loadConfigText } from "#src/config/load-config.js";
import { parseConfig } from "#src/config/parse-config.js";
import { SlotRegistry } from "#src/config/slots.js";
import { validConfig } from "./config-arbitrary.js";

const RUNS = { numRuns: 150 };
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
        const document = describeConfig(config);
        assert.deepEqual(JSON.parse(JSON.stringify(document)), document, "plain JSON");
        const again = parseConfig(restoreSecrets(document, config));
        assert.deepEqual(again, config);
        const none = { added: [], removed: [], changed: [] };
        assert.deepEqual(diffConfigs(config, again), { listeners: none, pools: none, backends: none });
      }),
      RUNS,
    );
  });

  it("is described without its secrets", () => {
    const secret = "a-secret-that-nobody-sees";
    const admin = { listen: "127.0.0.1:0", token: secret, readToken: `${secret}-2` };
    const health = { probe: { type: "radius" as const, secret: `${secret}-3` } };
    fc.assert(
      fc.property(validConfig, (input) => {
        const config = parseConfig({
          ...input,
          admin,
          pools: input.pools.map((pool) => ({ ...pool, health })),
        });
        const document = describeConfig(config);
        assert.ok(!JSON.stringify(document).includes(secret));
        assert.deepEqual(parseConfig(restoreSecrets(document, config)), config);
        assert.throws(() => parseConfig(document), { code: "CONFIG_INVALID" });
      }),
      { numRuns: 30 },
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
