/** An eventfd: one thread wakes another out of `epoll_wait`. Its descriptor number may be posted between threads. */
import { EFD_CLOEXEC, EFD_NONBLOCK } from "./constants.js";
import { EAGAIN } from "./errno.js";
import type { Libc } from "./libc.js";
import { check } from "./syscall-error.js";

/** Opens one; the thread that opened it closes it, after the others stopped using it. @throws SyscallError */
export function openEventFd(libc: Libc): EventFd {
  return new EventFd(libc, check(libc.eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd"));
}

/** `new EventFd(libc, fd)` in a second thread shares the first one's descriptor. */
export class EventFd {
  readonly #libc: Libc;
  readonly #counter = new BigUint64Array(1);
  #fd: number;

  constructor(libc: Libc, fd: number) {
    this.#libc = libc;
    this.#fd = fd;
  }

  get fd(): number {
    return this.#fd;
  }

  /** Makes the descriptor readable. Signals that were not cleared yet count as one. */
  signal(): void {
    this.#counter[0] = 1n;
    const result = this.#libc.write(this.#fd, this.#counter, 8);
    if (result !== -EAGAIN) check(result, "write", "eventfd");
  }

  /** True when there was a signal since the last clear. */
  clear(): boolean {
    const result = this.#libc.read(this.#fd, this.#counter, 8);
    return result !== -EAGAIN && check(result, "read", "eventfd") === 8;
  }

  /** Idempotent. */
  close(): void {
    if (this.#fd < 0) return;
    const fd = this.#fd;
    this.#fd = -1;
    check(this.#libc.close(fd), "close");
  }
}
