/** A pool and its backends, through `parseConfig`: defaults, edges, and every problem with its path. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ConfigError } from "./config-error.js";
import { diffConfigs } from "./diff.js";
import { parseConfig } from "./parse-config.js";

const config = (pool: object) =>
  parseConfig({ listeners: [{ address: "127.0.0.1:1" }], pools: [{ backends: ["127.0.0.1:2"], ...pool }] });
const poolOf = (pool: object) => config(pool).pools[0];

function problemsOf(pool: object): string[] {
  try {
    config(pool);
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    return error.problems.map(({ path, message }) => `${path.replace("pools[0].", "")}: ${message}`);
  }
  return [];
}

describe("poolSchema: defaults", () => {
  it("fills in all that a pool has", () => {
    const { backends, ...rest } = poolOf({});
    assert.deepEqual(rest, {
      name: "default",
      policy: "round-robin",
      affinity: { kind: "none" },
      maglevTableSize: 65_537,
      failOpen: true,
      failover: { unhealthy: "move", draining: "keep", removed: "move", unanswered: "lose" },
      passive: { refusals: true, silence: "keep", maxEjected: 50 },
      slowStartMs: 0,
      discover: [],
    });
    const [{ address, ...backend }] = backends;
    assert.deepEqual(backend, {
      name: "127.0.0.1:2",
      addressText: "127.0.0.1:2",
      weight: 1,
      state: "enabled",
      backup: false,
    });
    assert.equal(address.port, 2);
  });

  it("takes an address alone as the map with it", () => {
    assert.deepEqual(poolOf({ backends: [{ address: "127.0.0.1:2" }] }), poolOf({}));
  });

  it("fills in what a part leaves out", () => {
    assert.deepEqual(poolOf({ passive: { enabled: false } }).passive, {
      refusals: false,
      silence: "off",
      maxEjected: 50,
    });
    assert.deepEqual(poolOf({ passive: { silence: "move" } }).passive, {
      refusals: true,
      silence: "move",
      maxEjected: 50,
    });
    assert.deepEqual(poolOf({ passive: { maxEjected: 0 } }).passive, {
      refusals: true,
      silence: "keep",
      maxEjected: 0,
    });
    assert.deepEqual(poolOf({ failover: { draining: "drop" } }).failover, {
      unhealthy: "move",
      draining: "drop",
      removed: "move",
      unanswered: "lose",
    });
  });
});

describe("poolSchema: backends", () => {
  it("keeps weight, state and backup, at their edges too", () => {
    const backends = [
      { address: "127.0.0.1:2", weight: 0, state: "draining", backup: true },
      { address: "[::1]:65535", weight: 65_535, state: "disabled", name: "b:[%]._-9" },
    ];
    const kept = poolOf({ backends }).backends.map(({ name, weight, state, backup }) => [
      name,
      weight,
      state,
      backup,
    ]);
    assert.deepEqual(kept, [
      ["127.0.0.1:2", 0, "draining", true],
      ["b:[%]._-9", 65_535, "disabled", false],
    ]);
  });

  it("says of each what is wrong, in its own kind", () => {
    const one = {
      address: "127.0.0.1:5",
      backup: "yes",
      weight: 1.5,
      state: "drainin",
      name: "a b",
      wait: 1,
    };
    const backends = [null, 5, ["a"], {}, { address: "127.0.0.1:0" }, "0.0.0.0:1", "x", one];
    assert.deepEqual(problemsOf({ backends }), [
      "backends[0]: found nothing, expected an address or a map with an address",
      "backends[1]: found 5, expected an address or a map with an address",
      "backends[2]: found a list, expected an address or a map with an address",
      "backends[3].address: missing, expected an IP address and port such as 192.0.2.1:53 or [2001:db8::1]:53",
      'backends[4].address: found "127.0.0.1:0", expected a port from 1 to 65535: port 0 cannot be sent to',
      'backends[5]: found "0.0.0.0:1", expected the address of one server: a wildcard cannot be sent to',
      'backends[6]: cannot read the endpoint "x": expected an IP address and a port, such as 192.0.2.1:53 or [2001:db8::1]:53',
      'backends[7].name: found "a b", expected a name of 1 to 100 letters, digits and . _ - : [ ] %',
      "backends[7].weight: found 1.5, expected a whole number from 0 to 65535",
      'backends[7].state: found "drainin", expected one of enabled, draining, disabled; did you mean "draining"?',
      'backends[7].backup: found "yes", expected true or false',
      "backends[7].wait: unknown key, expected name, address, weight, state, backup",
    ]);
  });

  it("is a list", () => {
    assert.deepEqual(problemsOf({ backends: "127.0.0.1:2" }), [
      'backends: found "127.0.0.1:2", expected a list of backends',
    ]);
  });

  it("changes with backup alone", () => {
    const before = config({});
    const after = config({ backends: [{ address: "127.0.0.1:2", backup: true }] });
    assert.notDeepEqual(before.pools[0], after.pools[0]);
    assert.deepEqual(diffConfigs(before, after).backends.changed, ["default/127.0.0.1:2"]);
  });
});

describe("poolSchema: slowStart", () => {
  for (const [text, ms] of [
    ["none", 0],
    ["1ms", 1],
    ["1.5s", 1_500],
    ["1h", 3_600_000],
  ] as const) {
    it(`reads ${text}`, () => assert.equal(poolOf({ slowStart: text }).slowStartMs, ms));
  }

  const expected = "expected none or a duration from 1ms to 1h";
  for (const [value, found] of [
    ["0s", '"0s"'],
    ["3600001ms", '"3600001ms"'],
    [30, "30 without a unit"],
    [null, "nothing"],
    [false, "false"],
  ] as const) {
    it(`refuses ${value}`, () =>
      assert.deepEqual(problemsOf({ slowStart: value }), [`slowStart: found ${found}, ${expected}`]));
  }
});

describe("poolSchema: maglevTableSize", () => {
  it("is a prime number", () => {
    for (const size of [2, 3, 251, 5_000_011]) {
      assert.equal(poolOf({ policy: "maglev", maglevTableSize: size }).maglevTableSize, size);
    }
    for (const [size, next] of [
      [4, 5],
      [65_536, 65_537],
      [5_000_010, 5_000_011],
    ]) {
      assert.deepEqual(problemsOf({ maglevTableSize: size }), [
        `maglevTableSize: found ${size}, expected a prime number; the next is ${next}`,
      ]);
    }
  });
  it("has bounds, so that no search for a prime goes beyond them", () => {
    for (const size of [-1, 0, 1, 2.5, 5_000_012, Number.MAX_SAFE_INTEGER]) {
      assert.deepEqual(problemsOf({ maglevTableSize: size }), [
        `maglevTableSize: found ${size}, expected a whole number from 2 to 5000011`,
      ]);
    }
  });
});

describe("poolSchema: problems", () => {
  const cases: [object, string[]][] = [
    [{ passive: true }, ["passive: found true, expected a map"]],
    [
      { passive: { enabled: "no", refusals: 1, silence: "moves", maxEjected: 101, maxEject: 5 } },
      [
        "passive.refusals: found 1, expected true or false",
        'passive.silence: found "moves", expected one of off, keep, move; did you mean "move"?',
        'passive.enabled: found "no", expected true or false',
        "passive.maxEjected: found 101, expected a whole number from 0 to 100",
        'passive.maxEject: unknown key; did you mean "maxEjected"?',
      ],
    ],
    [
      { failover: { unhealthy: "mov", drainin: "keep" } },
      [
        'failover.unhealthy: found "mov", expected one of move, keep, drop; did you mean "move"?',
        'failover.drainin: unknown key; did you mean "draining"?',
      ],
    ],
    [{ failOpen: 0 }, ["failOpen: found 0, expected true or false"]],
    [
      { policy: null },
      ["policy: found nothing, expected one of round-robin, random, least-flows, least-outstanding, maglev"],
    ],
    [{ health: "tcp" }, ['health: found "tcp", expected a map with a probe']],
    [
      { discover: [null, "a:1"] },
      [
        "discover[0]: found nothing, expected a map with dns, srv or file",
        'discover[1]: found "a:1", expected a map with dns, srv or file',
      ],
    ],
    [{ discover: {} }, ["discover: found a map, expected a list of sources"]],
    [
      { discover: Array.from({ length: 33 }, (_, i) => ({ file: `b${i}` })) },
      ["discover: expected at most 32 sources"],
    ],
  ];
  for (const [pool, expected] of cases) {
    it(`of ${JSON.stringify(pool).slice(0, 50)}`, () => assert.deepEqual(problemsOf(pool), expected));
  }
});
