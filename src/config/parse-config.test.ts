import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { formatEndpoint } from "../core/address.js";
import { ConfigError } from "./config-error.js";
import { checkConfig, parseConfig } from "./parse-config.js";

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
function withBackend(backend: unknown): unknown {
  return withPool({ backends: [backend] });
}
function withListeners(...addresses: (string | object)[]): unknown {
  const listeners = addresses.map((address) => (typeof address === "string" ? { address } : address));
  return { listeners, pools: [POOL] };
}

describe("parseConfig: what it gives", () => {
  it("names what has no name after its address, and the only pool default", () => {
    const config = parseConfig({ listeners: [LISTENER], pools: [POOL] });
    assert.equal(config.listeners[0].name, "127.0.0.1:2525");
    assert.equal(config.listeners[0].pool, "default");
    assert.equal(config.pools[0].name, "default");
    assert.equal(config.pools[0].backends[0].name, "127.0.0.1:2526");
  });

  it("sends a listener without a pool to the only one, whatever its name", () => {
    const config = parseConfig({ listeners: [LISTENER], pools: [{ ...POOL, name: "servers" }] });
    assert.equal(config.listeners[0].pool, "servers");
  });

  it("keeps the address as written beside what it means", () => {
    const { address, addressText } = parseConfig(withListener({ address: "[0:0::1]:53" })).listeners[0];
    assert.equal(addressText, "[0:0::1]:53");
    assert.equal(formatEndpoint(address), "[::1]:53");
  });

  it("reads units, and none and auto as 0", () => {
    const session = { idleTimeout: "1.5s", maxLifetime: "none", requests: 3, responses: "none" };
    const config = parseConfig({
      ...(withListener({ session, receiveBuffer: "64KiB" }) as object),
      limits: { maxFlows: "auto", maxFlowsPerClientIp: 5 },
      shutdown: { grace: "0s" },
    });
    assert.deepEqual(config.listeners[0].session, {
      idleTimeoutMs: 1_500,
      maxLifetimeMs: 0,
      requests: 3,
      responses: 0,
    });
    assert.equal(config.listeners[0].receiveBufferBytes, 65_536);
    assert.deepEqual(config.limits, { maxFlows: 0, maxFlowsPerClientIp: 5, onFull: "drop" });
    assert.equal(config.shutdown.graceMs, 0);
  });

  it("is frozen through and through", () => {
    const config = parseConfig({ listeners: [LISTENER], pools: [POOL] });
    const all: object[] = [config];
    for (const value of all) {
      assert.ok(Object.isFrozen(value), JSON.stringify(value));
      all.push(...Object.values(value).filter((inner) => typeof inner === "object"));
    }
    assert.ok(all.length > 10);
  });

  it("leaves the input alone", () => {
    const input = structuredClone({ listeners: [LISTENER], pools: [POOL] });
    parseConfig(input);
    assert.deepEqual(input, { listeners: [LISTENER], pools: [POOL] });
    assert.ok(!Object.isFrozen(input.listeners));
  });
});

describe("parseConfig: single keys", () => {
  const cases: [string, unknown, string][] = [
    ["nothing", undefined, ": missing, expected a map with listeners and pools"],
    ["a list", [], ": found a list, expected a map with listeners and pools"],
    ["text", "x", ': found "x", expected a map with listeners and pools'],
    ["no pools", { listeners: [LISTENER] }, "pools: missing, expected a list of pools"],
    [
      "an empty list of listeners",
      { listeners: [], pools: [POOL] },
      "listeners: found an empty list, expected at least one listener",
    ],
    [
      "an empty list of backends",
      withPool({ backends: [] }),
      "pools[0].backends: found an empty list, expected at least one backend",
    ],
    [
      "an empty key",
      withListener({ session: { idleTimeout: null } }),
      "listeners[0].session.idleTimeout: found nothing, expected a duration from 1ms to 24h",
    ],
    [
      "a duration without a unit",
      withListener({ session: { idleTimeout: 120 } }),
      "listeners[0].session.idleTimeout: found 120 without a unit, expected a duration from 1ms to 24h",
    ],
    [
      "a duration that is too short",
      withListener({ session: { idleTimeout: "0s" } }),
      'listeners[0].session.idleTimeout: found "0s", expected a duration from 1ms to 24h',
    ],
    [
      "a duration that is too long",
      withListener({ session: { idleTimeout: "25h" } }),
      'listeners[0].session.idleTimeout: found "25h", expected a duration from 1ms to 24h',
    ],
    [
      "none where it is not allowed",
      withListener({ session: { idleTimeout: "none" } }),
      'listeners[0].session.idleTimeout: found "none", expected a duration such as 500ms, 120s, 2m or 1h',
    ],
    [
      "requests 0",
      withListener({ session: { requests: 0 } }),
      "listeners[0].session.requests: found 0, expected none or a whole number from 1 to 1000000",
    ],
    [
      "a size that is too small",
      withListener({ receiveBuffer: "4095B" }),
      'listeners[0].receiveBuffer: found "4095B", expected a size from 4KiB to 1GiB',
    ],
    [
      "a size without a unit",
      withListener({ sendBuffer: 4096 }),
      "listeners[0].sendBuffer: found 4096 without a unit, expected a size from 4KiB to 1GiB",
    ],
    [
      "text for a flag",
      withListener({ ipv6Only: "yes" }),
      'listeners[0].ipv6Only: found "yes", expected true or false',
    ],
    [
      "an address without a port",
      withListener({ address: "127.0.0.1" }),
      'listeners[0].address: cannot read the endpoint "127.0.0.1": expected a port too, such as 127.0.0.1:53',
    ],
    [
      "a name with a slash",
      withListener({ name: "a/b" }),
      'listeners[0].name: found "a/b", expected a name of 1 to 100 letters, digits and . _ - : [ ] %',
    ],
    [
      "an empty name",
      withListener({ name: "" }),
      'listeners[0].name: found "", expected a name of 1 to 100 letters, digits and . _ - : [ ] %',
    ],
    [
      "a misspelt policy",
      withPool({ policy: "leastflows" }),
      'pools[0].policy: found "leastflows", expected one of round-robin, random, least-flows, least-outstanding, maglev; did you mean "least-flows"?',
    ],
    [
      "a number for a policy",
      withPool({ policy: 5 }),
      "pools[0].policy: found 5, expected one of round-robin, random, least-flows, least-outstanding, maglev",
    ],
    [
      "an affinity with a bad prefix",
      withPool({ affinity: "client-ip/33" }),
      'pools[0].affinity: found "client-ip/33", expected none, client, client-ip or client-ip/V4,V6 with prefix lengths 1..32 and 1..128',
    ],
    [
      "a table size that is not prime",
      withPool({ maglevTableSize: 65_536 }),
      "pools[0].maglevTableSize: found 65536, expected a prime number; the next is 65537",
    ],
    [
      "a failover action that is not one",
      withPool({ failover: { removed: "stay" } }),
      'pools[0].failover.removed: found "stay", expected one of move, keep, drop',
    ],
    [
      "a backend that is a number",
      withBackend(5),
      "pools[0].backends[0]: found 5, expected an address or a map with an address",
    ],
    [
      "a backend text that is no address",
      withBackend("localhost:53"),
      'pools[0].backends[0]: cannot read the endpoint "localhost:53": expected an IP address, not a host name',
    ],
    [
      "a backend without an address",
      withBackend({ weight: 1 }),
      "pools[0].backends[0].address: missing, expected an IP address and port such as 192.0.2.1:53 or [2001:db8::1]:53",
    ],
    [
      "a backend on port 0",
      withBackend("127.0.0.1:0"),
      'pools[0].backends[0]: found "127.0.0.1:0", expected a port from 1 to 65535: port 0 cannot be sent to',
    ],
    [
      "a wildcard backend",
      withBackend({ address: "[::]:53" }),
      'pools[0].backends[0].address: found "[::]:53", expected the address of one server: a wildcard cannot be sent to',
    ],
    [
      "a fractional weight",
      withBackend({ address: "127.0.0.1:1", weight: 1.5 }),
      "pools[0].backends[0].weight: found 1.5, expected a whole number from 0 to 65535",
    ],
    [
      "a weight that is too large",
      withBackend({ address: "127.0.0.1:1", weight: 65_536 }),
      "pools[0].backends[0].weight: found 65536, expected a whole number from 0 to 65535",
    ],
    [
      "a weight that is text",
      withBackend({ address: "127.0.0.1:1", weight: "2" }),
      'pools[0].backends[0].weight: found "2", expected a whole number from 0 to 65535',
    ],
    [
      "a misspelt key of a backend",
      withBackend({ address: "127.0.0.1:1", weigth: 1 }),
      'pools[0].backends[0].weigth: unknown key; did you mean "weight"?',
    ],
    [
      "a misspelt key at the top",
      { listeners: [LISTENER], pools: [POOL], limit: {} },
      'limit: unknown key; did you mean "limits"?',
    ],
    [
      "a key unlike any other",
      withListener({ session: { colour: 1 } }),
      "listeners[0].session.colour: unknown key, expected idleTimeout, maxLifetime, requests, responses",
    ],
    [
      "too many flows",
      { listeners: [LISTENER], pools: [POOL], limits: { maxFlows: 1_000_001 } },
      "limits.maxFlows: found 1000001, expected auto or a whole number from 1 to 1000000",
    ],
    [
      "a plane that is not there",
      { listeners: [LISTENER], pools: [POOL], plane: "xdp" },
      'plane: found "xdp", expected one of auto, portable',
    ],
  ];
  for (const [what, input, problem] of cases) {
    it(`refuses ${what}`, () => assert.deepEqual(problemsOf(input), [problem]));
  }

  it("refuses __proto__ as a key", () => {
    const input = JSON.parse(
      '{"__proto__": {"plane": "x"}, "listeners": [{"address": "127.0.0.1:1"}], "pools": [{"backends": ["127.0.0.1:2"]}]}',
    );
    assert.match(problemsOf(input).join(), /^__proto__: unknown key/);
  });
});

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

  it("gives at most 1,000 problems", () => {
    const many = Object.fromEntries(Array.from({ length: 5_000 }, (_, i) => [`key${i}`, 1]));
    assert.equal(problemsOf({ ...many, listeners: [LISTENER], pools: [POOL] }).length, 1_000);
  });
});

describe("parseConfig: listeners that overlap", () => {
  const refused: [string, string | object, string | object, RegExp][] = [
    ["one address twice", "127.0.0.1:53", "127.0.0.1:53", /same as the listener on "127.0.0.1:53"/],
    ["one address in two forms", "[::1]:53", "[0:0::1]:53", /same as/],
    [
      "an IPv4 wildcard and an address",
      "0.0.0.0:53",
      "127.0.0.1:53",
      /a wildcard takes every address, expected another port/,
    ],
    ["an address and an IPv4 wildcard", "127.0.0.1:53", "0.0.0.0:53", /a wildcard takes every address/],
    [
      "an IPv6 wildcard and an IPv6 address",
      { address: "[::]:53", ipv6Only: true },
      "[::1]:53",
      /a wildcard takes/,
    ],
    [
      "both wildcards",
      "0.0.0.0:53",
      "[::]:53",
      /\[::\] takes IPv4 too, expected ipv6Only: true for "\[::\]:53"/,
    ],
    ["both wildcards, the other way round", "[::]:53", "0.0.0.0:53", /expected ipv6Only: true/],
    ["[::] and an IPv4 address", "[::]:53", "127.0.0.1:53", /expected ipv6Only: true/],
  ];
  for (const [what, a, b, message] of refused) {
    it(`refuses ${what}`, () => {
      const problems = problemsOf(withListeners(a, b));
      assert.equal(problems.length, 1, problems.join("\n"));
      assert.match(problems[0], /^listeners\[1\]\.address: /);
      assert.match(problems[0], message);
    });
  }

  const allowed: [string, string | object, string | object][] = [
    ["two ports", "127.0.0.1:53", "127.0.0.1:54"],
    ["two addresses", "127.0.0.1:53", "127.0.0.2:53"],
    ["both wildcards with ipv6Only", "0.0.0.0:53", { address: "[::]:53", ipv6Only: true }],
    ["wildcards on two ports", "0.0.0.0:53", "[::]:54"],
    ["two free ports", { address: "127.0.0.1:0", name: "a" }, { address: "127.0.0.1:0", name: "b" }],
  ];
  for (const [what, a, b] of allowed) {
    it(`allows ${what}`, () => assert.deepEqual(problemsOf(withListeners(a, b)), []));
  }

  it("wants names for two listeners on free ports of one address", () => {
    assert.equal(problemsOf(withListeners("127.0.0.1:0", "127.0.0.1:0")).length, 1);
  });
});

describe("parseConfig: loops", () => {
  const loop = (address: string, backend: string) =>
    problemsOf({ listeners: [{ address }], pools: [{ backends: [backend] }] });

  it("refuses a listener as a backend of its own pool", () => {
    assert.deepEqual(loop("127.0.0.1:53", "127.0.0.1:53"), [
      'pools[0].backends[0]: "127.0.0.1:53" is a listener of this pool and would get its own datagrams for ever, expected the address of a server',
    ]);
  });
  it("refuses a loopback backend on the port of a wildcard listener", () => {
    assert.equal(loop("0.0.0.0:53", "127.0.0.1:53").length, 1);
    assert.equal(loop("[::]:53", "127.0.0.1:53").length, 1);
    assert.equal(loop("[::]:53", "[::1]:53").length, 1);
  });
  it("allows other addresses and ports", () => {
    assert.deepEqual(loop("0.0.0.0:53", "192.0.2.1:53"), []);
    assert.deepEqual(loop("0.0.0.0:53", "127.0.0.1:54"), []);
    assert.deepEqual(loop("0.0.0.0:53", "[::1]:53"), []);
    assert.deepEqual(loop("127.0.0.1:0", "127.0.0.1:53"), []);
  });
  it("allows a listener as a backend of another pool", () => {
    const listeners = [
      { address: "127.0.0.1:1", pool: "a" },
      { address: "127.0.0.1:2", pool: "b" },
    ];
    const pools = [
      { name: "a", backends: ["127.0.0.1:2"] },
      { name: "b", backends: ["127.0.0.1:3"] },
    ];
    assert.deepEqual(problemsOf({ listeners, pools }), []);
  });
});

describe("parseConfig: the short form", () => {
  it("is accepted too", () => {
    const config = parseConfig({ listen: "127.0.0.1:1", backends: ["127.0.0.1:2"], idleTimeout: "3s" });
    assert.equal(config.listeners[0].session.idleTimeoutMs, 3_000);
  });
  it("has problems at the paths that were written, each once", () => {
    const listen = ["127.0.0.1:1", "x"];
    const backends = [{ address: "127.0.0.1:3", weight: -1 }, "127.0.0.1:1"];
    const problems = problemsOf({ listen, backends, idleTimeout: 5, polcy: "maglev", maxFlows: 0 });
    assert.deepEqual(problems.map((problem) => problem.split(":")[0]).sort(), [
      "backends[0].weight",
      "backends[1]",
      "idleTimeout",
      "listen[1]",
      "maxFlows",
      "polcy",
    ]);
  });
  it("reports what is missing", () => {
    assert.deepEqual(problemsOf({ listen: "127.0.0.1:1" }), [
      "backends: missing, expected a list of backends",
    ]);
    assert.match(
      problemsOf({ backends: ["127.0.0.1:1"] }).join(),
      /^listen: missing, expected an IP address/,
    );
    assert.match(
      problemsOf({ listen: [], backends: ["127.0.0.1:1"] }).join(),
      /^listen: found an empty list/,
    );
  });
  it("is not meant where there are listeners or pools", () => {
    const problems = problemsOf({ listeners: [LISTENER], pools: [POOL], backends: [] });
    assert.deepEqual(problems, ["backends: unknown key, expected listeners, pools, limits, shutdown, plane"]);
  });
});

describe("checkConfig", () => {
  it("warns of a pool that no listener uses", () => {
    const pools = [
      { name: "a", ...POOL },
      { name: "b", ...POOL },
    ];
    const { warnings } = checkConfig({ listeners: [{ ...LISTENER, pool: "a" }], pools });
    assert.deepEqual(
      warnings.map(({ path, message }) => [path, message]),
      [["pools[1]", 'no listener uses the pool "b"']],
    );
  });
  it("warns of a pool where no backend takes new keys", () => {
    const backends = [
      { address: "127.0.0.1:1", weight: 0 },
      { address: "127.0.0.1:2", state: "draining" },
    ];
    const { warnings } = checkConfig(withPool({ backends }));
    assert.deepEqual(
      warnings.map(({ path }) => path),
      ["pools[0].backends"],
    );
  });
  it("has no warning for an ordinary config", () => {
    assert.deepEqual(checkConfig({ listeners: [LISTENER], pools: [POOL] }).warnings, []);
  });
  it("asks for the place of a value, or of the key when that is unknown, and sorts by it", () => {
    const asked: unknown[] = [];
    const locate = (path: readonly unknown[], target?: string) => {
      asked.push([...path, target]);
      return { line: target === "key" ? 1 : 2, column: 3 };
    };
    assert.throws(
      () => checkConfig({ listeners: [LISTENER], pools: [POOL], plane: "x", pane: 1 }, locate, "f"),
      (error: ConfigError) =>
        error.message.startsWith("f:1:3: pane: ") && error.message.includes("\nf:2:3: plane: "),
    );
    assert.deepEqual(asked, [
      ["plane", undefined],
      ["pane", "key"],
    ]);
  });
});
