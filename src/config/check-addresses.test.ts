import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { checkAddresses } from "./check-addresses.js";
import { ConfigError } from "./config-error.js";
import { createDraft } from "./draft.js";
import { formatPath } from "./key-path.js";
import { OwnAddresses } from "./own-addresses.js";
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
      'pools[0].backends[0]: "127.0.0.1:53" is the listener "127.0.0.1:53" of the same pool: datagrams would go round for ever, expected the address of a server',
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
  it("allows a listener as a backend of another pool, as long as nothing leads back", () => {
    assert.deepEqual(problemsOf(twoPools("127.0.0.1:2", "127.0.0.1:3")), []);
  });
  it("refuses two listeners that feed each other, at both backends", () => {
    const why = (backend: string) =>
      `"${backend}" is the listener "${backend}", whose pool leads back to this one: datagrams would go round for ever, expected the address of a server`;
    assert.deepEqual(problemsOf(twoPools("127.0.0.1:2", "127.0.0.1:1")), [
      `pools[0].backends[0]: ${why("127.0.0.1:2")}`,
      `pools[1].backends[0]: ${why("127.0.0.1:1")}`,
    ]);
  });
  it("refuses a loop over many pools, and not the way into it", () => {
    const listeners = [1, 2, 3, 4].map((i) => ({ address: `127.0.0.1:${i}`, pool: `p${i}` }));
    const next = ["127.0.0.1:2", "127.0.0.1:3", "127.0.0.1:4", "127.0.0.1:2"];
    const pools = next.map((address, i) => ({ name: `p${i + 1}`, backends: ["192.0.2.1:9", { address }] }));
    const places = problemsOf({ listeners, pools }).map((problem) => problem.split(":")[0]);
    assert.deepEqual(
      places,
      [1, 2, 3].map((i) => `pools[${i}].backends[1].address`),
    );
  });

  const interfaces = {
    eth0: [
      {
        address: "10.77.0.1",
        cidr: "10.77.0.1/24",
        netmask: "",
        mac: "",
        internal: false,
        family: "IPv4" as const,
      },
    ],
  };
  const findOn = (listener: object, backend: string) => {
    const draft = createDraft({ listeners: [listener], pools: [{ backends: [backend] }] });
    return checkAddresses(draft, new OwnAddresses(interfaces)).map(
      ({ path, message }) => `${formatPath(path)}: ${message}`,
    );
  };
  it("refuses an address of this machine with the port of a wildcard listener", () => {
    const why =
      'is an address of this machine and reaches the listener "0.0.0.0:7000" of the same pool: datagrams would go round for ever, expected the address of a server';
    assert.deepEqual(findOn({ address: "0.0.0.0:7000" }, "10.77.0.1:7000"), [
      `pools[0].backends[0]: "10.77.0.1:7000" ${why}`,
    ]);
    assert.equal(findOn({ address: "[::]:7000" }, "10.77.0.1:7000").length, 1);
    assert.equal(findOn({ address: "0.0.0.0:7000" }, "[::ffff:10.77.0.1]:7000").length, 1);
  });
  it("allows other addresses and ports of this machine", () => {
    assert.deepEqual(findOn({ address: "[::]:7000", ipv6Only: true }, "10.77.0.1:7000"), []);
    assert.deepEqual(findOn({ address: "0.0.0.0:7000" }, "10.77.0.2:7000"), []);
    assert.deepEqual(findOn({ address: "0.0.0.0:7000" }, "10.77.0.1:7001"), []);
    assert.deepEqual(findOn({ address: "127.0.0.1:7000" }, "10.77.0.1:7000"), []);
  });
  it("refuses the broadcast address of a network of this machine", () => {
    assert.deepEqual(findOn({ address: "127.0.0.1:7000" }, "10.77.0.255:9"), [
      'pools[0].backends[0]: found "10.77.0.255:9", expected the address of one server: this is the broadcast address of 10.77.0.1/24 on eth0',
    ]);
  });
});

describe("checkAddresses: addresses that are no single host", () => {
  const listening = (address: string) => problemsOf({ listeners: [{ address }], pools: [POOL] });
  const sending = (address: string) =>
    problemsOf({ listeners: [{ address: "127.0.0.1:1" }], pools: [{ backends: [address] }] });
  for (const address of [
    "224.0.0.1:53",
    "239.1.2.3:53",
    "[ff02::1]:53",
    "[ff05::2]:53",
    "[::ffff:239.1.2.3]:53",
  ]) {
    it(`refuses multicast ${address}`, () => {
      assert.deepEqual(listening(address), [
        `listeners[0].address: found "${address}", expected no multicast address: a listener joins no group, so nothing would come`,
      ]);
      assert.deepEqual(sending(address), [
        `pools[0].backends[0]: found "${address}", expected the address of one server: a multicast address is a group of hosts, and replies come from other addresses`,
      ]);
    });
  }
  it("refuses 255.255.255.255 as a backend; a listener gets what is sent there", () => {
    assert.match(sending("255.255.255.255:9").join(), /a broadcast address is every host of a network$/);
    assert.deepEqual(listening("255.255.255.255:9"), []);
  });
  it("refuses wildcards and port 0 as backends", () => {
    assert.match(sending("0.0.0.0:9").join(), /a wildcard cannot be sent to$/);
    assert.match(sending("[::]:9").join(), /a wildcard cannot be sent to$/);
    assert.match(sending("192.0.2.1:0").join(), /port 0 cannot be sent to$/);
  });
  it("allows the addresses beside them", () => {
    for (const address of ["223.255.255.255:9", "240.0.0.1:9", "255.255.255.254:9", "[fec0::1]:9"]) {
      assert.deepEqual(sending(address), [], address);
    }
  });
});

function twoPools(ofA: string, ofB: string): unknown {
  return {
    listeners: [
      { address: "127.0.0.1:1", pool: "a" },
      { address: "127.0.0.1:2", pool: "b" },
    ],
    pools: [
      { name: "a", backends: [ofA] },
      { name: "b", backends: [ofB] },
    ],
  };
}
