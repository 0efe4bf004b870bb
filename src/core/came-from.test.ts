import assert from "node:assert/strict";
import { test } from "node:test";
import { parseEndpoint } from "./address.js";
import { cameFrom } from "./came-from.js";

for (const [endpoint, address, port, expected] of [
  ["127.0.0.1:53", "127.0.0.1", 53, true],
  ["127.0.0.1:53", "::ffff:127.0.0.1", 53, true],
  ["127.0.0.1:53", "127.0.0.1", 54, false],
  ["127.0.0.1:53", "127.0.0.2", 53, false],
  ["[fe80::1%eth0]:53", "fe80::1%eth0", 53, true],
  ["[2001:db8::1]:53", "2001:db8::2", 53, false],
  ["127.0.0.1:53", "no address", 53, false],
] as const)
  test(`cameFrom: ${address} port ${port} is ${expected ? "" : "not "}${endpoint}`, () =>
    assert.equal(cameFrom({ address, port }, parseEndpoint(endpoint)), expected));
