import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseEndpoint } from "../core/address.js";
import { compileSnapshot } from "./compile.js";
import type { Config, ConfigInput } from "./config.js";
import { parseConfig } from "./parse-config.js";
import { SlotRegistry } from "./slots.js";

const INPUT: ConfigInput = {
  listeners: [
    { name: "x", address: "127.0.0.1:1", pool: "b", session: { idleTimeout: "3s" } },
    { address: "[0:0::1]:2", pool: "a", ipv6Only: true, receiveBuffer: "8KiB" },
  ],
  pools: [
    { name: "a", backends: ["127.0.0.1:3"], policy: "maglev", affinity: "client-ip/24" },
    {
      name: "b",
      backends: [
        { address: "127.0.0.1:4", name: "n", weight: 7, state: "draining", backup: true },
        "127.0.0.1:5",
      ],
    },
  ],
  limits: { maxFlowsPerClientIp: 9, onFull: "evict-oldest" },
};

function config(input: ConfigInput = INPUT): Config {
  return parseConfig(input);
}

/** A config with one pool named p and these backends. */
function withBackends(...backends: NonNullable<ConfigInput["pools"][number]["backends"]>): Config {
  return config({ listeners: [{ address: "127.0.0.1:1" }], pools: [{ name: "p", backends }] });
}

function backendSlots(compiled: ReturnType<typeof compileSnapshot>): number[] {
  return compiled.pools.flatMap(({ backends }) => backends.map(({ slot }) => slot));
}

describe("compileSnapshot", () => {
  it("gives planes everything they need", () => {
    const snapshot = compileSnapshot(config(), new SlotRegistry(), 4, 1_000);
    assert.equal(snapshot.version, 4);
    assert.deepEqual(snapshot.limits, { maxFlows: 1_000, maxFlowsPerClientIp: 9, onFull: "evict-oldest" });
    assert.deepEqual(snapshot.listeners[0], {
      slot: 0,
      name: "x",
      address: parseEndpoint("127.0.0.1:1"),
      ipv6Only: false,
      poolSlot: 1,
      session: { idleTimeoutMs: 3_000, maxLifetimeMs: 0, requests: 0, responses: 0 },
      receiveBufferBytes: 4 * 1024 * 1024,
      sendBufferBytes: 4 * 1024 * 1024,
    });
    assert.equal(snapshot.listeners[1].poolSlot, 0);
    assert.equal(snapshot.listeners[1].receiveBufferBytes, 8 * 1024);
    const { backends, ...pool } = snapshot.pools[0];
    assert.deepEqual(pool, {
      slot: 0,
      name: "a",
      policy: "maglev",
      affinity: { kind: "client-ip", prefix4: 24, prefix6: 128 },
      maglevTableSize: 65_537,
      failOpen: true,
      failover: { unhealthy: "move", draining: "keep", removed: "move", unanswered: "lose" },
      passive: { refusals: true, silence: "keep", maxEjected: 50 },
    });
    assert.equal(backends.length, 1);
    assert.deepEqual(snapshot.pools[1].backends[0], {
      slot: 1,
      name: "n",
      address: parseEndpoint("127.0.0.1:4"),
      weight: 7,
      admin: "draining",
      admitted: true,
      backup: true,
    });
  });

  it("can be posted to a worker", () => {
    const snapshot = compileSnapshot(config(), new SlotRegistry(), 1, 1_000);
    assert.deepEqual(structuredClone(snapshot), snapshot);
  });

  it("keeps slots when the order changes", () => {
    const registry = new SlotRegistry();
    compileSnapshot(withBackends("127.0.0.1:3", "127.0.0.1:4"), registry, 1, 10);
    const next = compileSnapshot(withBackends("127.0.0.1:5", "127.0.0.1:4", "127.0.0.1:3"), registry, 2, 10);
    assert.deepEqual(backendSlots(next), [2, 1, 0]);
  });

  it("keeps the slot when weight and state change, and when the address is written in another way", () => {
    const registry = new SlotRegistry();
    compileSnapshot(withBackends({ name: "n", address: "[::1]:3" }), registry, 1, 10);
    const changed = withBackends({ name: "n", address: "[0:0::1]:3", weight: 0, state: "disabled" });
    assert.deepEqual(backendSlots(compileSnapshot(changed, registry, 2, 10)), [0]);
  });

  it("gives a new slot when the address under a name changes, and the old one only after its release", () => {
    const registry = new SlotRegistry();
    const slotOf = (address: string, version: number) =>
      backendSlots(compileSnapshot(withBackends({ name: "n", address }), registry, version, 10))[0];
    assert.equal(slotOf("127.0.0.1:3", 1), 0);
    assert.equal(slotOf("127.0.0.1:4", 2), 1);
    assert.equal(slotOf("127.0.0.1:3", 3), 0, "not released, so it is the same backend again");
    registry.release("backend", 1);
    assert.equal(slotOf("127.0.0.1:5", 4), 1);
  });

  it("gives one address in two pools two slots", () => {
    const both = config({
      listeners: [{ address: "127.0.0.1:1", pool: "a" }],
      pools: [
        { name: "a", backends: ["127.0.0.1:3"] },
        { name: "b", backends: ["127.0.0.1:3"] },
      ],
    });
    assert.deepEqual(backendSlots(compileSnapshot(both, new SlotRegistry(), 1, 10)), [0, 1]);
  });

  it("leaves a full registry as it was", () => {
    const registry = new SlotRegistry();
    compileSnapshot(withBackends("127.0.0.1:3"), registry, 1, 10);
    for (let i = 0; i < 4_093; i++) registry.acquire("backend", ["filler", `${i}`]);
    const before = [registry.inUse("listener"), registry.inUse("pool"), registry.inUse("backend")];
    const tooMany = withBackends("127.0.0.1:3", "127.0.0.1:4", "127.0.0.1:5", "127.0.0.1:6");
    assert.throws(() => compileSnapshot(tooMany, registry, 2, 10), { code: "TOO_MANY" });
    assert.deepEqual([registry.inUse("listener"), registry.inUse("pool"), registry.inUse("backend")], before);
    assert.ok(registry.has("backend", ["p", "127.0.0.1:3", "127.0.0.1:3"]));
  });
});
