import assert from "node:assert/strict";
import { test } from "node:test";
import { AF_INET, AF_INET6 } from "./constants.js";
import { describeAddress, readSockaddr, SOCKADDR_WORDS, writeSockaddr } from "./sockaddr.js";

const LOCALHOST = [0, 0, 0xffff, 0x7f000001];
const DOCUMENTATION = [0x20010db8, 0, 0, 0x80000001];

function createViews() {
  const buffer = new ArrayBuffer(64);
  return { u8: new Uint8Array(buffer), u16: new Uint16Array(buffer), u32: new Uint32Array(buffer) };
}

test("writeSockaddr: sockaddr_in as the kernel has it", () => {
  const views = createViews();
  assert.equal(writeSockaddr(views, 8, LOCALHOST, 0, 0, 0x1234, AF_INET), 16);
  assert.deepEqual([...views.u8.subarray(8, 24)], [2, 0, 0x12, 0x34, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
});

test("writeSockaddr: an AF_INET6 socket gets IPv4 in its mapped form", () => {
  const views = createViews();
  assert.equal(writeSockaddr(views, 0, LOCALHOST, 0, 0, 53, AF_INET6), 28);
  const address = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 127, 0, 0, 1];
  assert.deepEqual([...views.u8.subarray(0, 28)], [10, 0, 0, 53, 0, 0, 0, 0, ...address, 0, 0, 0, 0]);
});

test("writeSockaddr: an AF_INET socket cannot have an IPv6 address", () => {
  assert.equal(writeSockaddr(createViews(), 0, DOCUMENTATION, 0, 0, 53, AF_INET), 0);
});

test("readSockaddr: gives back what was written, scope and port too", () => {
  const views = createViews();
  const out = new Uint32Array(SOCKADDR_WORDS + 1);
  const length = writeSockaddr(views, 4, [9, ...DOCUMENTATION], 1, 0xfffffffe, 65535, AF_INET6);
  assert.ok(readSockaddr(views, 4, length, out, 1));
  assert.deepEqual([...out], [0, ...DOCUMENTATION, 0xfffffffe, 65535]);
  assert.ok(readSockaddr(views, 4, writeSockaddr(views, 4, LOCALHOST, 0, 7, 1, AF_INET), out, 0));
  assert.deepEqual([...out.subarray(0, 6)], [...LOCALHOST, 0, 1]);
});

test("readSockaddr: refuses short and unknown ones and leaves out alone", () => {
  const views = createViews();
  const out = new Uint32Array(SOCKADDR_WORDS).fill(7);
  writeSockaddr(views, 0, DOCUMENTATION, 0, 0, 53, AF_INET6);
  assert.equal(readSockaddr(views, 0, 27, out, 0), false);
  assert.equal(readSockaddr(views, 0, 0, out, 0), false);
  views.u16[0] = 1; // AF_UNIX
  assert.equal(readSockaddr(views, 0, 28, out, 0), false);
  assert.ok(out.every((word) => word === 7));
});

test("describeAddress: both families", () => {
  assert.equal(describeAddress({ words: LOCALHOST, scope: 0, port: 53 }), "127.0.0.1:53");
  assert.equal(describeAddress({ words: [0, 0, 0xffff, -1 >>> 0], scope: 0, port: 0 }), "255.255.255.255:0");
  assert.equal(describeAddress({ words: DOCUMENTATION, scope: 3, port: 1 }), "[2001:db8:0:0:0:0:8000:1%3]:1");
});
