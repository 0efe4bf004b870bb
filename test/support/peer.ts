/** One end of a conversation over UDP, on sockets or in memory: it keeps what it receives until a test asks for it. */
import type { TestContext } from "node:test";

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

/** Opens a peer that closes with the test. */
export type OpenPeer = (t: TestContext, options?: PeerOptions) => Promise<Peer>;

/** Something that a peer sends to itself. */
const MARK = "\u0000 everything before this has come";

export abstract class Peer {
  readonly ip: string;
  readonly port: number;
  readonly #received: Datagram[] = [];
  #arrived: () => void = () => {};
  #serve: ((datagram: Datagram) => void) | undefined;

  constructor(ip: string, port: number) {
    this.ip = ip;
    this.port = port;
  }

  abstract send(payload: string | Uint8Array, to: string): void;
  abstract close(): void;
  abstract get isOpen(): boolean;

  /** Resolves when `isThere`, which changes only as something arrives; rejects with what it waited for. */
  protected abstract wait(isThere: () => boolean, what: string, timeoutMs?: number): Promise<void>;

  get address(): string {
    return formatAddress(this.ip, this.port);
  }

  /** Datagrams received and not yet taken. */
  get waiting(): number {
    return this.#received.length;
  }

  /** The next `count` datagrams, in order. */
  async take(count: number, timeoutMs?: number): Promise<Datagram[]> {
    const isThere = () => this.#received.length >= count;
    try {
      await this.wait(isThere, `${count} datagrams at ${this.address}`, timeoutMs);
    } catch (error) {
      const got = this.#received.map(({ text }) => text.slice(0, 20));
      throw new Error(`${(error as Error).message}: ${got.length} came: ${got.slice(0, 50)}`, {
        cause: error,
      });
    }
    return this.#received.splice(0, count);
  }

  async receive(timeoutMs?: number): Promise<Datagram> {
    return (await this.take(1, timeoutMs))[0];
  }

  /** Sends a request and gives the next datagram that comes. */
  ask(payload: string | Uint8Array, to: string, timeoutMs?: number): Promise<Datagram> {
    this.send(payload, to);
    return this.receive(timeoutMs);
  }

  /** Rejects when anything has come that was not taken. What was sent to it until now is looked at, too: a socket keeps order. */
  async gotNothing(): Promise<void> {
    this.send(MARK, this.address);
    const { text, from } = await this.receive();
    if (text !== MARK) {
      throw new Error(`${this.address} should have got nothing: "${text.slice(0, 50)}" from ${from}`);
    }
  }

  /** Calls `answer` for each datagram instead of keeping it. */
  serve(answer: (datagram: Datagram) => void): void {
    this.#serve = answer;
  }

  /** For `wait`: called when something has arrived. */
  protected set onArrival(run: () => void) {
    this.#arrived = run;
  }

  /** A datagram has come. */
  protected arrive(payload: Buffer, from: string): void {
    const datagram = { payload, text: payload.toString(), from };
    if (this.#serve !== undefined) {
      this.#serve(datagram);
      return;
    }
    this.#received.push(datagram);
    this.#arrived();
  }
}

export function formatAddress(ip: string, port: number): string {
  return ip.includes(":") ? `[${ip}]:${port}` : `${ip}:${port}`;
}
