/** What the schema says of single keys, found through `parseConfig`. */
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
function withBackend(backend: unknown): unknown {
  return withPool({ backends: [backend] });
}

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
      "a word for unanswered requests that is none",
      withPool({ failover: { unanswered: "drop" } }),
      'pools[0].failover.unanswered: found "drop", expected one of lose, resend',
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
      'plane: found "xdp", expected one of auto, portable, batched',
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
