import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ConfigInput } from "./config.js";
import { configSchema, type SchemaInput } from "./schema.js";

type DeepReadonly<T> = T extends object ? { readonly [K in keyof T]: DeepReadonly<T[K]> } : T;
/** Exactly the same type, also where both are assignable to each other. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** Same members at every level, whatever the type is called. */
type Flat<T> = T extends object ? { [K in keyof T]: Flat<T[K]> } : T;

// The compiler refuses this line when `ConfigInput` and the schema say different things.
const typesAreTheSame: Same<Flat<DeepReadonly<SchemaInput>>, Flat<ConfigInput>> = true;

describe("configSchema", () => {
  it("accepts the type ConfigInput and nothing else", () => assert.equal(typesAreTheSame, true));

  it("fills in every default", () => {
    const parsed = configSchema.parse({
      listeners: [{ address: "127.0.0.1:53" }],
      pools: [{ backends: [{ address: "127.0.0.1:54" }] }],
    });
    const [listener] = parsed.listeners;
    assert.deepEqual(listener.session, { idleTimeout: 120_000, maxLifetime: 0, requests: 0, responses: 0 });
    assert.equal(listener.ipv6Only, false);
    assert.equal(listener.receiveBuffer, 4 * 1024 * 1024);
    assert.equal(listener.sendBuffer, 4 * 1024 * 1024);
    const [{ backends, ...pool }] = parsed.pools;
    assert.deepEqual(pool, {
      policy: "round-robin",
      affinity: { kind: "none" },
      maglevTableSize: 65_537,
      failOpen: true,
      failover: { unhealthy: "move", draining: "keep", removed: "move", unanswered: "lose" },
      passive: { refusals: true, silence: "keep", maxEjected: 50 },
      slowStart: 0,
    });
    assert.equal(backends?.[0].weight, 1);
    assert.equal(backends?.[0].state, "enabled");
    assert.equal(backends?.[0].backup, false);
    assert.deepEqual(parsed.limits, { maxFlows: 0, maxFlowsPerClientIp: 0, onFull: "drop" });
    assert.deepEqual(parsed.shutdown, { grace: 5_000 });
    assert.equal(parsed.plane, "auto");
  });

  it("treats a backend's address alone like a map with the address", () => {
    const parse = (backend: string | { address: string }) =>
      configSchema.parse({ listeners: [{ address: "127.0.0.1:53" }], pools: [{ backends: [backend] }] })
        .pools[0].backends![0];
    const { name, ...short } = parse("127.0.0.1:54");
    assert.equal(name, undefined);
    assert.deepEqual(short, parse({ address: "127.0.0.1:54" }));
  });
});
