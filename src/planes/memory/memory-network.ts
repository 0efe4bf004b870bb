/**
 * Network in memory: sockets of one process that send each other datagrams, without the kernel. A datagram arrives in the same turn
 * of the event loop, after the code that sent it, and all arrive in the order in which they were sent; or after a time of the clock,
 * or never, as `path` says. What is sent to an address that nobody has comes back as refused.
 */
import {
  type Endpoint,
  formatEndpoint,
  type IpAddress,
  isWildcard,
  parseEndpoint,
} from "../../core/address.js";
import type { Clock } from "../../core/clock.js";

export interface MemoryNetworkOptions {
  readonly clock: Clock;
  /** Milliseconds that a datagram takes; undefined when it is lost. Default: none. */
  readonly path?: (from: string, to: string, payload: Buffer) => number | undefined;
}

/** What a socket does with what the network brings. Addresses are `ip:port`. */
export interface MemoryEvents {
  /** @param to the address that it was sent to, which a wildcard socket does not know otherwise */
  readonly receive: (payload: Buffer, from: string, to: string) => void;
  /** A datagram that this socket sent found nobody. */
  readonly refused?: (payload: Buffer, to: string) => void;
}

export interface MemorySocket {
  readonly address: string;
  readonly port: number;
  /** For a wildcard of IPv6: whether IPv4 is somebody else's. */
  ipv6Only: boolean;
  /** @param from the local address to send from; needed by a wildcard socket only */
  send(payload: Uint8Array, to: string, from?: string): void;
  close(): void;
}

interface Bound extends MemorySocket {
  readonly events: MemoryEvents;
  readonly isOpen: boolean;
}

const FIRST_PORT = 20_000;
const LAST_PORT = 60_999;

export class MemoryNetwork {
  readonly #options: MemoryNetworkOptions;
  /** By address. */
  readonly #sockets = new Map<string, Bound>();
  /** What is to be done in this turn, in order. */
  readonly #due: (() => void)[] = [];
  #nextPort = FIRST_PORT;

  constructor(options: MemoryNetworkOptions) {
    this.#options = options;
  }

  /**
   * A socket at an address; port 0 takes the next free one, and ports are given anew as late as possible.
   * @throws Error with the code EADDRINUSE
   */
  bind(at: Endpoint, events: MemoryEvents, ipv6Only = false): MemorySocket {
    const port = at.port === 0 ? this.#freePort(at.ip) : at.port;
    const address = formatEndpoint({ ip: at.ip, port });
    if (this.#sockets.has(address)) throw Object.assign(new Error("address in use"), { code: "EADDRINUSE" });
    const sockets = this.#sockets;
    const socket: Bound = {
      ...{ address, port, events, ipv6Only },
      get isOpen() {
        return sockets.get(address) === socket;
      },
      send: (payload, to, from = address) => this.#send(socket, Buffer.from(payload), from, to),
      close: () => socket.isOpen && sockets.delete(address),
    };
    sockets.set(address, socket);
    return socket;
  }

  #freePort(ip: IpAddress): number {
    for (let tried = FIRST_PORT; tried <= LAST_PORT; tried++) {
      const port = this.#nextPort;
      this.#nextPort = port === LAST_PORT ? FIRST_PORT : port + 1;
      if (!this.#sockets.has(formatEndpoint({ ip, port }))) return port;
    }
    throw Object.assign(new Error("no free port"), { code: "EADDRINUSE" });
  }

  #send(sender: Bound, payload: Buffer, from: string, to: string): void {
    const { clock, path } = this.#options;
    const delayMs = path === undefined ? 0 : path(from, to, payload);
    if (delayMs === undefined) return;
    const arrive = () => this.#arrive(sender, payload, from, to);
    if (delayMs > 0) clock.after(delayMs, arrive);
    else this.#soon(arrive);
  }

  #arrive(sender: Bound, payload: Buffer, from: string, to: string): void {
    const receiver = this.#receiver(to);
    if (receiver !== undefined) receiver.events.receive(payload, from, to);
    else this.#soon(() => sender.isOpen && sender.events.refused?.(payload, to));
  }

  /** The socket at an address, or the wildcard that has it. */
  #receiver(to: string): Bound | undefined {
    const exact = this.#sockets.get(to);
    if (exact !== undefined) return exact;
    const { ip, port } = parseEndpoint(to);
    const four = ip.family === 4 ? this.#sockets.get(`0.0.0.0:${port}`) : undefined;
    if (four !== undefined) return four;
    const six = this.#sockets.get(`[::]:${port}`);
    return ip.family === 4 && six?.ipv6Only ? undefined : six;
  }

  #soon(run: () => void): void {
    this.#due.push(run);
    if (this.#due.length === 1) queueMicrotask(() => this.#runDue());
  }

  #runDue(): void {
    for (let i = 0; i < this.#due.length; i++) this.#due[i]();
    this.#due.length = 0;
  }
}

/** Whether an address stands for all of its family. */
export function isAnyAddress(text: string): boolean {
  return isWildcard(parseEndpoint(text).ip);
}
