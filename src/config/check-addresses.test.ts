import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ConfigError } from "./config-error.js";
import { parseConfig } from "./parse-config.js";

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

function withListeners(...addresses: (string | object)[]): unknown {
  const listeners = addresses.map((address) => (typeof address === "string" ? { address } : address));
  return { listeners, pools: [POOL] };
}

describe("checkAddresses: listeners that overlap", () => {
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

  it("names two listeners on free ports of one address apart", () => {
    const { listeners } = parseConfig(withListeners("127.0.0.1:0", "127.0.0.1:0", "[::1]:0", "127.0.0.1:0"));
    assert.deepEqual(
      listeners.map(({ name }) => name),
      ["127.0.0.1:0", "127.0.0.1:0#2", "[::1]:0", "127.0.0.1:0#3"],
    );
  });
});

describe("checkAddresses: loops", () => {
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
