import assert from "node:assert/strict";
import { test } from "node:test";
import { parseEndpoint } from "../core/address.js";
import { headerBytes, makeUpPacket } from "./made-up-packet.js";

const client4 = parseEndpoint("192.0.2.9:5000");
const local4 = parseEndpoint("198.51.100.1:53");
const client6 = parseEndpoint("[2001:db8::9]:5000");
const local6 = parseEndpoint("[2001:db8::1]:53");

/** RFC 1071 over everything: 0xffff when the checksum that is in there fits. */
function sum(...parts: Buffer[]): number {
  let total = 0;
  for (const part of parts) {
    const even = part.length % 2 === 0 ? part : Buffer.concat([part, Buffer.alloc(1)]);
    for (let i = 0; i < even.length; i += 2) total += even.readUInt16BE(i);
  }
  while (total > 0xffff) total = (total & 0xffff) + Math.floor(total / 0x10000);
  return total;
}

function pseudoTail(udp: Buffer): Buffer {
  const tail = Buffer.alloc(4);
  tail.writeUInt16BE(17, 0);
  tail.writeUInt16BE(udp.length, 2);
  return tail;
}

for (const size of [0, 1, 2, 511, 1472, 65_507]) {
  test(`makeUpPacket: IPv4, ${size} bytes: addresses, ports, lengths, both checksums`, () => {
    const bytes = Buffer.from(Array.from({ length: size }, (_, i) => (i * 31 + 7) & 0xff));
    const packet = makeUpPacket(client4, local4, client4, { length: size, bytes });
    const udp = packet.subarray(20);
    assert.equal(packet.length, 28 + size);
    assert.equal(packet.readUInt16BE(2), 28 + size);
    assert.equal(sum(packet.subarray(0, 20)), 0xffff);
    assert.deepEqual([...packet.subarray(12, 20)], [192, 0, 2, 9, 198, 51, 100, 1]);
    assert.deepEqual([udp.readUInt16BE(0), udp.readUInt16BE(2), udp.readUInt16BE(4)], [5000, 53, 8 + size]);
    assert.equal(sum(packet.subarray(12, 20), pseudoTail(udp), udp), 0xffff);
    assert.deepEqual(packet.subarray(28), bytes);
  });
}

test("makeUpPacket: IPv6", () => {
  const bytes = Buffer.from("abc");
  const packet = makeUpPacket(local6, client6, client6, { length: 3, bytes });
  const udp = packet.subarray(40);
  assert.equal(packet.length, headerBytes(client6) + 3);
  assert.deepEqual([packet[0]! >> 4, packet.readUInt16BE(4), packet[6]], [6, 11, 17]);
  assert.equal(packet[8 + 15], 1);
  assert.equal(packet[24 + 15], 9);
  assert.equal(sum(packet.subarray(8, 40), pseudoTail(udp), udp), 0xffff);
});

test("makeUpPacket: an IPv4-mapped client was IPv4 on the wire, whatever the listener is called", () => {
  const mapped = parseEndpoint("[::ffff:192.0.2.9]:5000");
  for (const local of ["[::]:53", "[::ffff:198.51.100.1]:53", "198.51.100.1:53"]) {
    const packet = makeUpPacket(mapped, parseEndpoint(local), mapped, { length: 0, bytes: Buffer.alloc(0) });
    assert.equal(packet[0], 0x45, local);
    assert.deepEqual([...packet.subarray(12, 16)], [192, 0, 2, 9]);
    assert.equal(packet[16], local === "[::]:53" ? 0 : 198, local);
  }
});

test("makeUpPacket: a cut payload has its true length and no checksum", () => {
  const packet = makeUpPacket(client4, local4, client4, { length: 1000, bytes: Buffer.from("begins") });
  assert.equal(packet.length, 34);
  assert.deepEqual(
    [packet.readUInt16BE(2), packet.readUInt16BE(24), packet.readUInt16BE(26)],
    [1028, 1008, 0],
  );
});

test("makeUpPacket: a UDP checksum that comes out as 0 is sent as all ones", () => {
  // The payload makes up for the rest of the sum.
  const zero = makeUpPacket(client4, local4, client4, { length: 2, bytes: Buffer.alloc(2) });
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(zero.readUInt16BE(26));
  const packet = makeUpPacket(client4, local4, client4, { length: 2, bytes });
  assert.equal(packet.readUInt16BE(26), 0xffff);
});
