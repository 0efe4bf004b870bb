/**
 * The sockets of one listener. An ordinary address has one. A wildcard has one for each local address, because
 * `node:dgram` does not tell which address a datagram was sent to: so each reply leaves from where the client wrote to.
 * Addresses that come and go are followed every few seconds.
 */
import type { Socket } from "node:dgram";
import { isWildcard } from "../../core/address.js";
import type { ListenerEntry } from "../../core/snapshot.js";
import { createListenError } from "../listen-error.js";
import { localAddresses } from "./local-addresses.js";
import { bindSocket, createUdpSocket, hostText, setBuffers } from "./open-socket.js";

/** A bound socket of a listener. `local` is 0, or the number of the wildcard's local address. */
export interface ListenerSocket {
  readonly socket: Socket;
  readonly listenerSlot: number;
  readonly local: number;
}

export type ReceiveFrom = (from: ListenerSocket, message: Buffer, address: string, port: number) => void;

const RESCAN_MS = 5000;

export class ListenerSockets {
  readonly #onMessage: ReceiveFrom;
  readonly #warn: (code: string, message: string) => void;
  /** By local address. */
  readonly #sockets = new Map<string, ListenerSocket>();
  #entry: ListenerEntry;
  #nextLocal = 1;
  #timer: NodeJS.Timeout | undefined;
  #scanning: Promise<void> | undefined;
  #port = 0;
  #closed = false;

  private constructor(
    entry: ListenerEntry,
    onMessage: ReceiveFrom,
    warn: (code: string, message: string) => void,
  ) {
    this.#entry = entry;
    this.#onMessage = onMessage;
    this.#warn = warn;
  }

  /** @throws ListenError when the address cannot be bound. */
  static async open(
    entry: ListenerEntry,
    onMessage: ReceiveFrom,
    warn: (code: string, message: string) => void,
  ): Promise<ListenerSockets> {
    const sockets = new ListenerSockets(entry, onMessage, warn);
    try {
      if (isWildcard(entry.address.ip)) await sockets.#openWildcard();
      else sockets.#port = await sockets.#add(hostText(entry.address.ip), entry.address.port, 0);
    } catch (error) {
      await sockets.close();
      throw createListenError(entry.address, (error as NodeJS.ErrnoException).code, error);
    }
    return sockets;
  }

  get port(): number {
    return this.#port;
  }

  /** The listener's entry in a new snapshot: same address, maybe other buffers or families. */
  update(entry: ListenerEntry): void {
    const before = this.#entry;
    this.#entry = entry;
    if (
      before.receiveBufferBytes !== entry.receiveBufferBytes ||
      before.sendBufferBytes !== entry.sendBufferBytes
    ) {
      for (const { socket } of this.#sockets.values()) {
        setBuffers(socket, entry.receiveBufferBytes, entry.sendBufferBytes);
      }
    }
    if (before.ipv6Only !== entry.ipv6Only) void this.#rescan();
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#timer);
    await this.#scanning;
    await Promise.all([...this.#sockets.values()].map(({ socket }) => closeSocket(socket)));
    this.#sockets.clear();
  }

  /** A plain wildcard bind first: it fails when the port is taken, and picks the port when 0 is asked for. */
  async #openWildcard(): Promise<void> {
    const { address, ipv6Only } = this.#entry;
    const probe = createUdpSocket(address.ip.family, { ipv6Only });
    await bindSocket(probe, hostText(address.ip), address.port);
    this.#port = probe.address().port;
    await closeSocket(probe);
    for (const local of localAddresses(this.#entry)) await this.#addLocal(local);
    this.#timer = setInterval(() => void this.#rescan(), RESCAN_MS);
    this.#timer.unref();
  }

  async #addLocal(address: string): Promise<void> {
    await this.#add(address, this.#port, this.#nextLocal);
    this.#nextLocal = (this.#nextLocal % 0xffff) + 1;
  }

  async #add(address: string, port: number, local: number): Promise<number> {
    const family = address.includes(":") ? 6 : 4;
    const socket = createUdpSocket(family, { ipv6Only: family === 6 });
    await bindSocket(socket, address, port);
    const from: ListenerSocket = { socket, listenerSlot: this.#entry.slot, local };
    setBuffers(socket, this.#entry.receiveBufferBytes, this.#entry.sendBufferBytes);
    socket.on("message", (message, rinfo) => this.#onMessage(from, message, rinfo.address, rinfo.port));
    socket.on("error", (error) => this.#warn("listener_error", `${address}: ${error.message}`));
    this.#sockets.set(address, from);
    return socket.address().port;
  }

  #rescan(): Promise<void> {
    this.#scanning ??= this.#followAddresses().finally(() => {
      this.#scanning = undefined;
    });
    return this.#scanning;
  }

  async #followAddresses(): Promise<void> {
    const wanted = new Set(localAddresses(this.#entry));
    for (const [address, { socket }] of this.#sockets) {
      if (wanted.has(address)) continue;
      this.#sockets.delete(address);
      await closeSocket(socket);
    }
    for (const address of wanted) {
      if (this.#closed || this.#sockets.has(address)) continue;
      await this.#addLocal(address).catch((error: Error) =>
        this.#warn("listener_address", `cannot listen on ${address} port ${this.#port}: ${error.message}`),
      );
    }
  }
}

function closeSocket(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.close(resolve));
}
