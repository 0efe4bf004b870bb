/**
 * A worker's upstream sockets. Each serves one flow and then rests, as docs/design/batched.md pictures
 * it. Opening and closing happen on the packet path: results are numbers, nothing throws.
 */
import { MAX_BACKENDS } from "../../core/snapshot.js";
import {
  AF_INET6,
  IP_RECVERR,
  IPV6_RECVERR,
  MSG_DONTWAIT,
  MSG_ERRQUEUE,
  SO_RCVBUF,
  SO_RCVBUFFORCE,
  SO_RXQ_OVFL,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  SOL_IP,
  SOL_IPV6,
  SOL_SOCKET,
  SOL_UDP,
  UDP_GRO,
} from "../../linux/constants.js";
import type { Epoll } from "../../linux/epoll.js";
import { EAGAIN, EMFILE, ENETUNREACH, ENFILE } from "../../linux/errno.js";
import type { Arena } from "../../linux/memory.js";
import { SOCKADDR_IN_BYTES, SOCKADDR_SLOT_BYTES, writeSockaddr } from "../../linux/sockaddr.js";

/** Epoll data of upstream 0; smaller numbers are listeners and the control descriptor. */
export const UPSTREAM_DATA = 0x10000;
const RECEIVE_BYTES = 1_048_576;
/** The lists of resting sockets: those whose flow had every reply, and the others. The first make room first. */
export const ANSWERED = 0;
export const UNANSWERED = 1;
const LISTS = 2;
/** For `setBackend`: its interface is not there. */
export const NO_ZONE = -1;
/** Most sockets that rest with every reply in: at more flows a second, the oldest serve again before their second is over. */
const MOST_ANSWERED = 8192;
const SCRATCH_BYTES = 16;

export interface UpstreamOptions {
  readonly arena: Arena;
  readonly epoll: Epoll;
  /** Shared: descriptor + 1 by upstream. */
  readonly descriptors: Int32Array;
  readonly gro: boolean;
  /** A reply whose flow was over was thrown away. */
  readonly late: (listener: number, backend: number) => void;
}

/** Whether a result of `take` says that descriptors are short, or local ports: connect(2) then answers EAGAIN. */
export function isShortage(result: number): boolean {
  return result === -EMFILE || result === -ENFILE || result === -EAGAIN;
}

export class Upstreams {
  /** By upstream: the flow it serves, or -1. */
  readonly flow: Int32Array;
  /** By upstream: backend and listener of the flow that it serves or served. */
  readonly backend: Uint16Array;
  readonly listener: Uint16Array;
  /** By upstream: how many flows it has served; its number may serve another socket, too. */
  readonly uses: Uint32Array;
  /** By upstream: datagrams that the kernel had dropped on it when it last said so. */
  readonly overflow: Uint32Array;
  /** By upstream: whether it has had several replies waiting, so that control messages tell of bursts and drops from then on. */
  readonly bursts: Uint8Array;
  /**
   * By upstream: whether its backend has sent nothing yet. The kernel gives a socket its port before its peer (connect(2) of an
   * unbound socket), so what anybody sent in between lies at the head of its queue.
   */
  readonly fresh: Uint8Array;
  /** By upstream: the turn in which it was last ready. */
  readonly turn: Int32Array;
  open = 0;
  resting = 0;

  readonly #options: UpstreamOptions;
  readonly #capacity: number;
  /** By upstream: when its rest ends. */
  readonly #untilMs: Float64Array;
  readonly #next: Int32Array;
  readonly #heads = new Int32Array(LISTS).fill(-1);
  readonly #tails = new Int32Array(LISTS).fill(-1);
  #answered = 0;
  #unused = -1;
  #highWater = 0;
  /** Arena offsets: a sockaddr for each backend slot, and ints for setsockopt. */
  readonly #addresses: number;
  readonly #addressLengths = new Uint8Array(MAX_BACKENDS);
  readonly #families = new Uint8Array(MAX_BACKENDS);
  readonly #noAddress: number;
  readonly #scratch: number;
  readonly #one: number;
  readonly #receiveBytes: number;

  constructor(options: UpstreamOptions) {
    const { arena, descriptors } = options;
    this.#options = options;
    this.#capacity = descriptors.length;
    this.flow = new Int32Array(this.#capacity).fill(-1);
    this.backend = new Uint16Array(this.#capacity);
    this.listener = new Uint16Array(this.#capacity);
    this.uses = new Uint32Array(this.#capacity);
    this.overflow = new Uint32Array(this.#capacity);
    this.bursts = new Uint8Array(this.#capacity);
    this.fresh = new Uint8Array(this.#capacity);
    this.turn = new Int32Array(this.#capacity);
    this.#untilMs = new Float64Array(this.#capacity);
    this.#next = new Int32Array(this.#capacity);
    this.#addresses = arena.allocate(MAX_BACKENDS * SOCKADDR_SLOT_BYTES);
    this.#noAddress = arena.allocate(SOCKADDR_SLOT_BYTES);
    this.#scratch = arena.allocate(SCRATCH_BYTES);
    this.#one = arena.allocate(4);
    this.#receiveBytes = arena.allocate(4);
    arena.i32[this.#one >> 2] = 1;
    arena.i32[this.#receiveBytes >> 2] = RECEIVE_BYTES;
  }

  /** Bytes of arena that it takes. */
  static arenaBytes(): number {
    return MAX_BACKENDS * SOCKADDR_SLOT_BYTES + 512;
  }

  /**
   * Where a backend is; before any flow is bound to it, and when its zone has another number.
   * @param zone number of its interface, 0 for none, NO_ZONE where that interface is not there
   */
  setBackend(slot: number, words: ArrayLike<number>, zone: number, port: number, family: number): void {
    const { arena } = this.#options;
    this.#families[slot] = family;
    if (zone === NO_ZONE) {
      this.#addressLengths[slot] = 0;
      return;
    }
    const offset = this.#addresses + slot * SOCKADDR_SLOT_BYTES;
    this.#addressLengths[slot] = writeSockaddr(arena, offset, words, 0, zone, port, family);
  }

  /** Whether the upstream's backend is reached over IPv6. */
  isIpv6(upstream: number): boolean {
    return this.#families[this.backend[upstream]] === AF_INET6;
  }

  /** Whether a sockaddr in the arena is that of the upstream's backend. */
  isBackend(upstream: number, name: number, nameLength: number): boolean {
    const { u32 } = this.#options.arena;
    const backend = this.backend[upstream];
    const bytes = this.#addressLengths[backend];
    const at = (this.#addresses + backend * SOCKADDR_SLOT_BYTES) >> 2;
    const other = name >> 2;
    if (nameLength !== bytes || u32[other] !== u32[at]) return false;
    if (bytes === SOCKADDR_IN_BYTES) return u32[other + 1] === u32[at + 1];
    // Word 1 is flow information, which the sender chooses; word 6 the zone, where the backend has one.
    for (let word = 2; word < 6; word++) if (u32[other + word] !== u32[at + word]) return false;
    return u32[at + 6] === 0 || u32[other + 6] === u32[at + 6];
  }

  /** One more than the highest upstream ever used. */
  get highWater(): number {
    return this.#highWater;
  }

  fd(upstream: number): number {
    return this.#options.descriptors[upstream] - 1;
  }

  /** A socket connected to the backend, for a flow of a listener; or `-errno`, -EMFILE when descriptors are short. */
  take(flow: number, backendSlot: number, listenerSlot: number): number {
    let upstream =
      this.#answered >= MOST_ANSWERED ? this.#reconnectOldest(backendSlot) : this.#openOne(backendSlot);
    if (isShortage(upstream) && this.#closeOldest()) upstream = this.#openOne(backendSlot);
    if (upstream < 0) return upstream;
    this.flow[upstream] = flow;
    this.uses[upstream]++;
    this.fresh[upstream] = 1;
    this.backend[upstream] = backendSlot;
    this.listener[upstream] = listenerSlot;
    return upstream;
  }

  /**
   * Its backend sends in bursts: further ones may arrive as one message each (UDP_GRO), and may be more than its queue
   * holds, of which the kernel tells from now on (SO_RXQ_OVFL: all that this socket has dropped). Before, neither can be.
   */
  expectBursts(upstream: number): void {
    if (this.bursts[upstream] !== 0) return;
    this.bursts[upstream] = 1;
    const { arena, gro } = this.#options;
    const fd = this.fd(upstream);
    arena.libc.setsockopt(fd, SOL_SOCKET, SO_RXQ_OVFL, arena.address + this.#one, 4);
    if (gro) arena.libc.setsockopt(fd, SOL_UDP, UDP_GRO, arena.address + this.#one, 4);
  }

  /** Its flow is over: it stays open until then, so that its port goes to nobody else. */
  rest(upstream: number, list: typeof ANSWERED | typeof UNANSWERED, untilMs: number): void {
    this.flow[upstream] = -1;
    this.#untilMs[upstream] = untilMs;
    this.#append(list, upstream);
    this.resting++;
    if (list === ANSWERED) this.#answered++;
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

  /** Closes sockets that have rested, at most `most` of each list. */
  expire(nowMs: number, most: number): void {
    for (let list = 0; list < LISTS; list++) {
      for (let i = 0; i < most; i++) {
        const upstream = this.#heads[list];
        if (upstream < 0 || this.#untilMs[upstream] > nowMs) break;
        this.#closeHead(list);
      }
    }
  }

  /** Makes room for another process: closes those with every reply in, and the others whose rest is over by then. */
  closeUntil(untilMs: number): void {
    while (this.#heads[ANSWERED] >= 0) this.#closeHead(ANSWERED);
    for (let left = this.resting; left > 0; left--) {
      if (this.#untilMs[this.#heads[UNANSWERED]] <= untilMs) this.#closeHead(UNANSWERED);
      else {
        const upstream = this.#takeHead(UNANSWERED);
        this.#append(UNANSWERED, upstream);
        this.resting++;
      }
    }
  }

  closeAll(): void {
    for (let upstream = 0; upstream < this.#highWater; upstream++) {
      if (this.#options.descriptors[upstream] > 0) this.close(upstream);
    }
  }

  #openOne(backendSlot: number): number {
    if (this.#addressLengths[backendSlot] === 0) return -ENETUNREACH;
    if (this.open >= this.#capacity) return -EMFILE;
    const { arena, epoll, descriptors } = this.#options;
    const { libc, address } = arena;
    const fd = libc.socket(this.#families[backendSlot], SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return fd;
    if (libc.setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, address + this.#receiveBytes, 4) < 0) {
      libc.setsockopt(fd, SOL_SOCKET, SO_RCVBUF, address + this.#receiveBytes, 4);
    }
    const name = address + this.#addresses + backendSlot * SOCKADDR_SLOT_BYTES;
    const connected = libc.connect(fd, name, this.#addressLengths[backendSlot]);
    // After the connect: before it anybody's ICMP error would be taken for the backend's.
    if (this.#families[backendSlot] === AF_INET6)
      libc.setsockopt(fd, SOL_IPV6, IPV6_RECVERR, address + this.#one, 4);
    else libc.setsockopt(fd, SOL_IP, IP_RECVERR, address + this.#one, 4);
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
    this.bursts[upstream] = 0;
    this.open++;
    return upstream;
  }

  /**
   * Empties a socket's queues. A pending error is told first: then, and only then, there may be something in the error
   * queue, which must not be taken for the next flow's.
   */
  #drain(upstream: number, fd: number): void {
    const { arena, late } = this.#options;
    const scratch = arena.address + this.#scratch;
    for (;;) {
      const result = arena.libc.recv(fd, scratch, SCRATCH_BYTES, MSG_DONTWAIT);
      if (result === -EAGAIN) return;
      if (result >= 0) late(this.listener[upstream], this.backend[upstream]);
      else while (arena.libc.recv(fd, scratch, SCRATCH_BYTES, MSG_ERRQUEUE | MSG_DONTWAIT) >= 0);
    }
  }

  #number(): number {
    const upstream = this.#unused;
    if (upstream < 0) return this.#highWater++;
    this.#unused = this.#next[upstream];
    return upstream;
  }

  /** Makes room for one descriptor. */
  #closeOldest(): boolean {
    if (this.#heads[ANSWERED] >= 0) return this.#closeHead(ANSWERED);
    return this.#heads[UNANSWERED] >= 0 && this.#closeHead(UNANSWERED);
  }

  #closeHead(list: number): boolean {
    this.close(this.#takeHead(list));
    return true;
  }

  #takeHead(list: number): number {
    const upstream = this.#heads[list];
    this.#heads[list] = this.#next[upstream];
    if (this.#heads[list] < 0) this.#tails[list] = -1;
    this.resting--;
    if (list === ANSWERED) this.#answered--;
    return upstream;
  }

  /**
   * Gives the socket that has rested longest another port and another backend: cheaper than closing one and opening the
   * next. Disconnected it has no port, so nothing new arrives; what had arrived is thrown away before it is connected anew.
   */
  #reconnectOldest(backendSlot: number): number {
    const upstream = this.#takeHead(ANSWERED);
    if (this.#families[this.backend[upstream]] === this.#families[backendSlot]) {
      const { arena } = this.#options;
      const { libc, address } = arena;
      const fd = this.fd(upstream);
      if (libc.connect(fd, address + this.#noAddress, SOCKADDR_IN_BYTES) === 0) {
        this.#drain(upstream, fd);
        const name = address + this.#addresses + backendSlot * SOCKADDR_SLOT_BYTES;
        if (libc.connect(fd, name, this.#addressLengths[backendSlot]) === 0) return upstream;
      }
    }
    this.close(upstream);
    return this.#openOne(backendSlot);
  }

  #append(list: number, upstream: number): void {
    this.#next[upstream] = -1;
    if (this.#tails[list] >= 0) this.#next[this.#tails[list]] = upstream;
    else this.#heads[list] = upstream;
    this.#tails[list] = upstream;
  }
}
