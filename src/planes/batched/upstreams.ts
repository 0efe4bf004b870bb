/**
 * A worker's upstream sockets. Each serves one flow at a time; between flows it is free or resting, as
 * docs/design/batched.md pictures it. Opening and closing happen on the packet path: results are numbers, nothing throws.
 */
import { MAX_BACKENDS } from "../../core/snapshot.js";
import {
  SO_RCVBUF,
  SO_RCVBUFFORCE,
  SO_RXQ_OVFL,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  SOL_SOCKET,
  SOL_UDP,
  UDP_GRO,
} from "../../linux/constants.js";
import type { Epoll } from "../../linux/epoll.js";
import { EMFILE, ENFILE } from "../../linux/errno.js";
import type { Arena } from "../../linux/memory.js";
import { SOCKADDR_SLOT_BYTES, writeSockaddr } from "../../linux/sockaddr.js";

/** Epoll data of upstream 0; smaller numbers are listeners and the control descriptor. */
export const UPSTREAM_DATA = 0x10000;
/** A free socket serves another flow after this long: a doubled reply to its last one is over by then. */
const FREE_FOR_MS = 100;
/** Free sockets that nobody needed for this long are closed. */
const UNUSED_MS = 10_000;
const RECEIVE_BYTES = 1_048_576;
/** How many sockets at the head of a free list are looked at for one that has been free long enough. */
const TRIES = 4;
/** Lists after those of free sockets by backend slot. */
const RESTING = MAX_BACKENDS;
const LISTS = MAX_BACKENDS + 1;

export interface UpstreamOptions {
  readonly arena: Arena;
  readonly epoll: Epoll;
  /** Shared: descriptor + 1 by upstream. */
  readonly descriptors: Int32Array;
  readonly gro: boolean;
}

export class Upstreams {
  /** By upstream: the flow it serves, or -1. */
  readonly flow: Int32Array;
  /** By upstream: backend and listener of the flow that it serves or served. */
  readonly backend: Uint16Array;
  readonly listener: Uint16Array;
  /** By upstream: datagrams that the kernel had dropped on it when it last said so. */
  readonly overflow: Uint32Array;
  open = 0;
  free = 0;
  resting = 0;

  readonly #options: UpstreamOptions;
  readonly #capacity: number;
  /** By upstream: when it became free, or when its rest ends. */
  readonly #sinceMs: Float64Array;
  readonly #next: Int32Array;
  readonly #heads = new Int32Array(LISTS).fill(-1);
  readonly #tails = new Int32Array(LISTS).fill(-1);
  #unused = -1;
  #highWater = 0;
  /** Arena offsets: a sockaddr for each backend slot, and ints for setsockopt. */
  readonly #addresses: number;
  readonly #addressLengths = new Uint8Array(MAX_BACKENDS);
  readonly #families = new Uint8Array(MAX_BACKENDS);
  readonly #one: number;
  readonly #receiveBytes: number;

  constructor(options: UpstreamOptions) {
    const { arena, descriptors } = options;
    this.#options = options;
    this.#capacity = descriptors.length;
    this.flow = new Int32Array(this.#capacity).fill(-1);
    this.backend = new Uint16Array(this.#capacity);
    this.listener = new Uint16Array(this.#capacity);
    this.overflow = new Uint32Array(this.#capacity);
    this.#sinceMs = new Float64Array(this.#capacity);
    this.#next = new Int32Array(this.#capacity);
    this.#addresses = arena.allocate(MAX_BACKENDS * SOCKADDR_SLOT_BYTES);
    this.#one = arena.allocate(4);
    this.#receiveBytes = arena.allocate(4);
    arena.i32[this.#one >> 2] = 1;
    arena.i32[this.#receiveBytes >> 2] = RECEIVE_BYTES;
  }

  /** Bytes of arena that it takes. */
  static arenaBytes(): number {
    return MAX_BACKENDS * SOCKADDR_SLOT_BYTES + 256;
  }

  /** Where a backend is; before any flow is bound to it. */
  setBackend(slot: number, words: ArrayLike<number>, zone: number, port: number, family: number): void {
    const { arena } = this.#options;
    const offset = this.#addresses + slot * SOCKADDR_SLOT_BYTES;
    this.#addressLengths[slot] = writeSockaddr(arena, offset, words, 0, zone, port, family);
    this.#families[slot] = family;
  }

  fd(upstream: number): number {
    return this.#options.descriptors[upstream] - 1;
  }

  /** A socket connected to the backend, for a flow of a listener; or `-errno`, -EMFILE when descriptors are short. */
  take(flow: number, backendSlot: number, listenerSlot: number, nowMs: number): number {
    let upstream = this.#takeFree(backendSlot, nowMs);
    if (upstream < 0) upstream = this.#openOne(backendSlot);
    if ((upstream === -EMFILE || upstream === -ENFILE) && this.#closeOne())
      upstream = this.#openOne(backendSlot);
    if (upstream < 0) return upstream;
    this.flow[upstream] = flow;
    this.backend[upstream] = backendSlot;
    this.listener[upstream] = listenerSlot;
    return upstream;
  }

  /** Its flow has had every reply: another may have it soon. */
  release(upstream: number, nowMs: number): void {
    this.flow[upstream] = -1;
    this.#sinceMs[upstream] = nowMs;
    this.#append(this.backend[upstream], upstream);
    this.free++;
  }

  /** Its flow is over, replies may still come. */
  rest(upstream: number, untilMs: number): void {
    this.flow[upstream] = -1;
    this.#sinceMs[upstream] = untilMs;
    this.#append(RESTING, upstream);
    this.resting++;
  }

  /** A reply came although no flow is served: if it was free, it has to be free anew. */
  touchFree(upstream: number, nowMs: number): void {
    if (this.#sinceMs[upstream] < nowMs) this.#sinceMs[upstream] = nowMs;
  }

  /** Closes one that is in no list. */
  close(upstream: number): void {
    const { arena, descriptors } = this.#options;
    arena.libc.close(descriptors[upstream] - 1);
    descriptors[upstream] = 0;
    this.flow[upstream] = -1;
    this.#next[upstream] = this.#unused;
    this.#unused = upstream;
    this.open--;
  }

  /** Closes sockets that have rested, and free ones that nobody needs; at most `most` of each kind. */
  expire(nowMs: number, backends: Iterable<number>, most: number): void {
    for (let i = 0; i < most; i++) {
      const upstream = this.#heads[RESTING];
      if (upstream < 0 || this.#sinceMs[upstream] > nowMs) break;
      this.#closeHead(RESTING);
    }
    for (const slot of backends) {
      for (let i = 0; i < most; i++) {
        const upstream = this.#heads[slot];
        if (upstream < 0 || nowMs - this.#sinceMs[upstream] < UNUSED_MS) break;
        this.#closeHead(slot);
      }
    }
  }

  /** Closes the free sockets of a backend that left. */
  closeFree(backendSlot: number): void {
    while (this.#heads[backendSlot] >= 0) this.#closeHead(backendSlot);
  }

  closeAll(): void {
    for (let upstream = 0; upstream < this.#highWater; upstream++) {
      if (this.#options.descriptors[upstream] > 0) this.close(upstream);
    }
  }

  #takeFree(backendSlot: number, nowMs: number): number {
    for (let i = 0; i < TRIES; i++) {
      const upstream = this.#heads[backendSlot];
      if (upstream < 0) return -1;
      if (nowMs - this.#sinceMs[upstream] >= FREE_FOR_MS) return this.#shift(backendSlot);
      if (this.#next[upstream] < 0) return -1;
      const next = this.#next[upstream];
      if (this.#sinceMs[next] >= this.#sinceMs[upstream]) return -1;
      // A doubled reply made the oldest younger than the next one: it goes to the end.
      this.#append(backendSlot, this.#unlinkHead(backendSlot));
    }
    return -1;
  }

  #openOne(backendSlot: number): number {
    if (this.#addressLengths[backendSlot] === 0 || this.open >= this.#capacity) return -EMFILE;
    const { arena, epoll, descriptors, gro } = this.#options;
    const { libc, address } = arena;
    const fd = libc.socket(this.#families[backendSlot], SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return fd;
    if (gro) libc.setsockopt(fd, SOL_UDP, UDP_GRO, address + this.#one, 4);
    libc.setsockopt(fd, SOL_SOCKET, SO_RXQ_OVFL, address + this.#one, 4);
    if (libc.setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, address + this.#receiveBytes, 4) < 0) {
      libc.setsockopt(fd, SOL_SOCKET, SO_RCVBUF, address + this.#receiveBytes, 4);
    }
    const name = address + this.#addresses + backendSlot * SOCKADDR_SLOT_BYTES;
    const connected = libc.connect(fd, name, this.#addressLengths[backendSlot]);
    const upstream = this.#number();
    const watched = connected < 0 ? connected : epoll.add(fd, UPSTREAM_DATA + upstream);
    if (watched < 0) {
      libc.close(fd);
      this.#next[upstream] = this.#unused;
      this.#unused = upstream;
      return watched;
    }
    descriptors[upstream] = fd + 1;
    this.overflow[upstream] = 0;
    this.open++;
    return upstream;
  }

  #number(): number {
    const upstream = this.#unused;
    if (upstream < 0) return this.#highWater++;
    this.#unused = this.#next[upstream];
    return upstream;
  }

  /** Makes room for one descriptor: the oldest free socket goes, else the one that has rested longest. */
  #closeOne(): boolean {
    for (let slot = 0; this.free > 0 && slot < MAX_BACKENDS; slot++) {
      if (this.#heads[slot] >= 0) return this.#closeHead(slot);
    }
    return this.#heads[RESTING] >= 0 && this.#closeHead(RESTING);
  }

  #closeHead(list: number): boolean {
    this.close(this.#shift(list));
    return true;
  }

  /** Takes the head of a list for good. */
  #shift(list: number): number {
    if (list === RESTING) this.resting--;
    else this.free--;
    return this.#unlinkHead(list);
  }

  #unlinkHead(list: number): number {
    const upstream = this.#heads[list];
    this.#heads[list] = this.#next[upstream];
    if (this.#heads[list] < 0) this.#tails[list] = -1;
    return upstream;
  }

  #append(list: number, upstream: number): void {
    this.#next[upstream] = -1;
    if (this.#tails[list] >= 0) this.#next[this.#tails[list]] = upstream;
    else this.#heads[list] = upstream;
    this.#tails[list] = upstream;
  }
}
