import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import type { Socket } from "node:net";
import { test } from "node:test";
import { Connections, type Exchange } from "./connections.js";

class FakeSocket extends EventEmitter {
  isEnded = false;
  readonly remotePort: number;
  readonly remoteAddress: string;
  constructor(remotePort: number, remoteAddress = "192.0.2.1") {
    super();
    this.remotePort = remotePort;
    this.remoteAddress = remoteAddress;
  }
  destroy(): void {
    this.isEnded = true;
    this.emit("close");
  }
}

const WHOLE: Exchange = { hasArrived: () => true, isStream: () => false };
const PART: Exchange = { hasArrived: () => false, isStream: () => false };
const STREAM: Exchange = { hasArrived: () => true, isStream: () => true };

function fill(max: number, from?: (i: number) => string) {
  const connections = new Connections(max);
  const sockets = Array.from({ length: max }, (_, i) => new FakeSocket(i + 1, from?.(i)));
  for (const socket of sockets) connections.add(socket as unknown as Socket);
  const add = (socket = new FakeSocket(1000 + connections.size)) => {
    connections.add(socket as unknown as Socket);
    return socket;
  };
  const begin = (i: number, exchange: Exchange) =>
    connections.begin(sockets[i] as unknown as Socket, exchange);
  const ended = () => sockets.flatMap(({ isEnded }, i) => (isEnded ? [i] : []));
  return { connections, add, begin, ended };
}

test("the connection that was silent for longest makes room; the new one stays", () => {
  const { connections, add, begin, ended } = fill(4);
  begin(0, WHOLE)();
  const socket = add();
  assert.deepEqual(ended(), [1], "0 has asked something since");
  assert.deepEqual([socket.isEnded, connections.size], [false, 4]);
});

test("requests in part go before answers, and these before streams", () => {
  const { connections, add, begin, ended } = fill(3);
  begin(0, STREAM);
  begin(1, WHOLE);
  begin(2, PART);
  const ask = (socket: FakeSocket) => connections.begin(socket as unknown as Socket, STREAM);
  ask(add(new FakeSocket(50)));
  assert.deepEqual(ended(), [2]);
  ask(add(new FakeSocket(51)));
  assert.deepEqual(ended(), [1, 2]);
  ask(add(new FakeSocket(52)));
  assert.deepEqual(ended(), [0, 1, 2]);
});

test("the address with most connections gives one up, though others were silent for longer", () => {
  const { add, ended } = fill(5, (i) => (i < 2 ? `192.0.2.${10 + i}` : "192.0.2.66"));
  add(new FakeSocket(9, "192.0.2.7"));
  assert.deepEqual(ended(), [2]);
});

test("a connection that closes by itself leaves room", () => {
  const { connections, add, ended } = fill(2);
  const socket = add();
  socket.destroy();
  add();
  assert.deepEqual([ended(), connections.size], [[0], 2]);
});
