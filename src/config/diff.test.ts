import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ConfigInput } from "./config.js";
import { type ConfigChanges, diffConfigs } from "./diff.js";
import { parseConfig } from "./parse-config.js";

const BASE = {
  listeners: [{ name: "x", address: "127.0.0.1:1", pool: "a" }],
  pools: [
    { name: "a", backends: [{ name: "one", address: "[::1]:3" }, "127.0.0.1:4"] },
    { name: "b", backends: ["127.0.0.1:4"] },
  ],
} satisfies ConfigInput;
const NONE = { added: [], removed: [], changed: [] };

function changes(next: ConfigInput, old: ConfigInput = BASE): ConfigChanges {
  return diffConfigs(parseConfig(old), parseConfig(next));
}

describe("diffConfigs", () => {
  it("finds nothing between equal configs", () => {
    assert.deepEqual(changes(BASE), { listeners: NONE, pools: NONE, backends: NONE });
  });

  it("finds nothing where only the writing differs", () => {
    const next = structuredClone(BASE) as ConfigInput & typeof BASE;
    next.pools.reverse();
    next.pools[1].backends[0] = { name: "one", address: "[0:0::1]:3" };
    Object.assign(next.listeners[0], { session: { idleTimeout: "2m" } });
    assert.deepEqual(changes(next), { listeners: NONE, pools: NONE, backends: NONE });
  });

  it("names listeners added, removed and changed", () => {
    const listeners = [
      { name: "x", address: "127.0.0.1:9", pool: "a" },
      { name: "y", address: "127.0.0.1:2", pool: "a" },
    ];
    const next = { ...BASE, listeners };
    assert.deepEqual(changes(next).listeners, { added: ["y"], removed: [], changed: ["x"] });
    assert.deepEqual(changes(BASE, next).listeners, { added: [], removed: ["y"], changed: ["x"] });
  });

  it("notices every key of a listener", () => {
    const [listener] = BASE.listeners;
    for (const change of [
      { pool: "b" },
      { ipv6Only: true },
      { session: { requests: 1 } },
      { receiveBuffer: "8KiB" },
      { sendBuffer: "8KiB" },
    ]) {
      assert.deepEqual(changes({ ...BASE, listeners: [{ ...listener, ...change }] }).listeners.changed, [
        "x",
      ]);
    }
  });

  it("notices every key of a pool, apart from its backends", () => {
    const [a, b] = BASE.pools;
    for (const change of [
      { policy: "random" as const },
      { affinity: "client" },
      { maglevTableSize: 101 },
      { failOpen: false },
      { failover: { draining: "move" as const } },
    ]) {
      const found = changes({ ...BASE, pools: [{ ...a, ...change }, b] });
      assert.deepEqual(found.pools, { ...NONE, changed: ["a"] });
      assert.deepEqual(found.backends, NONE);
    }
  });

  it("names backends with their pool", () => {
    const [, b] = BASE.pools;
    const a = { name: "a", backends: [{ name: "one", address: "[::1]:3", weight: 2 }, "127.0.0.1:5"] };
    const found = changes({ ...BASE, pools: [a, b] });
    assert.deepEqual(found.pools, NONE);
    assert.deepEqual(found.backends, {
      added: ["a/127.0.0.1:5"],
      removed: ["a/127.0.0.1:4"],
      changed: ["a/one"],
    });
  });

  it("names the backends of a pool that is removed", () => {
    const found = changes({ ...BASE, pools: [BASE.pools[0]] });
    assert.deepEqual(found.pools, { ...NONE, removed: ["b"] });
    assert.deepEqual(found.backends, { ...NONE, removed: ["b/127.0.0.1:4"] });
  });
});
