/** The sockets of one listener, one for each worker, opened and owned by the main thread. */

import { isDeepStrictEqual } from "node:util";
import { type Endpoint, isWildcard } from "../../core/address.js";
import type { Affinity, ListenerEntry } from "../../core/snapshot.js";
import { AF_INET, AF_INET6 } from "../../linux/constants.js";
import { errnoName } from "../../linux/errno.js";
import type { Libc } from "../../linux/libc.js";
import type { SocketAddress } from "../../linux/sockaddr.js";
import { adoptUdpSocket, openUdpSocket, type UdpSocket, type UdpSocketOptions } from "../../linux/socket.js";
import { steerByAddress, steerByFlow } from "../../linux/steering.js";
import { SyscallError } from "../../linux/syscall-error.js";
import { createListenError } from "../listen-error.js";
import type { Capabilities, WorkerListener } from "./messages.js";

export interface OpenGroupOptions {
  readonly libc: Libc;
  readonly entry: ListenerEntry;
  /** Interface index of the address's zone, or 0. */
  readonly zone: number;
  readonly workers: number;
  readonly can: Capabilities;
  /** Descriptors that are bound to the address already. */
  readonly inherited: readonly number[];
}

export class ListenerGroup {
  readonly port: number;
  readonly #sockets: readonly UdpSocket[];
  readonly #wildcard: boolean;
  readonly #inherited: boolean;
  #entry: ListenerEntry;
  #steeredBy: Affinity | undefined;
  /** By socket: drops of the kernel that are counted already, or before our time. */
  readonly #dropped: number[];

  private constructor(entry: ListenerEntry, sockets: readonly UdpSocket[], inherited: boolean) {
    this.#entry = entry;
    this.#inherited = inherited;
    this.#sockets = sockets;
    this.#wildcard = isWildcard(entry.address.ip);
    this.port = sockets[0].localAddress().port;
    this.#dropped = sockets.map((socket) => socket.drops());
  }

  /**
   * Binds, or goes on with copies of inherited descriptors, which the caller closes when all has gone well.
   * @throws ListenError when the address cannot be bound; nothing that was opened here stays open then
   */
  static open(options: OpenGroupOptions): ListenerGroup {
    const { libc, entry, zone, workers, can, inherited } = options;
    const socketOptions: UdpSocketOptions = {
      family: entry.address.ip.family === 4 ? AF_INET : AF_INET6,
      ipv6Only: entry.ipv6Only,
      gro: can.gro,
      countOverflow: true,
      packetInfo: isWildcard(entry.address.ip),
      receiveBufferBytes: entry.receiveBufferBytes,
      sendBufferBytes: entry.sendBufferBytes,
    };
    const address = { words: entry.address.ip.words, scope: zone, port: entry.address.port };
    try {
      const sockets =
        inherited.length > 0
          ? adoptAll(libc, socketOptions, address, workers, inherited)
          : openAll(libc, socketOptions, address, workers);
      return new ListenerGroup(entry, sockets, inherited.length > 0);
    } catch (error) {
      const name = error instanceof SyscallError ? errnoName(error.errno) : undefined;
      throw createListenError(entry.address, name, error);
    }
  }

  get address(): Endpoint {
    return { ip: this.#entry.address.ip, port: this.port };
  }

  get fds(): readonly number[] {
    return this.#sockets.map(({ fd }) => fd);
  }

  /** The listener as one worker gets it; undefined for workers that an inherited socket leaves without one. */
  forWorker(index: number): WorkerListener | undefined {
    if (index >= this.#sockets.length) return undefined;
    const { fd, family } = this.#sockets[index];
    const dropped = this.#dropped[index];
    return { slot: this.#entry.slot, fd, family, wildcard: this.#wildcard, dropped };
  }

  /** Whoever serves this worker's socket next counts the kernel's drops from here. */
  noteDrops(index: number): void {
    if (index < this.#sockets.length) this.#dropped[index] = this.#sockets[index].drops();
  }

  /** The listener's entry in a new snapshot: same address, maybe other buffers or families. */
  update(entry: ListenerEntry): "updated" | "needs_restart" {
    const before = this.#entry;
    this.#entry = entry;
    for (const socket of this.#sockets) {
      if (before.receiveBufferBytes !== entry.receiveBufferBytes)
        socket.setReceiveBuffer(entry.receiveBufferBytes);
      if (before.sendBufferBytes !== entry.sendBufferBytes) socket.setSendBuffer(entry.sendBufferBytes);
    }
    // Bound is bound: the kernel takes no change of IPV6_V6ONLY.
    return before.ipv6Only === entry.ipv6Only ? "updated" : "needs_restart";
  }

  /** With affinity by address, all ports of a client must meet on one worker, for that is where the binding is. */
  steer(affinity: Affinity): void {
    if (this.#sockets.length === 1 || isDeepStrictEqual(affinity, this.#steeredBy)) return;
    if (affinity.kind === "client-ip") {
      steerByAddress(this.#sockets[0], this.#sockets.length, affinity.prefix4, affinity.prefix6);
    } else if (this.#inherited || this.#steeredBy?.kind === "client-ip") {
      steerByFlow(this.#sockets[0]);
    }
    this.#steeredBy = affinity;
  }

  close(): void {
    for (const socket of this.#sockets) socket.close();
  }
}

/**
 * One socket binds plainly, so that an address in use is found out. Several share it by SO_REUSEPORT, which would also let
 * a second sluice in unnoticed: a plain bind goes first there, too.
 */
function openAll(
  libc: Libc,
  options: UdpSocketOptions,
  address: SocketAddress,
  workers: number,
): UdpSocket[] {
  const first = openBound(libc, options, address);
  if (workers === 1) return [first];
  const shared = first.localAddress();
  first.close();
  const sockets: UdpSocket[] = [];
  try {
    for (let i = 0; i < workers; i++) sockets.push(openBound(libc, { ...options, reusePort: true }, shared));
    return sockets;
  } catch (error) {
    for (const socket of sockets) socket.close();
    throw error;
  }
}

/**
 * The inherited sockets come first. Workers beyond them join where the sockets have SO_REUSEPORT; where they have not, only
 * so many workers serve this listener.
 */
function adoptAll(
  libc: Libc,
  options: UdpSocketOptions,
  address: SocketAddress,
  workers: number,
  inherited: readonly number[],
): UdpSocket[] {
  const sockets: UdpSocket[] = [];
  try {
    for (const fd of inherited) sockets.push(adoptUdpSocket(libc, fd, options));
    const canJoin = sockets[0].getOption("SO_REUSEPORT") !== 0;
    while (canJoin && sockets.length < workers) {
      sockets.push(openBound(libc, { ...options, reusePort: true }, address));
    }
    return sockets;
  } catch (error) {
    for (const socket of sockets) socket.close();
    throw error;
  }
}

function openBound(libc: Libc, options: UdpSocketOptions, address: SocketAddress): UdpSocket {
  const socket = openUdpSocket(libc, options);
  try {
    socket.bind(address);
    return socket;
  } catch (error) {
    socket.close();
    throw error;
  }
}
