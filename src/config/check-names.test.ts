/** Problems that span several keys, found through `parseConfig`; those of addresses are in check-addresses.test.ts. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ConfigError } from "./config-error.js";
import { parseConfig } from "./parse-config.js";

const LISTENER = { address: "127.0.0.1:2525" };
const POOL = { backends: ["127.0.0.1:2526"] };

/** `path: message` of every problem. */
function problemsOf(input: unknown): string[] {
  try {
    parseConfig(input);
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    return error.problems.map(({ path, message }) => `${path}: ${message}`);
  }
  return [];
}

function withListener(fields: object): unknown {
  return { listeners: [{ ...LISTENER, ...fields }], pools: [POOL] };
}
function withPool(fields: object): unknown {
  return { listeners: [LISTENER], pools: [{ ...POOL, ...fields }] };
}
function withListeners(...addresses: (string | object)[]): unknown {
  const listeners = addresses.map((address) => (typeof address === "string" ? { address } : address));
  return { listeners, pools: [POOL] };
}

describe("parseConfig: several keys together", () => {
  it("collects problems of all kinds at once", () => {
    const problems = problemsOf({
      listeners: [
        { address: "127.0.0.1:53", name: "a", sesion: {} },
        { address: "127.0.0.1:53", name: "a", pool: "defualt" },
      ],
      pools: [{ backends: ["x", { address: "127.0.0.1:54", weight: -1 }] }],
    });
    assert.equal(problems.length, 6);
    for (const part of [
      "sesion: unknown",
      "another listener",
      "did you mean",
      "same as",
      '"x"',
      "found -1",
    ]) {
      assert.ok(
        problems.some((problem) => problem.includes(part)),
        part,
      );
    }
  });

  it("refuses two listeners with one name", () => {
    assert.deepEqual(
      problemsOf(withListeners({ address: "127.0.0.1:1", name: "a" }, { address: "127.0.0.1:3", name: "a" })),
      ['listeners[1].name: "a" is already the name of another listener, expected a name of its own'],
    );
  });

  it("refuses a name that is the address, and so the name, of another", () => {
    assert.deepEqual(
      problemsOf(withListeners("127.0.0.1:1", { address: "127.0.0.1:3", name: "127.0.0.1:1" })),
      [
        'listeners[1].name: "127.0.0.1:1" is already the name of another listener, expected a name of its own',
      ],
    );
  });

  it("refuses two backends with one name, but allows it in two pools", () => {
    const backends = [
      { address: "127.0.0.1:1", name: "a" },
      { address: "127.0.0.1:2", name: "a" },
    ];
    assert.deepEqual(problemsOf(withPool({ backends })), [
      'pools[0].backends[1].name: "a" is already the name of another backend of this pool, expected a name of its own',
    ]);
    const pools = backends.map((backend, i) => ({ name: `p${i}`, backends: [backend] }));
    assert.deepEqual(problemsOf({ listeners: [{ ...LISTENER, pool: "p0" }], pools }), []);
  });

  it("refuses one address twice in a pool, however it is written", () => {
    assert.deepEqual(problemsOf(withPool({ backends: ["[::1]:1", { address: "[0:0::1]:1", name: "b" }] })), [
      'pools[0].backends[1].address: "[0:0::1]:1" is already in this pool as "[::1]:1", expected each address once',
    ]);
    assert.deepEqual(problemsOf(withPool({ backends: ["127.0.0.1:1", "127.0.0.1:1"] })), [
      'pools[0].backends[1]: "127.0.0.1:1" is already in this pool, expected each address once',
    ]);
  });

  it("wants a name for each of several pools, and one for the listener's", () => {
    assert.deepEqual(problemsOf({ listeners: [LISTENER], pools: [POOL, { name: "b", ...POOL }] }), [
      "pools[0].name: missing, expected a name because there are several pools",
      'listeners[0].pool: missing, expected the name of one of the pools: "b"',
    ]);
  });

  it("refuses two pools with one name", () => {
    const pools = [
      { name: "a", ...POOL },
      { name: "a", ...POOL },
    ];
    assert.deepEqual(problemsOf({ listeners: [{ ...LISTENER, pool: "a" }], pools }), [
      'pools[1].name: "a" is already the name of another pool, expected a name of its own',
    ]);
  });

  it("suggests the pool that a listener most likely means", () => {
    assert.deepEqual(problemsOf(withListener({ pool: "defualt" })), [
      'listeners[0].pool: no pool has the name "defualt"; did you mean "default"?',
    ]);
    assert.deepEqual(problemsOf(withListener({ pool: "web" })), [
      'listeners[0].pool: no pool has the name "web"; expected "default"',
    ]);
  });

  it("wants more entries in a maglev table than backends", () => {
    const backends = ["127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3"];
    assert.deepEqual(problemsOf(withPool({ backends, policy: "maglev", maglevTableSize: 3 })), [
      "pools[0].maglevTableSize: found 3, expected more entries than the pool has backends (3)",
    ]);
    assert.deepEqual(problemsOf(withPool({ backends, policy: "maglev", maglevTableSize: 5 })), []);
    assert.deepEqual(problemsOf(withPool({ backends, maglevTableSize: 3 })), []);
  });

  it("refuses lists that are too long as one problem each", () => {
    const listeners = Array.from({ length: 257 }, () => null);
    assert.deepEqual(problemsOf({ listeners, pools: [POOL] }), [
      "listeners: found 257 listeners, expected at most 256",
    ]);
    const pools = [0, 1].map((i) => ({ name: `p${i}`, backends: Array.from({ length: 2_049 }, () => null) }));
    assert.deepEqual(problemsOf({ listeners: [LISTENER], pools }), [
      "pools: found 4098 backends in all pools together, expected at most 4096",
    ]);
  });

  it("reports the holes of a sparse array", () => {
    const listeners: unknown[] = [];
    listeners[1] = LISTENER;
    assert.deepEqual(problemsOf({ listeners, pools: [POOL] }), [
      "listeners[0]: missing, expected a map with an address",
    ]);
  });

  it("gives at most 20 problems", () => {
    const many = Object.fromEntries(Array.from({ length: 5_000 }, (_, i) => [`key${i}`, 1]));
    assert.equal(problemsOf({ ...many, listeners: [LISTENER], pools: [POOL] }).length, 20);
  });
});
