/**
 * The sockets of one listener. An ordinary address has one. A wildcard has one for each local address, because
 * `node:dgram` does not tell which address a datagram was sent to: so each reply leaves from where the client wrote to.
 * Broadcast and all-nodes addresses have sockets that only receive, on Linux: elsewhere they cannot be bound everywhere.
 * Addresses that come and go are followed. Inherited sockets serve as they are bound, a wildcard too.
 */
import type { Socket } from "node:dgram";
import { networkInterfaces } from "node:os";
import { isWildcard, parseIp } from "../../core/address.js";
import type { ListenerEntry } from "../../core/snapshot.js";
import type { InheritedSockets } from "../inherited-sockets.js";
import { createListenError } from "../listen-error.js";
import type { ListenerDescriptors } from "../plane.js";
import { groupAddresses, LIMITED_BROADCAST, neighbourOf } from "./group-addresses.js";
import { localAddresses } from "./local-addresses.js";
import { adoptSocket, bindSocket, createUdpSocket, hostText, setBuffers } from "./open-socket.js";
import { handleOf } from "./socket-handle.js";

/** A bound socket of a listener. `local` is 0, or the number of the wildcard's local address. */
export interface ListenerSocket {
  readonly socket: Socket;
  readonly listenerSlot: number;
  readonly local: number;
  /** The wildcard's local address, where `local` is not 0. */
  readonly localIp: Uint32Array | undefined;
}

export interface ListenerContext {
  readonly receive: ReceiveFrom;
  readonly warn: (code: string, message: string) => void;
  readonly inherited: InheritedSockets;
  /** Whether sockets that are opened now are to receive. */
  readonly isReceiving: () => boolean;
}

export type ReceiveFrom = (from: ListenerSocket, message: Buffer, address: string, port: number) => void;

/** What could not be bound is tried again after this. */
const RETRY_MS = 5000;

export class ListenerSockets {
  readonly #context: ListenerContext;
  /** By local address. Inherited ones may share it. */
  readonly #sockets = new Map<string, ListenerSocket[]>();
  /** Group address → the local address that answers for it. */
  #groups: ReadonlyMap<string, string> = new Map();
  #entry: ListenerEntry;
  #nextLocal = 1;
  /** Local address → the number of its interface when it was bound: one that was made anew has another. */
  readonly #scopes = new Map<string, number>();
  #follows = false;
  #retry: NodeJS.Timeout | undefined;
  #scanning: Promise<void> | undefined;
  #port = 0;
  #closed = false;

  private constructor(entry: ListenerEntry, context: ListenerContext) {
    this.#entry = entry;
    this.#context = context;
  }

  /** @throws ListenError when the address cannot be bound. */
  static async open(entry: ListenerEntry, context: ListenerContext): Promise<ListenerSockets> {
    const sockets = new ListenerSockets(entry, context);
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
      for (const { socket } of this.#all()) {
        setBuffers(socket, entry.receiveBufferBytes, entry.sendBufferBytes);
      }
    }
    if (before.ipv6Only !== entry.ipv6Only) this.followAddresses();
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#retry);
    await this.#scanning;
    await Promise.all(this.#all().map(({ socket }) => closeSocket(socket)));
    this.#sockets.clear();
  }

  /** @throws NotSupportedError */
  descriptors(): ListenerDescriptors[] {
    const { slot } = this.#entry;
    return [...this.#sockets].map(([host, sockets]) => ({
      slot,
      address: { ip: parseIp(host), port: this.#port },
      fds: sockets.map(({ socket }) => handleOf(socket).fd),
    }));
  }

  /** Begins or stops to receive. What was received has been passed on. @throws NotSupportedError */
  receive(on: boolean): void {
    for (const { socket } of this.#all()) {
      const handle = handleOf(socket);
      if (on) handle.recvStart();
      else handle.recvStop();
    }
    if (on) this.followAddresses();
  }

  #all(): ListenerSocket[] {
    return [...this.#sockets.values()].flat();
  }

  /** A plain wildcard bind first: it fails when the port is taken, and picks the port when 0 is asked for. */
  async #openWildcard(): Promise<void> {
    const { address, name } = this.#entry;
    const { inherited, warn } = this.#context;
    if (inherited.find(address).length > 0) {
      this.#port = await this.#add(hostText(address.ip), address.port, 0);
      warn("inherited_wildcard", `listener ${name}: the system chooses the address that replies leave from`);
      return;
    }
    const locals = localAddresses(this.#entry);
    const isInherited = (local: string) =>
      inherited.find({ ip: parseIp(local), port: address.port }).length > 0;
    this.#port = [...locals.keys()].some(isInherited) ? address.port : await this.#findPort();
    for (const [local, scope] of locals) await this.#addLocal(local, scope);
    for (const [group, scope] of this.#findGroups(locals)) await this.#addFound(group, scope);
    this.#follows = true;
  }

  async #findPort(): Promise<number> {
    const { address, ipv6Only } = this.#entry;
    const probe = createUdpSocket(address.ip.family, { ipv6Only });
    await bindSocket(probe, hostText(address.ip), address.port);
    const { port } = probe.address();
    await closeSocket(probe);
    return port;
  }

  async #addLocal(address: string, scope: number): Promise<void> {
    this.#scopes.set(address, scope);
    await this.#add(address, this.#port, this.#nextLocal);
    this.#nextLocal = (this.#nextLocal % 0xffff) + 1;
  }

  async #add(address: string, port: number, local: number): Promise<number> {
    const family = address.includes(":") ? 6 : 4;
    const fds = this.#context.inherited.take({ ip: parseIp(address), port });
    this.#sockets.set(address, []);
    if (fds.length === 0) {
      const socket = createUdpSocket(family, { ipv6Only: family === 6 });
      await bindSocket(socket, address, port);
      return this.#serve(socket, address, local);
    }
    for (const fd of fds) {
      const socket = createUdpSocket(family);
      adoptSocket(socket, fd);
      this.#serve(socket, address, local);
    }
    return port;
  }

  /** In the very turn in which the socket is bound, so that nothing that it receives is missed. */
  #serve(socket: Socket, address: string, local: number): number {
    const { receive, warn, isReceiving } = this.#context;
    const localIp = local === 0 ? undefined : Uint32Array.from(parseIp(address).words);
    const from: ListenerSocket = { socket, listenerSlot: this.#entry.slot, local, localIp };
    setBuffers(socket, this.#entry.receiveBufferBytes, this.#entry.sendBufferBytes);
    socket.on("message", (message, rinfo) =>
      receive(this.#answererOf(address, rinfo.address) ?? from, message, rinfo.address, rinfo.port),
    );
    socket.on("error", (error) => warn("listener_error", `${address}: ${error.message}`));
    this.#sockets.get(address)?.push(from);
    if (!isReceiving()) handleOf(socket).recvStop();
    return socket.address().port;
  }

  /** Who answers what came in on a group address; undefined where that is the socket itself. */
  #answererOf(address: string, client: string): ListenerSocket | undefined {
    let local = this.#groups.get(address);
    if (local === undefined) return undefined;
    if (address === LIMITED_BROADCAST) local = neighbourOf(client, networkInterfaces()) ?? local;
    return this.#sockets.get(local)?.[0];
  }

  /** With the number of the interface, as `localAddresses`. */
  #findGroups(locals: ReadonlyMap<string, number>): [group: string, scope: number][] {
    if (process.platform !== "linux") return [];
    this.#groups = groupAddresses(networkInterfaces(), new Set(locals.keys()));
    return [...this.#groups].map(([group, local]) => [group, locals.get(local) ?? 0]);
  }

  /** An address may be tentative still. */
  #retryLater(): void {
    this.#retry ??= setTimeout(() => {
      this.#retry = undefined;
      this.followAddresses();
    }, RETRY_MS).unref();
  }

  /** The machine's addresses have changed: a wildcard serves those that it has now. */
  followAddresses(): void {
    if (this.#follows) void this.#rescan();
  }

  #rescan(): Promise<void> {
    this.#scanning ??= this.#follow().finally(() => {
      this.#scanning = undefined;
    });
    return this.#scanning;
  }

  async #follow(): Promise<void> {
    if (!this.#context.isReceiving()) return;
    const locals = localAddresses(this.#entry);
    const wanted = new Map([...locals, ...this.#findGroups(locals)]);
    for (const [address, sockets] of this.#sockets) {
      if (wanted.get(address) === this.#scopes.get(address)) continue;
      this.#sockets.delete(address);
      await Promise.all(sockets.map(({ socket }) => closeSocket(socket)));
    }
    for (const [address, scope] of wanted) {
      if (!this.#closed && !this.#sockets.has(address)) await this.#addFound(address, scope);
    }
  }

  async #addFound(address: string, scope: number): Promise<void> {
    await this.#addLocal(address, scope).catch((error: Error) => {
      this.#sockets.delete(address);
      const message = `cannot listen on ${address} port ${this.#port}: ${error.message}`;
      this.#context.warn("listener_address", message);
      this.#retryLater();
    });
  }
}

function closeSocket(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.close(resolve));
}
