/**
 * A program that tests start with `HEAP_FLAGS`: prints how many bytes of heap system calls take on their way through
 * `src/linux`, as the batched plane makes them, and what it notes of each. The first case takes some, so that a measurement that sees nothing is noticed.
 */
import { AF_INET, MSG_DONTWAIT } from "#src/linux/constants.js";
import { CONTROL_WORDS } from "#src/linux/control.js";
import { openEpoll } from "#src/linux/epoll.js";
import { loadLibc } from "#src/linux/libc.js";
import { openArena } from "#src/linux/memory.js";
import { createReceiveBatch } from "#src/linux/receive-batch.js";
import { createSendBatch } from "#src/linux/send-batch.js";
import { PORT_WORD, SOCKADDR_WORDS } from "#src/linux/sockaddr.js";
import { openUdpSocket } from "#src/linux/socket.js";
import { SentCopies } from "#src/planes/batched/sent-copies.js";
import { SentLog } from "#src/planes/batched/sent-log.js";
import { bytesEach } from "./heap-growth.js";

const TIMES = 100_000;
const LENGTH = 64;

const libc = loadLibc();
const arena = openArena(libc, (1 << 20) + SentCopies.arenaBytes());
const socket = openUdpSocket(libc, { family: AF_INET, packetInfo: true });
socket.bind({ words: [0, 0, 0xffff, 0x7f000001], scope: 0, port: 0 });
const { words, port } = socket.localAddress();
const epoll = openEpoll(arena, 16);
epoll.add(socket.fd, 1);
// Two of each, as a worker has: what differs between them is no constant to the compiler.
const batches = [0, 1].map(() => ({
  incoming: createReceiveBatch(arena, { slots: 16, bufferBytes: LENGTH }),
  outgoing: createSendBatch(arena, { messages: 2, iovecsPerMessage: 4 }),
}));
const data = arena.allocate(LENGTH);
const name = new Uint32Array(SOCKADDR_WORDS);
const control = new Uint32Array(CONTROL_WORDS);
const kept: unknown[] = [null];

/** Each of two messages leaves as two datagrams. */
function exchangeBatch(time: number): void {
  const { incoming, outgoing } = batches[time & 1];
  for (let message = 0; message < 2; message++) {
    outgoing.reset(message);
    outgoing.append(message, data, LENGTH);
    outgoing.setSegmentSize(message, LENGTH / 2);
    outgoing.setName(message, words, 0, 0, port, AF_INET);
  }
  outgoing.send(socket.fd, 0, 2);
  if (epoll.wait(0) !== 1) throw new Error("nothing came");
  const count = incoming.receive(socket.fd, 16);
  if (count !== 4) throw new Error(`sent 4, received ${count}`);
  for (let slot = 0; slot < count; slot++) {
    incoming.parseControl(slot, control);
    if (!incoming.readName(slot, name, 0) || name[PORT_WORD] !== port) throw new Error("another sender");
  }
}

function exchangeOne(time: number): void {
  const { incoming, outgoing } = batches[time & 1];
  outgoing.reset(0);
  outgoing.append(0, data, LENGTH);
  outgoing.setName(0, words, 0, 0, port, AF_INET);
  outgoing.send(socket.fd, 0, 1);
  if (incoming.receiveOne(socket.fd, time & 15) !== 1) throw new Error("nothing came");
}

const sent = new SentLog(arena.u8, Math.random);
const copies = new SentCopies(arena);
copies.copyFor([0]);

function note(): void {
  copies.begin(sent.note(0, LENGTH, LENGTH, 0, data), 0, 1, LENGTH);
  copies.add(data, LENGTH);
}

const CASES: readonly (readonly [name: string, run: (time: number) => void])[] = [
  ["an array", (time) => kept.splice(0, 1, [time])],
  [
    "recvmmsg, send: failing",
    () => {
      libc.recvmmsg(socket.fd, arena.address, 1, MSG_DONTWAIT, 0);
      libc.send(-1, arena.address + data, 1, MSG_DONTWAIT);
    },
  ],
  ["sendmmsg, epoll_wait, recvmmsg", exchangeBatch],
  ["sendmsg, recv", exchangeOne],
  ["what is noted of a send, and its copy", note],
];
for (const [call, run] of CASES) {
  const bytes = bytesEach(TIMES, () => {
    for (let time = 0; time < TIMES; time++) run(time);
  });
  console.log(JSON.stringify({ call, bytes }));
}
