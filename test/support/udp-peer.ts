/** A peer with a socket of its own. */
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import type { TestContext } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { formatIp, parseEndpoint } from "#src/core/address.js";
import { formatAddress, Peer, type PeerOptions } from "./peer.js";
import { within } from "./waiting.js";

export type { Datagram, PeerOptions } from "./peer.js";

type LookupCallback = (error: null, address: string, family: number) => void;
/** Answers at once, so that datagrams leave in the very call that sends them. */
const lookup = (address: string, _: unknown, callback: LookupCallback) =>
  callback(null, address, address.includes(":") ? 6 : 4);

export class UdpPeer extends Peer {
  readonly #socket: Socket;
  #open = true;

  private constructor(socket: Socket, ip: string) {
    super(ip, socket.address().port);
    this.#socket = socket;
    socket.on("message", (payload, { address, port }) => this.arrive(payload, formatAddress(address, port)));
    // A datagram to a port that nobody listens on any more: the test looks at what arrives instead.
    socket.on("error", () => {});
  }

  /** It closes with the test. */
  static async open(t: TestContext, { ip = "127.0.0.1", port = 0 }: PeerOptions = {}): Promise<UdpPeer> {
    const type = ip.includes(":") ? "udp6" : "udp4";
    const socket = createSocket({ type, lookup } as Parameters<typeof createSocket>[0]);
    const listening = once(socket, "listening");
    socket.bind({ port, address: ip, exclusive: true });
    await within(listening, `a socket on ${ip} port ${port}`);
    socket.setRecvBufferSize(2 ** 21);
    const peer = new UdpPeer(socket, ip);
    t.after(() => peer.close());
    return peer;
  }

  send(payload: string | Uint8Array, to: string): void {
    const { ip, port } = parseEndpoint(to);
    this.#socket.send(payload, port, formatIp(ip));
  }

  /** Rejects when anything arrives within `ms`, or has arrived and was not taken. Better: `gotNothing`, which needs no time. */
  async silent(ms: number): Promise<void> {
    await delay(ms);
    await this.gotNothing();
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#socket.close();
  }

  get isOpen(): boolean {
    return this.#open;
  }

  protected async wait(isThere: () => boolean, what: string, timeoutMs?: number): Promise<void> {
    const there = new Promise<void>((resolve) => {
      const look = () => isThere() && resolve();
      this.onArrival = look;
      look();
    });
    await within(there, what, timeoutMs);
  }
}
