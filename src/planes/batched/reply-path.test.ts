/** The reply path with real flow sockets over loopback: what may count as a reply of a flow's backend. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { createCounters, LISTENER, listenerAt } from "../../core/counters.js";
import { Forwarder } from "../../core/forwarder.js";
import { buildBackend, buildPool, buildSnapshot } from "../../core/snapshot-builder.testing.js";
import { Taps } from "../../core/taps.js";
import { reasonNumber } from "../../core/verdict.js";
import { AF_INET, AF_INET6 } from "../../linux/constants.js";
import { epollBytes, openEpoll } from "../../linux/epoll.js";
import { type Libc, loadLibc } from "../../linux/libc.js";
import { openArena } from "../../linux/memory.js";
import { receiveBatchBytes } from "../../linux/receive-batch.js";
import {
  type AddressFamily,
  SOCKADDR_SLOT_BYTES,
  type SocketAddress,
  writeSockaddr,
} from "../../linux/sockaddr.js";
import { adoptUdpSocket, openUdpSocket, type UdpSocket } from "../../linux/socket.js";
import { DestinationLimits } from "./destination-limits.js";
import { REPLY_SLOTS, ReplyPath } from "./reply-path.js";
import { SLOT_BYTES } from "./request-path.js";
import { Scopes } from "./scopes.js";
import { Upstreams } from "./upstreams.js";

const skip = process.platform === "linux" ? false : "needs Linux";
const LOCALHOST: SocketAddress = { words: [0, 0, 0xffff, 0x7f000001], scope: 0, port: 0 };
const LOCALHOST_6: SocketAddress = { words: [0, 0, 0, 1], scope: 0, port: 0 };

/** A listener, a backend and a client's flow between them; `beforeConnect` gets the flow's socket with a port and no peer. */
function openBench(t: TestContext, local: SocketAddress, beforeConnect: (send: Send, port: number) => void) {
  const family = local === LOCALHOST ? AF_INET : AF_INET6;
  const real = loadLibc();
  const open = () => {
    const socket = openUdpSocket(real, { family });
    t.after(() => socket.close());
    socket.bind(local);
    return socket;
  };
  const [listener, backend, client, stranger] = [open(), open(), open(), open()];
  const sender =
    (from: UdpSocket): Send =>
    (text, port) =>
      assert.equal(
        real.sendto(from.fd, Buffer.from(text), text.length, 0, ...sockaddr(local, port, family)),
        text.length,
      );
  let flowPort = 0;
  const connect: Libc["connect"] = (fd, address, length) => {
    const socket = adoptUdpSocket(real, fd, { family });
    socket.bind(local);
    flowPort = socket.localAddress().port;
    socket.close();
    beforeConnect(sender(stranger), flowPort);
    return real.connect(fd, address, length);
  };
  const bytes = receiveBatchBytes({ slots: REPLY_SLOTS, bufferBytes: SLOT_BYTES }) + Upstreams.arenaBytes();
  const arena = openArena({ ...real, connect }, bytes + epollBytes(8) + 4 * 2 ** 20);
  t.after(() => arena.close());
  const epoll = openEpoll(arena, 8);
  t.after(() => epoll.close());
  const descriptors = new Int32Array(8);
  const upstreams = new Upstreams({ arena, epoll, descriptors, gro: false, late: () => {} });
  t.after(() => upstreams.closeAll());
  const { port } = backend.localAddress();
  upstreams.setBackend(0, local.words, 0, port, family);
  let upstream = -1;
  const openUpstream = (flow: number) => {
    upstream = upstreams.take(flow, 0, 0);
    return Math.min(0, upstream);
  };
  const pools = [buildPool({ backends: [buildBackend(0)] })];
  const counters = createCounters();
  const forwarder = new Forwarder(buildSnapshot({ pools }), {
    host: { openUpstream, closeUpstream() {} },
    ...{ counters, random: Math.random, seed: 1 },
  });
  const listeners = [
    { slot: 0, fd: listener.fd, family, wildcard: false, dropped: 0, overflow: 0, receiving: true, turn: -2 },
  ];
  const path = new ReplyPath({
    ...{ arena, forwarder, counters, upstreams, listeners, scopes: new Scopes(1), taps: new Taps(0) },
    ...{ limits: new DestinationLimits(false, 1, () => {}), maxSegments: 1 },
  });
  forwarder.key.set([...Array.from(local.words), 0, client.localAddress().port]);
  assert.ok(forwarder.fromClient(0, 1, 0) >= 0);
  const reply = (text: string) => sender(backend)(text, flowPort);
  const received = () => {
    const data = new Uint8Array(100);
    const length = real.read(client.fd, data, data.length);
    return length < 0 ? undefined : Buffer.from(data.subarray(0, length)).toString();
  };
  const turn = (number: number) => {
    path.receive(upstream, number, number);
    path.flush();
  };
  const strays = () => counters[listenerAt(0) + LISTENER.replyDrops + reasonNumber("stray_reply")];
  return { turn, reply, received, strays };
}

type Send = (text: string, port: number) => void;

function sockaddr(local: SocketAddress, port: number, family: AddressFamily): [Uint8Array, number] {
  const buffer = new ArrayBuffer(SOCKADDR_SLOT_BYTES);
  const views = { u8: new Uint8Array(buffer), u16: new Uint16Array(buffer), u32: new Uint32Array(buffer) };
  return [views.u8, writeSockaddr(views, 0, local.words, 0, 0, port, family)];
}

for (const [name, local] of [
  ["IPv4", LOCALHOST],
  ["IPv6", LOCALHOST_6],
] as const) {
  test(`ReplyPath, ${name}: what came before the connect is no reply, what comes after is`, { skip }, (t) => {
    const { turn, reply, received, strays } = openBench(t, local, (send, port) => {
      send("evil", port);
      send("evil too", port);
    });
    for (const text of ["first", "second", "third"]) reply(text);
    for (let number = 1; number <= 2; number++) turn(number);
    assert.deepEqual([strays(), received()], [2, undefined]);
    for (let number = 3; number <= 4; number++) turn(number);
    assert.deepEqual([received(), received(), received()], ["first", "second", "third"]);
    assert.equal(strays(), 2);
  });
}
