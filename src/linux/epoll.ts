/**
 * epoll with its events in an arena. The event layout differs by processor: x86-64 packs it.
 *
 *   x86-64  12 bytes: 0 events u32 | 4 data u64         others  16 bytes: 0 events u32 | 8 data u64
 */
import { EPOLL_CLOEXEC, EPOLL_CTL_ADD, EPOLL_CTL_DEL, EPOLL_CTL_MOD, EPOLLIN } from "./constants.js";
import { ENOSYS } from "./errno.js";
import type { Libc } from "./libc.js";
import type { Arena } from "./memory.js";
import { check } from "./syscall-error.js";

const PACKED = process.arch === "x64";
const EVENT_WORDS = PACKED ? 3 : 4;
const TIMESPEC_BYTES = 16; // seconds i64, nanoseconds i64
const DATA_WORD = PACKED ? 1 : 2;

/** Opens an epoll set that reports at most `maxEvents` at a time. @throws SyscallError */
export function openEpoll(arena: Arena, maxEvents: number): Epoll {
  return new Epoll(arena, check(arena.libc.epollCreate1(EPOLL_CLOEXEC), "epoll_create1"), maxEvents);
}

/** Bytes of arena that a set takes. */
export function epollBytes(maxEvents: number): number {
  return (maxEvents + 1) * EVENT_WORDS * 4 + TIMESPEC_BYTES + 3 * 64;
}

/** `add`, `modify` and `remove` answer 0 or `-errno`: flows come and go on the packet path, where nothing throws. */
export class Epoll {
  readonly #libc: Libc;
  readonly #u32: Uint32Array;
  readonly #events: number; // word index
  readonly #eventsAddress: number;
  readonly #request: number; // word index of the event that add and modify pass
  readonly #requestAddress: number;
  readonly #timeout: number; // word index of a struct timespec
  readonly #timeoutAddress: number;
  readonly #maxEvents: number;
  #fd: number;

  constructor(arena: Arena, fd: number, maxEvents: number) {
    this.#libc = arena.libc;
    this.#u32 = arena.u32;
    this.#fd = fd;
    this.#maxEvents = maxEvents;
    const events = arena.allocate(maxEvents * EVENT_WORDS * 4);
    this.#events = events >> 2;
    this.#eventsAddress = arena.address + events;
    const request = arena.allocate(EVENT_WORDS * 4);
    this.#request = request >> 2;
    this.#requestAddress = arena.address + request;
    const timeout = arena.allocate(TIMESPEC_BYTES);
    this.#timeout = timeout >> 2;
    this.#timeoutAddress = arena.address + timeout;
  }

  get fd(): number {
    return this.#fd;
  }

  /** Watches `fd`; `data` (0 to 2^32 - 1) is what its events will carry. */
  add(fd: number, data: number, events = EPOLLIN): number {
    return this.#control(EPOLL_CTL_ADD, fd, data, events);
  }

  modify(fd: number, data: number, events: number): number {
    return this.#control(EPOLL_CTL_MOD, fd, data, events);
  }

  /** Closing the last descriptor of a socket removes it as well. */
  remove(fd: number): number {
    return this.#control(EPOLL_CTL_DEL, fd, 0, 0);
  }

  /**
   * Waits until something is ready or `timeoutMs` is over, -1 for ever. Answers the number of events, or `-errno`.
   * A worker thread inside this call cannot be stopped from outside: use a timeout, or an eventfd in the set.
   */
  wait(timeoutMs: number): number {
    return this.#libc.epollWait(this.#fd, this.#eventsAddress, this.#maxEvents, timeoutMs);
  }

  /** As `wait`, to the nanosecond where the kernel can (Linux 5.11), else to the next whole millisecond. */
  waitNs(timeoutNs: number): number {
    const seconds = Math.floor(timeoutNs / 1e9);
    this.#u32[this.#timeout] = seconds;
    this.#u32[this.#timeout + 2] = timeoutNs - seconds * 1e9;
    const ready = this.#libc.epollPwait2(
      this.#fd,
      this.#eventsAddress,
      this.#maxEvents,
      this.#timeoutAddress,
    );
    return ready === -ENOSYS ? this.wait(Math.ceil(timeoutNs / 1e6)) : ready;
  }

  /** What `add` was given for event `index` of the last wait. */
  data(index: number): number {
    return this.#u32[this.#events + index * EVENT_WORDS + DATA_WORD];
  }

  /** EPOLLIN and so on for event `index` of the last wait. */
  events(index: number): number {
    return this.#u32[this.#events + index * EVENT_WORDS];
  }

  /** Idempotent. */
  close(): void {
    if (this.#fd < 0) return;
    const fd = this.#fd;
    this.#fd = -1;
    check(this.#libc.close(fd), "close");
  }

  #control(operation: number, fd: number, data: number, events: number): number {
    this.#u32[this.#request] = events;
    this.#u32[this.#request + DATA_WORD] = data;
    this.#u32[this.#request + DATA_WORD + 1] = 0;
    return this.#libc.epollCtl(this.#fd, operation, fd, this.#requestAddress);
  }
}
