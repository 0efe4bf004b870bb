/** Real refusals over loopback: what the kernel keeps of a datagram that nobody took. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { AF_INET, AF_INET6, MSG_DONTWAIT } from "./constants.js";
import { EAGAIN, ECONNREFUSED, EMSGSIZE } from "./errno.js";
import { createErrorQueue, errorQueueBytes, IS_IPV6, icmpOf, NO_ERROR } from "./error-queue.js";
import { probeFeatures } from "./features.js";
import { loadLibc } from "./libc.js";
import { openArena } from "./memory.js";
import { createSendBatch, sendBatchBytes } from "./send-batch.js";
import type { AddressFamily } from "./sockaddr.js";
import { openUdpSocket } from "./socket.js";

const skip = process.platform === "linux" ? false : "needs Linux";
const LOCALHOST = { words: [0, 0, 0xffff, 0x7f000001], scope: 0, port: 0 };
const LOCALHOST_6 = { words: [0, 0, 0, 1], scope: 0, port: 0 };
const DATA_BYTES = 65_536;

/** A socket connected to a port that was just closed. */
function createBench(t: TestContext, family: AddressFamily = AF_INET) {
  const libc = loadLibc();
  const sending = { messages: 1, iovecsPerMessage: 1 };
  const arena = openArena(libc, errorQueueBytes() + sendBatchBytes(sending) + DATA_BYTES + 4096);
  t.after(() => arena.close());
  const closed = openUdpSocket(libc, { family });
  closed.bind(family === AF_INET ? LOCALHOST : LOCALHOST_6);
  const socket = openUdpSocket(libc, { family, receiveErrors: true });
  t.after(() => socket.close());
  socket.connect(closed.localAddress());
  closed.close();
  const data = arena.allocate(DATA_BYTES);
  for (let i = 0; i < DATA_BYTES; i++) arena.u8[data + i] = i * 7;
  const queue = createErrorQueue(arena);
  const quote = (slot: number) =>
    arena.u8.slice(queue.dataOffset(slot), queue.dataOffset(slot) + queue.length(slot));
  const send = (bytes: number, offset = 0) =>
    libc.send(socket.fd, arena.address + data + offset, bytes, MSG_DONTWAIT);
  return { libc, arena, data, queue, quote, send, fd: socket.fd, batch: createSendBatch(arena, sending) };
}

for (const [family, mostQuoted] of [
  [AF_INET, 520],
  [AF_INET6, 1184],
] as const) {
  const name = family === AF_INET ? "IPv4" : "IPv6";
  test(`ErrorQueue, ${name}: datagrams come back whole up to ${mostQuoted} bytes, cut above`, {
    skip,
  }, (t) => {
    const { arena, data, queue, quote, send, fd } = createBench(t, family);
    for (const bytes of [0, 1, 500, 520, 1400]) {
      assert.equal(send(bytes), bytes);
      assert.equal(queue.receive(fd), 1);
      assert.equal(queue.icmpOf(0), family === AF_INET ? 0x0303 : IS_IPV6 | 0x0104);
      assert.ok(!queue.isTruncated(0));
      const quoted = Math.min(bytes, mostQuoted);
      assert.deepEqual(quote(0), arena.u8.slice(data, data + quoted), `${bytes} bytes`);
      assert.equal(queue.receive(fd), -EAGAIN);
    }
  });

  test(`ErrorQueue, ${name}: a burst is refused as a whole, and comes back as one`, { skip }, (t) => {
    const { libc, arena, data, queue, quote, batch, fd } = createBench(t, family);
    if (probeFeatures(libc).maxSegments < 2) return t.skip("no UDP_SEGMENT");
    batch.reset(0);
    batch.append(0, data, 450);
    batch.setSegmentSize(0, 100);
    assert.equal(batch.send(fd, 0, 1), 1);
    assert.equal(queue.receive(fd), 1);
    assert.deepEqual(quote(0), arena.u8.slice(data, data + 450));
  });
}

test("ErrorQueue: several in order; reading them takes the pending error away", { skip }, (t) => {
  const { arena, data, queue, quote, send, fd } = createBench(t);
  assert.equal(send(10), 10);
  for (let i = 1; i < 5; i++) {
    assert.equal(send(10, i), -ECONNREFUSED, "each send tells of the one before, and does not leave");
    assert.equal(send(10, i), 10);
  }
  assert.equal(queue.receive(fd), 5);
  for (let i = 0; i < 5; i++) assert.deepEqual(quote(i), arena.u8.slice(data + i, data + i + 10));
  assert.equal(send(0), 0);
});

test("ErrorQueue: more than its slots come in several reads", { skip }, (t) => {
  const { queue, send, fd } = createBench(t);
  for (let i = 0; i < queue.slots + 3; i++) if (send(1) < 0) send(1);
  assert.deepEqual([queue.receive(fd), queue.receive(fd), queue.receive(fd)], [queue.slots, 3, -EAGAIN]);
});

test("ErrorQueue: what this host itself refuses to send is no refusal", { skip }, (t) => {
  const { queue, send, fd } = createBench(t, AF_INET6);
  assert.equal(send(DATA_BYTES), -EMSGSIZE);
  assert.equal(queue.receive(fd), 1);
  assert.equal(queue.icmpOf(0), NO_ERROR);
});

test("icmpOf: only ICMP errors, in whatever place", () => {
  const error = (origin: number, level = 0, type = 11) => [
    32,
    0,
    level,
    type,
    ECONNREFUSED,
    0x0a0300 | origin,
    0,
    0,
  ];
  const overflow = [20, 0, 1, 40, 9, 0];
  const of = (...words: number[]) => icmpOf(Uint32Array.from(words), 0, words.length * 4);
  assert.equal(of(...error(2)), 0x030a);
  assert.equal(of(...overflow, ...error(3, 41, 25)), IS_IPV6 | 0x030a);
  assert.equal(of(...error(1)), NO_ERROR, "local");
  assert.equal(of(...error(2, 41, 11)), NO_ERROR, "another option");
  assert.equal(of(...error(2).slice(0, 7)), NO_ERROR, "cut off");
  assert.equal(of(31, ...error(2).slice(1)), NO_ERROR, "too short for an error");
});
