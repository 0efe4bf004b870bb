/** Flow sockets of the portable plane around their connect(2), over loopback. */
import assert from "node:assert/strict";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { type TestContext, test } from "node:test";
import { parseEndpoint } from "../../core/address.js";
import { DROP_REASONS } from "../../core/drop-reason.js";
import { buildBackend } from "../../core/snapshot-builder.testing.js";
import type { ListenerSocket } from "./listener-sockets.js";
import { createUdpSocket } from "./open-socket.js";
import { Upstream, type UpstreamEvents } from "./upstream.js";

/** What the plane is told, in order. */
class RecordedEvents implements UpstreamEvents {
  readonly told: string[] = [];
  #wake = (): void => {};

  reply = (_: Upstream, message: Buffer): void => this.#add(`reply ${message}`);
  strayReply = (): void => this.#add("stray");
  sendFailed = (): void => {};
  requestFailed = (_: Upstream, length: number, reason: number): void =>
    this.#add(`failed ${length} ${DROP_REASONS[reason]}`);
  refused = (): void => this.#add("refused");
  broken = (): void => this.#add("broken");

  async until(count: number): Promise<void> {
    while (this.told.length < count)
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
  }

  #add(what: string): void {
    this.told.push(what);
    this.#wake();
  }
}

async function openPeer(t: TestContext): Promise<Socket> {
  const socket = createSocket("udp4");
  t.after(() => socket.close());
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  return socket;
}

/** Makes sockets that `beforeConnect` gets to see when they have a port and no peer yet. */
function interrupted(beforeConnect: (socket: Socket, connect: () => void) => void): typeof createUdpSocket {
  return (family) => {
    const socket = createUdpSocket(family);
    const connect = socket.connect.bind(socket) as (...args: unknown[]) => void;
    socket.connect = (...args: unknown[]) => {
      socket.bind(0, "127.0.0.1", () => beforeConnect(socket, () => connect(...args)));
    };
    return socket;
  };
}

function openUpstream(port: number, events: UpstreamEvents, create: typeof createUdpSocket): Upstream {
  const backend = buildBackend(0, { address: parseEndpoint(`127.0.0.1:${port}`) });
  const client = { from: {} as ListenerSocket, address: "127.0.0.1", port: 1 };
  return new Upstream(0, backend, client, events, create);
}

test("Upstream: what came before the connect is no reply, what comes after is", async (t) => {
  const [backend, stranger] = [await openPeer(t), await openPeer(t)];
  const events = new RecordedEvents();
  const create = interrupted((socket, connect) => {
    const { port } = socket.address();
    stranger.send("evil", port, "127.0.0.1", () => stranger.send("evil too", port, "127.0.0.1", connect));
  });
  const upstream = openUpstream(backend.address().port, events, create);
  t.after(() => upstream.close());
  upstream.send(Buffer.from("request"));
  const [, from] = await once(backend, "message");
  backend.send("answer", from.port, "127.0.0.1");
  backend.send("more", from.port, "127.0.0.1");
  await events.until(4);
  assert.deepEqual(events.told, ["stray", "stray", "reply answer", "reply more"]);
});

test("Upstream: a connect that fails closes the socket, which would take datagrams from anybody", async () => {
  const events = new RecordedEvents();
  let socket: Socket | undefined;
  const create: typeof createUdpSocket = (family) => {
    socket = createUdpSocket(family);
    const error = Object.assign(new Error("connect ENETUNREACH"), { code: "ENETUNREACH" });
    socket.connect = (...args: unknown[]) => {
      const fail = () => (args[2] as (error: Error) => void)(error);
      socket?.bind(0, "127.0.0.1", () => setImmediate(fail));
    };
    return socket;
  };
  const upstream = openUpstream(9, events, create);
  const closed = once(socket as Socket, "close");
  upstream.send(Buffer.from("request"));
  await events.until(2);
  await closed;
  assert.deepEqual(events.told, ["failed 7 network_unreachable", "broken"]);
  assert.ok(upstream.isClosed);
  upstream.send(Buffer.from("again"));
  assert.deepEqual(events.told.slice(2), ["failed 5 network_unreachable"]);
});
