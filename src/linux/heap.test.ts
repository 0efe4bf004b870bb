/** The packet path must leave nothing for the garbage collector: neither on the heap nor collected meanwhile. */
import assert from "node:assert/strict";
import { PerformanceObserver } from "node:perf_hooks";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { AF_INET, MSG_DONTWAIT, SOCK_DGRAM } from "./constants.js";
import { CONTROL_WORDS } from "./control.js";
import { loadLibc } from "./libc.js";
import { openArena } from "./memory.js";
import { createReceiveBatch } from "./receive-batch.js";
import { createSendBatch } from "./send-batch.js";
import { PORT_WORD, SOCKADDR_WORDS } from "./sockaddr.js";
import { openUdpSocket } from "./socket.js";

const skip = process.platform === "linux" ? false : "needs Linux";
const LOCALHOST = { words: [0, 0, 0xffff, 0x7f000001], scope: 0, port: 0 };

/** Bytes that `times` calls leave on the heap; Infinity when so much came together that it was collected. */
async function heapGrowth(times: number, call: () => void): Promise<number> {
  let collections = 0;
  const observer = new PerformanceObserver((list) => {
    collections += list.getEntries().length;
  });
  for (let i = 0; i < 20_000; i++) call(); // let the compiler settle
  await sleep(50);
  observer.observe({ entryTypes: ["gc"] });
  const before = process.memoryUsage().heapUsed;
  for (let i = 0; i < times; i++) call();
  const grown = process.memoryUsage().heapUsed - before;
  await sleep(20); // entries are delivered later
  observer.disconnect();
  return collections > 0 ? Number.POSITIVE_INFINITY : grown;
}

/**
 * Retried for up to 20 s: code that is not compiled for good yet puts numbers on the heap, and on a busy machine the
 * compiler takes its time. A call that allocates by itself does so in every attempt.
 */
async function assertNoGrowth(times: number, bytes: number, call: () => void): Promise<void> {
  const untilMs = performance.now() + 20_000;
  let least = Number.POSITIVE_INFINITY;
  do {
    least = Math.min(least, await heapGrowth(times, call));
  } while (least >= bytes && performance.now() < untilMs);
  assert.ok(least < bytes, `${times} calls left ${least} bytes on the heap, expected less than ${bytes}`);
}

function openBench(t: TestContext) {
  const libc = loadLibc();
  const arena = openArena(libc, 1 << 20);
  t.after(() => arena.close());
  return { libc, arena };
}

test("heapGrowth: sees sixteen bytes a call", { skip }, async () => {
  const kept: unknown[] = [null];
  const grown = await heapGrowth(100_000, () => {
    kept[0] = [kept.length];
  });
  assert.ok(grown > 1_600_000, `${grown}`);
});

test("Libc: 100,000 calls leave nothing on the heap", { skip }, async (t) => {
  const { libc, arena } = openBench(t);
  const fd = libc.socket(AF_INET, SOCK_DGRAM, 0);
  await assertNoGrowth(100_000, 200_000, () => {
    libc.recvmmsg(fd, arena.address, 1, MSG_DONTWAIT, 0);
  });
  libc.close(fd);
});

test("SendBatch, ReceiveBatch: 200,000 datagrams sent, received and read leave nothing", {
  skip,
}, async (t) => {
  const { libc, arena } = openBench(t);
  // Two of each, as a worker has: what differs between them is no constant to the compiler.
  const batches = [0, 1].map(() => ({
    incoming: createReceiveBatch(arena, { slots: 16, bufferBytes: 64 }),
    outgoing: createSendBatch(arena, { messages: 2, iovecsPerMessage: 4 }),
  }));
  const data = arena.allocate(64);
  const socket = openUdpSocket(libc, { family: AF_INET, packetInfo: true });
  t.after(() => socket.close());
  socket.bind(LOCALHOST);
  const { words, port } = socket.localAddress();
  const name = new Uint32Array(SOCKADDR_WORDS);
  const control = new Uint32Array(CONTROL_WORDS);
  let lost = 0;
  let calls = 0;
  await assertNoGrowth(50_000, 200_000, () => {
    const { incoming, outgoing } = batches[calls++ & 1];
    for (let message = 0; message < 2; message++) {
      outgoing.reset(message);
      outgoing.append(message, data, 64);
      outgoing.setSegmentSize(message, 32);
      outgoing.setName(message, words, 0, 0, port, AF_INET);
    }
    outgoing.send(socket.fd, 0, 2);
    const count = incoming.receive(socket.fd, 16);
    lost += 4 - count;
    for (let slot = 0; slot < count; slot++) {
      incoming.parseControl(slot, control);
      if (!incoming.readName(slot, name, 0) || name[PORT_WORD] !== port) lost++;
    }
  });
  assert.equal(lost, 0);
});
