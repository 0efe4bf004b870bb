/** The sockets of one listener, one for each worker, opened and owned by the main thread. */

import { isDeepStrictEqual } from "node:util";
import { isWildcard } from "../../core/address.js";
import type { Affinity, ListenerEntry } from "../../core/snapshot.js";
import { AF_INET, AF_INET6 } from "../../linux/constants.js";
import { errnoName } from "../../linux/errno.js";
import type { Libc } from "../../linux/libc.js";
import type { SocketAddress } from "../../linux/sockaddr.js";
import { openUdpSocket, type UdpSocket, type UdpSocketOptions } from "../../linux/socket.js";
import { steerByAddress, steerByFlow } from "../../linux/steering.js";
import { SyscallError } from "../../linux/syscall-error.js";
import { createListenError } from "../listen-error.js";
import type { Capabilities, WorkerListener } from "./messages.js";

export class ListenerGroup {
  readonly port: number;
  readonly #sockets: readonly UdpSocket[];
  readonly #wildcard: boolean;
  #entry: ListenerEntry;
  #steeredBy: Affinity | undefined;

  private constructor(entry: ListenerEntry, sockets: readonly UdpSocket[]) {
    this.#entry = entry;
    this.#sockets = sockets;
    this.#wildcard = isWildcard(entry.address.ip);
    this.port = sockets[0].localAddress().port;
  }

  /** @throws ListenError when the address cannot be bound; nothing stays open then. */
  static open(
    libc: Libc,
    entry: ListenerEntry,
    zone: number,
    workers: number,
    can: Capabilities,
  ): ListenerGroup {
    const options: UdpSocketOptions = {
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
      return new ListenerGroup(entry, openAll(libc, options, address, workers));
    } catch (error) {
      const name = error instanceof SyscallError ? errnoName(error.errno) : undefined;
      throw createListenError(entry.address, name, error);
    }
  }

  /** The listener as one worker gets it. */
  forWorker(index: number): WorkerListener {
    const { fd, family } = this.#sockets[index];
    return { slot: this.#entry.slot, fd, family, wildcard: this.#wildcard };
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
    } else if (this.#steeredBy?.kind === "client-ip") {
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
