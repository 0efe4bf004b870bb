import assert from "node:assert/strict";
import { test } from "node:test";
import { parseEndpoint } from "../core/address.js";
import { InheritedSockets } from "./inherited-sockets.js";

test("InheritedSockets: groups by address; what is taken is gone", () => {
  const sockets = new InheritedSockets([
    ["127.0.0.1:53", 3],
    ["[::1]:53", 4],
    ["127.0.0.1:53", 5],
  ]);
  const four = parseEndpoint("127.0.0.1:53");
  assert.equal(sockets.largestGroup, 2);
  assert.deepEqual(sockets.find(four), [3, 5]);
  assert.deepEqual(sockets.take(four), [3, 5]);
  assert.deepEqual(sockets.take(four), []);
  assert.deepEqual(sockets.find(parseEndpoint("[0::1]:53")), [4]);
  assert.deepEqual(sockets.find(parseEndpoint("127.0.0.1:54")), []);
  assert.deepEqual(sockets.addresses, ["[::1]:53"]);
});

test("InheritedSockets: none", () => {
  const sockets = new InheritedSockets();
  assert.equal(sockets.largestGroup, 0);
  assert.deepEqual(sockets.find(parseEndpoint("127.0.0.1:53")), []);
});
