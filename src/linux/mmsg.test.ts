/** Real messages over loopback: what is sent with a SendBatch must come out of a ReceiveBatch as the kernel made it. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { AF_INET, AF_INET6, MSG_TRUNC } from "./constants.js";
import {
  CONTROL_INTERFACE,
  CONTROL_LOCAL,
  CONTROL_OVERFLOW,
  CONTROL_SEGMENT,
  CONTROL_WORDS,
} from "./control.js";
import { EAGAIN, ECONNREFUSED } from "./errno.js";
import { loadLibc } from "./libc.js";
import { openArena } from "./memory.js";
import { createReceiveBatch, receiveBatchBytes } from "./receive-batch.js";
import { createSendBatch, sendBatchBytes } from "./send-batch.js";
import { PORT_WORD, SOCKADDR_WORDS, type SocketAddress } from "./sockaddr.js";
import { openUdpSocket, type UdpSocketOptions } from "./socket.js";

const skip = process.platform === "linux" ? false : "needs Linux";
const LOCALHOST = { words: [0, 0, 0xffff, 0x7f000001], scope: 0, port: 0 };
const LOCALHOST_6 = { words: [0, 0, 0, 1], scope: 0, port: 0 };
const WILDCARD_6 = { words: [0, 0, 0, 0], scope: 0, port: 0 };

/** A bench of memory and batches, and sockets that close with the test. */
function createBench(t: TestContext, { bufferBytes = 2048, slots = 16 } = {}) {
  const libc = loadLibc();
  const receiving = { slots, bufferBytes };
  const sending = { messages: 8, iovecsPerMessage: 64 };
  const arena = openArena(libc, receiveBatchBytes(receiving) + sendBatchBytes(sending) + 65_536);
  t.after(() => arena.close());
  const open = (options: UdpSocketOptions, address: SocketAddress = LOCALHOST) => {
    const socket = openUdpSocket(libc, options);
    t.after(() => socket.close());
    socket.bind(address);
    return socket;
  };
  const incoming = createReceiveBatch(arena, receiving);
  const outgoing = createSendBatch(arena, sending);
  const data = arena.allocate(65_536 - 64);
  for (let i = 0; i < 65_536 - 64; i++) arena.u8[data + i] = i * 7;
  const bytes = (slot: number) =>
    arena.u8.slice(incoming.dataOffset(slot), incoming.dataOffset(slot) + incoming.length(slot));
  return { arena, incoming, outgoing, data, open, bytes, control: new Uint32Array(CONTROL_WORDS) };
}

test("SendBatch, ReceiveBatch: several datagrams in one call each, with their sender", { skip }, (t) => {
  const { arena, incoming, outgoing, data, open, bytes } = createBench(t);
  const [sender, receiver] = [open({ family: AF_INET }), open({ family: AF_INET })];
  const to = receiver.localAddress();
  const lengths = [0, 1, 100, 2000];
  for (const [message, length] of lengths.entries()) {
    outgoing.reset(message);
    assert.ok(outgoing.append(message, data + message, length));
    assert.ok(outgoing.setName(message, to.words, 0, 0, to.port, AF_INET));
    assert.equal(outgoing.bytes(message), length);
  }
  assert.equal(outgoing.send(sender.fd, 0, 4), 4);
  assert.equal(incoming.receive(receiver.fd, 16), 4);
  const name = new Uint32Array(SOCKADDR_WORDS);
  for (const [slot, length] of lengths.entries()) {
    assert.deepEqual(bytes(slot), arena.u8.slice(data + slot, data + slot + length));
    assert.ok(incoming.readName(slot, name, 0));
    assert.deepEqual([...name], [...LOCALHOST.words, 0, sender.localAddress().port]);
  }
  assert.equal(incoming.receive(receiver.fd, 16), -EAGAIN);
});

test("SendBatch: answers from a received name without reading it, and sends from the middle", {
  skip,
}, (t) => {
  const { incoming, outgoing, data, open } = createBench(t);
  const [client, server] = [open({ family: AF_INET }), open({ family: AF_INET })];
  client.connect(server.localAddress());
  outgoing.reset(3);
  outgoing.append(3, data, 5);
  assert.equal(outgoing.send(client.fd, 3, 1), 1);
  assert.equal(incoming.receive(server.fd, 1), 1);
  for (const message of [4, 5]) {
    outgoing.reset(message);
    outgoing.append(message, incoming.dataOffset(0), incoming.length(0));
    outgoing.setNameAt(message, incoming.nameOffset(0), incoming.nameLength(0));
  }
  assert.equal(outgoing.send(server.fd, 4, 2), 2);
  assert.equal(incoming.receive(client.fd, 16), 2);
});

test("SendBatch.append: gathers pieces and refuses one too many", { skip }, (t) => {
  const { incoming, outgoing, arena, data, open, bytes } = createBench(t);
  const receiver = open({ family: AF_INET });
  const to = receiver.localAddress();
  outgoing.reset(0);
  for (let i = 63; i >= 0; i--) assert.ok(outgoing.append(0, data + i, 1));
  assert.equal(outgoing.append(0, data, 1), false);
  assert.equal(outgoing.pieces(0), 64);
  outgoing.setName(0, to.words, 0, 0, to.port, AF_INET);
  assert.equal(outgoing.send(receiver.fd, 0, 1), 1);
  assert.equal(incoming.receive(receiver.fd, 1), 1);
  assert.deepEqual(bytes(0), arena.u8.slice(data, data + 64).reverse());
});

test("ReceiveBatch: shortened names and control lengths are put back between calls", { skip }, (t) => {
  const { incoming, outgoing, data, open, control } = createBench(t, { slots: 4 });
  const receiver = open({ family: AF_INET, packetInfo: true });
  const to = receiver.localAddress();
  const name = new Uint32Array(SOCKADDR_WORDS);
  for (const [count, max, first] of [
    [4, 4, 0],
    [1, 1, 0],
    [2, 2, 2],
    [3, 4, 0],
    [4, 4, 0],
    [1, 4, 3],
  ]) {
    for (let i = 0; i < count; i++) {
      outgoing.reset(i);
      outgoing.append(i, data, 10 + i);
      outgoing.setName(i, to.words, 0, 0, to.port, AF_INET);
    }
    assert.equal(outgoing.send(receiver.fd, 0, count), count);
    assert.equal(incoming.receive(receiver.fd, max, undefined, first), count);
    for (let slot = first; slot < first + count; slot++) {
      assert.equal(incoming.length(slot), 10 + slot - first);
      assert.ok(incoming.readName(slot, name, 0));
      assert.equal(name[PORT_WORD], to.port);
      incoming.parseControl(slot, control);
      assert.equal(control[CONTROL_LOCAL + 3], 0x7f000001);
    }
  }
});

test("ReceiveBatch.receiveOne: one datagram in a slot, between batches that have sender and control messages", {
  skip,
}, (t) => {
  const { incoming, outgoing, data, open, bytes, arena } = createBench(t);
  const [sender, receiver] = [open({ family: AF_INET }), open({ family: AF_INET, packetInfo: true })];
  const to = receiver.localAddress();
  const send = (length: number) => {
    outgoing.reset(0);
    outgoing.append(0, data + length, length);
    outgoing.setName(0, to.words, 0, 0, to.port, AF_INET);
    assert.equal(outgoing.send(sender.fd, 0, 1), 1);
  };
  for (const length of [0, 1, 2000]) {
    for (let i = 0; i < 3; i++) send(length);
    assert.equal(incoming.receiveOne(receiver.fd, 2), 1);
    assert.deepEqual([incoming.hasControl(2), incoming.nameLength(2)], [false, 0]);
    assert.deepEqual(bytes(2), arena.u8.slice(data + length, data + length * 2));
    assert.equal(incoming.receive(receiver.fd, 16, undefined, 1), 2);
    for (const slot of [1, 2]) {
      assert.equal(incoming.length(slot), length);
      assert.ok(incoming.hasControl(slot) && incoming.nameLength(slot) > 0);
    }
    assert.equal(incoming.receiveOne(receiver.fd, 0), -EAGAIN);
  }
});

test("ReceiveBatch.flags: say when a datagram was longer than its buffer", { skip }, (t) => {
  const { incoming, outgoing, data, open } = createBench(t, { bufferBytes: 100 });
  const receiver = open({ family: AF_INET });
  receiver.connect(receiver.localAddress());
  for (const [message, length] of [100, 101].entries()) {
    outgoing.reset(message);
    outgoing.append(message, data, length);
  }
  assert.equal(outgoing.send(receiver.fd, 0, 2), 2);
  assert.equal(incoming.receive(receiver.fd, 2), 2);
  assert.deepEqual([incoming.length(0), incoming.flags(0) & MSG_TRUNC], [100, 0]);
  assert.deepEqual([incoming.length(1), incoming.flags(1) & MSG_TRUNC], [100, MSG_TRUNC]);
});

test("UDP_SEGMENT, UDP_GRO: one message in, many datagrams or one message out", { skip }, (t) => {
  const { arena, incoming, outgoing, data, open, bytes, control } = createBench(t, {
    bufferBytes: 65_535,
    slots: 8,
  });
  const plain = open({ family: AF_INET });
  const gro = open({ family: AF_INET, gro: true });
  const sender = open({ family: AF_INET });
  for (const receiver of [plain, gro]) {
    const to = receiver.localAddress();
    outgoing.reset(0);
    for (let i = 0; i < 5; i++) outgoing.append(0, data + i * 1000, i < 4 ? 1000 : 10);
    outgoing.setSegmentSize(0, 1000);
    outgoing.setName(0, to.words, 0, 0, to.port, AF_INET);
    assert.equal(outgoing.send(sender.fd, 0, 1), 1);
  }
  assert.equal(incoming.receive(plain.fd, 8), 5);
  assert.deepEqual(
    [0, 1, 2, 3, 4].map((slot) => incoming.length(slot)),
    [1000, 1000, 1000, 1000, 10],
  );
  assert.deepEqual(bytes(4), arena.u8.slice(data + 4000, data + 4010));
  incoming.parseControl(0, control);
  assert.equal(control[CONTROL_SEGMENT], 0);

  assert.equal(incoming.receive(gro.fd, 8), 1);
  assert.equal(incoming.length(0), 4010);
  assert.deepEqual(bytes(0), arena.u8.slice(data, data + 4010));
  incoming.parseControl(0, control);
  assert.equal(control[CONTROL_SEGMENT], 1000);
});

test("packet info: the local address of a wildcard socket, and sending from it", { skip }, (t) => {
  const { incoming, outgoing, data, open, control } = createBench(t);
  const server = open({ family: AF_INET, packetInfo: true }, { words: [0, 0, 0xffff, 0], scope: 0, port: 0 });
  const client = open({ family: AF_INET });
  const { port } = server.localAddress();
  const asked = [0, 0, 0xffff, 0x7f000207]; // 127.0.2.7
  outgoing.reset(0);
  outgoing.append(0, data, 8);
  outgoing.setName(0, asked, 0, 0, port, AF_INET);
  assert.equal(outgoing.send(client.fd, 0, 1), 1);
  assert.equal(incoming.receive(server.fd, 1), 1);
  incoming.parseControl(0, control);
  assert.deepEqual([...control.subarray(CONTROL_LOCAL)], asked);
  assert.equal(control[CONTROL_INTERFACE], 1); // lo
  outgoing.reset(0);
  outgoing.append(0, data, 8);
  outgoing.setNameAt(0, incoming.nameOffset(0), incoming.nameLength(0));
  outgoing.setSource(0, control, CONTROL_LOCAL, 0, AF_INET);
  assert.equal(outgoing.send(server.fd, 0, 1), 1);
  assert.equal(incoming.receive(client.fd, 1), 1);
  const name = new Uint32Array(SOCKADDR_WORDS);
  incoming.readName(0, name, 0);
  assert.deepEqual([...name], [...asked, 0, port]);
});

test("packet info: a dual-stack socket answers IPv6, and IPv4 in its mapped form, GSO included", {
  skip,
}, (t) => {
  const { incoming, outgoing, data, open, control } = createBench(t);
  const server = open({ family: AF_INET6, packetInfo: true, countOverflow: true }, WILDCARD_6);
  const { port } = server.localAddress();
  const mapped = { words: [0, 0, 0xffff, 0x7f000305], scope: 0, port: 0 };
  for (const [family, own, asked] of [
    [AF_INET, LOCALHOST, mapped],
    [AF_INET6, LOCALHOST_6, LOCALHOST_6],
  ] as const) {
    const client = open({ family, ipv6Only: family === AF_INET6 }, own);
    outgoing.reset(0);
    outgoing.append(0, data, 8);
    outgoing.setName(0, asked.words, 0, 0, port, family);
    assert.equal(outgoing.send(client.fd, 0, 1), 1);
    assert.equal(incoming.receive(server.fd, 1), 1);
    incoming.parseControl(0, control);
    assert.deepEqual([...control.subarray(CONTROL_LOCAL)], asked.words);
    const name = new Uint32Array(SOCKADDR_WORDS);
    incoming.readName(0, name, 0);
    assert.deepEqual([...name], [...own.words, 0, client.localAddress().port]);
    outgoing.reset(0);
    outgoing.append(0, data, 24);
    outgoing.setSegmentSize(0, 8);
    outgoing.setSource(0, control, CONTROL_LOCAL, 0, AF_INET6);
    outgoing.setName(0, name, 0, 0, name[PORT_WORD], AF_INET6);
    assert.equal(outgoing.send(server.fd, 0, 1), 1);
    assert.equal(incoming.receive(client.fd, 16), 3);
    incoming.readName(2, name, 0);
    assert.deepEqual([...name], [...asked.words, 0, port]);
  }
});

test("SO_RXQ_OVFL: counts what did not fit the socket's buffer", { skip }, (t) => {
  const { incoming, outgoing, data, open, control } = createBench(t);
  const receiver = open({ family: AF_INET, countOverflow: true });
  receiver.setOption("SO_RCVBUF", 4096);
  const to = receiver.localAddress();
  const sendOne = () => {
    outgoing.reset(0);
    outgoing.append(0, data, 1000);
    outgoing.setName(0, to.words, 0, 0, to.port, AF_INET);
    assert.equal(outgoing.send(receiver.fd, 0, 1), 1);
  };
  for (let i = 0; i < 100; i++) sendOne();
  let kept = 0;
  for (let count = incoming.receive(receiver.fd, 16); count > 0; count = incoming.receive(receiver.fd, 16))
    kept += count;
  sendOne(); // the count travels with the next message that is kept
  assert.equal(incoming.receive(receiver.fd, 1), 1);
  incoming.parseControl(0, control);
  assert.ok(kept < 100);
  assert.equal(control[CONTROL_OVERFLOW], 100 - kept);
});

test("a connected socket: a closed port comes back as ECONNREFUSED on the next call", { skip }, (t) => {
  const { incoming, outgoing, data, open } = createBench(t);
  const gone = open({ family: AF_INET });
  const client = open({ family: AF_INET });
  client.connect(gone.localAddress());
  gone.close();
  outgoing.reset(0);
  outgoing.append(0, data, 8);
  assert.equal(outgoing.send(client.fd, 0, 1), 1);
  assert.equal(incoming.receive(client.fd, 1), -ECONNREFUSED);
  assert.equal(incoming.receive(client.fd, 1), -EAGAIN);
});

test("names off and no control messages: the message still arrives", { skip }, (t) => {
  const { arena, outgoing, data, open, control } = createBench(t);
  const bare = createReceiveBatch(arena, { slots: 1, bufferBytes: 64, names: false, controlBytes: 0 });
  const receiver = open({ family: AF_INET, packetInfo: true });
  receiver.connect(receiver.localAddress());
  outgoing.reset(0);
  outgoing.append(0, data, 8);
  outgoing.send(receiver.fd, 0, 1);
  assert.equal(bare.receive(receiver.fd, 1), 1);
  assert.equal(bare.length(0), 8);
  assert.equal(bare.nameLength(0), 0);
  assert.equal(bare.readName(0, new Uint32Array(SOCKADDR_WORDS), 0), false);
  control.fill(9);
  bare.parseControl(0, control);
  assert.ok(control.every((word) => word === 0));
});
