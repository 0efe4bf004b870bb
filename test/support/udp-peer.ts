/** One end of a conversation over UDP: a bound socket that keeps what it receives until a test asks for it. */
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import type { TestContext } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { formatIp, parseEndpoint } from "#src/core/address.js";
import { DEADLINE_MS, within } from "./waiting.js";

export interface Datagram {
  readonly payload: Buffer;
  /** The payload as UTF-8. */
  readonly text: string;
  /** Address and port of the sender. */
  readonly from: string;
}

export interface PeerOptions {
  /** Default 127.0.0.1. */
  readonly ip?: string;
  /** Default 0: any free one. */
  readonly port?: number;
}

type LookupCallback = (error: null, address: string, family: number) => void;
/** Answers at once, so that datagrams leave in the very call that sends them. */
const lookup = (address: string, _: unknown, callback: LookupCallback) =>
  callback(null, address, address.includes(":") ? 6 : 4);

export class UdpPeer {
  readonly ip: string;
  readonly port: number;
  readonly #socket: Socket;
  readonly #received: Datagram[] = [];
  #open = true;
  #wake: () => void = () => {};

  private constructor(socket: Socket, ip: string) {
    this.#socket = socket;
    this.ip = ip;
    this.port = socket.address().port;
    socket.on("message", (payload, { address, port }) => {
      this.#received.push({ payload, text: payload.toString(), from: endpoint(address, port) });
      this.#wake();
    });
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

  get address(): string {
    return endpoint(this.ip, this.port);
  }

  /** Datagrams received and not yet taken. */
  get waiting(): number {
    return this.#received.length;
  }

  send(payload: string | Uint8Array, to: string): void {
    const { ip, port } = parseEndpoint(to);
    this.#socket.send(payload, port, formatIp(ip));
  }

  /** The next `count` datagrams, in order. */
  async take(count: number, timeoutMs = DEADLINE_MS): Promise<Datagram[]> {
    const arrived = async (): Promise<void> => {
      while (this.#received.length < count) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    };
    try {
      await within(arrived(), `${count} datagrams at ${this.address}`, timeoutMs);
    } catch (error) {
      const got = this.#received.map(({ text }) => text.slice(0, 20));
      throw new Error(`${(error as Error).message}: ${got.length} came: ${got.slice(0, 50)}`, {
        cause: error,
      });
    }
    return this.#received.splice(0, count);
  }

  async receive(timeoutMs = DEADLINE_MS): Promise<Datagram> {
    return (await this.take(1, timeoutMs))[0];
  }

  /** Sends a request and gives the next datagram that comes. */
  ask(payload: string | Uint8Array, to: string, timeoutMs = DEADLINE_MS): Promise<Datagram> {
    this.send(payload, to);
    return this.receive(timeoutMs);
  }

  /** Rejects when anything arrives within `ms`, or has arrived and was not taken. */
  async silent(ms: number): Promise<void> {
    await delay(ms);
    if (this.#received.length > 0) {
      throw new Error(`${this.address} should have got nothing: "${this.#received[0].text.slice(0, 50)}"`);
    }
  }

  /** Calls `answer` for each datagram instead of keeping it. */
  serve(answer: (datagram: Datagram) => void): void {
    this.#wake = () => {
      for (const datagram of this.#received.splice(0)) answer(datagram);
    };
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#socket.close();
  }

  get isOpen(): boolean {
    return this.#open;
  }
}

function endpoint(ip: string, port: number): string {
  return ip.includes(":") ? `[${ip}]:${port}` : `${ip}:${port}`;
}
