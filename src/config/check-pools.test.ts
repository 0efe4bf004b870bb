import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { checkMaglevTables, findWarnings } from "./check-pools.js";
import type { PoolInput } from "./config.js";
import { createDraft } from "./draft.js";
import { formatPath } from "./key-path.js";
import { checkConfig, parseConfig } from "./parse-config.js";

function addresses(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `127.0.0.1:${i + 2}`);
}

describe("checkMaglevTables", () => {
  const check = (...pools: unknown[]) => checkMaglevTables(createDraft({ pools }));

  it("wants more entries than backends", () => {
    const pool = { policy: "maglev", maglevTableSize: 5 };
    assert.deepEqual(check({ ...pool, backends: addresses(4) }), []);
    assert.deepEqual(check({ backends: [] }, { ...pool, backends: addresses(5) }), [
      {
        path: ["pools", 1, "maglevTableSize"],
        message: "found 5, expected more entries than the pool has backends (5)",
      },
    ]);
  });
  it("leaves alone what no table is made of", () => {
    assert.deepEqual(check({ policy: "random", maglevTableSize: 2, backends: addresses(5) }), []);
    assert.deepEqual(check({ policy: "maglev", maglevTableSize: "2", backends: addresses(5) }), []);
    assert.deepEqual(check({ policy: "maglev", backends: addresses(5) }, null, "x"), []);
  });
});

describe("findOldKeys", () => {
  const warningsOf = (passive: PoolInput["passive"]) =>
    checkConfig({
      listeners: [{ address: "127.0.0.1:1" }],
      pools: [{ passive, backends: addresses(1) }],
    }).warnings.map(({ path, message }) => `${path}: ${message}`);

  it("names passive.enabled, and what says the same now", () => {
    assert.deepEqual(warningsOf({ enabled: false }), [
      "pools[0].passive.enabled: an older key: write refusals: false and silence: off",
    ]);
    assert.deepEqual(warningsOf({ enabled: true }), [
      "pools[0].passive.enabled: an older key: leave it out, this is the default of refusals and silence",
    ]);
    assert.deepEqual(warningsOf({ refusals: false, silence: "off" }), []);
  });
});

describe("findWarnings", () => {
  const none = (name: string) =>
    `no backend of the pool "${name}" takes new keys: each is not enabled or has weight 0`;
  const warningsOf = (...pools: PoolInput[]) =>
    findWarnings(parseConfig({ listeners: [{ address: "127.0.0.1:1", pool: pools[0].name }], pools })).map(
      ({ path, message }) => `${formatPath(path)}: ${message}`,
    );
  const [address] = addresses(1);

  it("names each pool that no listener uses", () => {
    const backends = addresses(1);
    const pools = ["a", "b", "c"].map((name) => ({ name, backends }));
    assert.deepEqual(warningsOf(...pools), [
      'pools[1]: no listener uses the pool "b"',
      'pools[2]: no listener uses the pool "c"',
    ]);
  });
  it("names a pool where nobody takes new keys, also when it is unused", () => {
    const off: PoolInput = { backends: [{ address, state: "disabled" }] };
    assert.deepEqual(warningsOf({ name: "a", ...off }, { name: "b", ...off }), [
      `pools[0].backends: ${none("a")}`,
      'pools[1]: no listener uses the pool "b"',
      `pools[1].backends: ${none("b")}`,
    ]);
  });
  it("does not where one backend does, be it a backup, or where more may be discovered", () => {
    const [, second] = addresses(2);
    const zero = { address, weight: 0 };
    assert.deepEqual(warningsOf({ name: "a", backends: [zero, { address: second, backup: true }] }), []);
    assert.deepEqual(warningsOf({ name: "a", backends: [zero], discover: [{ file: "b.yaml" }] }), []);
  });
});
