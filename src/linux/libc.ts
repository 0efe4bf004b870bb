/**
 * The C library as typed functions: the only place that loads koffi.
 *
 * Every function answers the call's result, or `-errno` when it failed; nothing here throws once loaded. Functions
 * of the packet path take addresses as plain numbers (`int64`: no BigInt, no allocation), which must point into
 * mmap'd memory (memory.ts): V8 may move or free anything else between taking an address and using it. Functions
 * of slow paths take a typed array as well, which koffi holds still for the length of the call.
 */
import { createRequire } from "node:module";
import { NotSupportedError } from "../core/errors.js";
import { PR_SET_TIMERSLACK, SYS_EPOLL_PWAIT2 } from "./constants.js";
import { EIO } from "./errno.js";

/** Memory for one call: an address in mmap'd memory, or a typed array. */
export type Pointer = number | ArrayBufferView;

/** One thread's handle on the C library. Load it in the thread that uses it: errno is a thread's own. */
export interface Libc {
  socket(family: number, type: number, protocol: number): number;
  bind(fd: number, address: Pointer, length: number): number;
  connect(fd: number, address: Pointer, length: number): number;
  close(fd: number): number;
  getsockname(fd: number, address: Pointer, length: Pointer): number;
  /** For slow paths: to the address, whatever the socket's family. */
  sendto(
    fd: number,
    data: Pointer,
    length: number,
    flags: number,
    address: Pointer,
    addressLength: number,
  ): number;
  fcntl(fd: number, command: number, value: number): number;
  setsockopt(fd: number, level: number, name: number, value: Pointer, length: number): number;
  getsockopt(fd: number, level: number, name: number, value: Pointer, length: Pointer): number;
  recvmmsg(fd: number, messages: number, count: number, flags: number, timeout: number): number;
  sendmmsg(fd: number, messages: number, count: number, flags: number): number;
  recvmsg(fd: number, message: number, flags: number): number;
  sendmsg(fd: number, message: number, flags: number): number;
  send(fd: number, data: number, length: number, flags: number): number;
  recv(fd: number, data: number, length: number, flags: number): number;
  /** `name` and `nameLength` (socklen_t, in and out) are addresses, too. */
  recvfrom(fd: number, data: number, length: number, flags: number, name: number, nameLength: number): number;
  epollCreate1(flags: number): number;
  epollCtl(epollFd: number, operation: number, fd: number, event: Pointer): number;
  epollWait(epollFd: number, events: number, maxEvents: number, timeoutMs: number): number;
  /** usleep(3): sleeps at least so long, and as much longer as the thread's timer slack says. */
  usleep(microseconds: number): number;
  /** epoll_pwait2(2), since Linux 5.11: waits as long as the timespec at `timeout` says. -ENOSYS before. */
  epollPwait2(epollFd: number, events: number, maxEvents: number, timeout: number): number;
  /** Of the process with this number; `null` leaves its exit status unread. */
  waitpid(pid: number, status: Pointer | null, options: number): number;
  eventfd(initial: number, flags: number): number;
  read(fd: number, data: Pointer, length: number): number;
  write(fd: number, data: Pointer, length: number): number;
  mmap(
    address: number,
    length: number,
    protection: number,
    flags: number,
    fd: number,
    offset: number,
  ): number;
  munmap(address: number, length: number): number;
  /** prlimit(2) of this process; `null` leaves the limit alone or unread. */
  prlimit(resource: number, newLimit: Pointer | null, oldLimit: Pointer | null): number;
  /** Of the calling thread. */
  schedSetaffinity(maskBytes: number, mask: Pointer): number;
  /** Of the calling thread. */
  schedGetaffinity(maskBytes: number, mask: Pointer): number;
  /** Lets timers of the calling thread fire at most this late; the system's default is 50,000 ns. */
  setTimerSlack(nanoseconds: number): number;
  /** The index of a network interface, 1 and up; 0 when there is none of that name. */
  interfaceIndex(name: string): number;
  /** An ArrayBuffer on memory that this process has mapped. See memory.ts for what can go wrong. */
  view(address: number, length: number): ArrayBuffer;
}

type Koffi = typeof import("koffi");
type Native = (...args: unknown[]) => number;

/**
 * Loads the C library for the calling thread.
 * @throws NotSupportedError with the reason: not Linux, a processor other than x86-64 and arm64, koffi missing.
 */
export function loadLibc(): Libc {
  if (process.platform !== "linux") throw new NotSupportedError(`needs Linux, this is ${process.platform}`);
  if (process.arch !== "x64" && process.arch !== "arm64") {
    throw new NotSupportedError(`needs an x64 or arm64 processor, this is ${process.arch}`);
  }
  const koffi = loadKoffi();
  // The running program itself: glibc and musl alike are already in it.
  return bindFunctions(koffi, koffi.load(null));
}

function loadKoffi(): Koffi {
  try {
    return createRequire(import.meta.url)("koffi") as Koffi;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.split("\n")[0] : String(cause);
    throw new NotSupportedError(`koffi cannot be loaded: ${reason}`, { cause });
  }
}

function bindFunctions(koffi: Koffi, library: ReturnType<Koffi["load"]>): Libc {
  const native = (declaration: string): Native => library.func(declaration) as Native;
  const view = (address: number, length: number) => koffi.view(BigInt(address), length);
  const answer = createAnswer(native, view);
  return { ...bindPacketFunctions(native, answer), ...bindSlowFunctions(native, answer), view };
}

/**
 * Turns the -1 of a failed call into `-errno`. errno is read through a view on this thread's variable: 4 ns, where a
 * call to `koffi.errno()` costs 25, and no code of V8 or Node runs between the call's return and the read.
 */
function createAnswer(native: (declaration: string) => Native, view: Libc["view"]) {
  const errno = new Int32Array(view(native("int64 __errno_location()")(), 4));
  return (result: number): number => {
    if (result >= 0) return result;
    const number = errno[0];
    return number > 0 ? -number : -EIO; // a failure must never look like success
  };
}

type Answer = (result: number) => number;

/** One literal function for each call: a shared wrapper would make every call site megamorphic. */
function bindPacketFunctions(native: (declaration: string) => Native, answer: Answer) {
  const recvmmsg = native("int recvmmsg(int, int64, uint, int, int64)");
  const sendmmsg = native("int sendmmsg(int, int64, uint, int)");
  const recvmsg = native("int64 recvmsg(int, int64, int)");
  const sendmsg = native("int64 sendmsg(int, int64, int)");
  const send = native("int64 send(int, int64, int64, int)");
  const recv = native("int64 recv(int, int64, int64, int)");
  const recvfrom = native("int64 recvfrom(int, int64, int64, int, int64, int64)");
  const epollWait = native("int epoll_wait(int, int64, int, int)");
  const usleep = native("int usleep(uint)");
  // By number, for C libraries older than glibc 2.35; syscall(2) takes and gives long.
  const syscall = native("int64 syscall(int64, int64, int64, int64, int64, int64, int64)");
  return {
    epollPwait2: (fd, events, maxEvents, timeout) =>
      answer(syscall(SYS_EPOLL_PWAIT2, fd, events, maxEvents, timeout, 0, 0)),
    recvmmsg: (fd, messages, count, flags, timeout) => answer(recvmmsg(fd, messages, count, flags, timeout)),
    sendmmsg: (fd, messages, count, flags) => answer(sendmmsg(fd, messages, count, flags)),
    recvmsg: (fd, message, flags) => answer(recvmsg(fd, message, flags)),
    sendmsg: (fd, message, flags) => answer(sendmsg(fd, message, flags)),
    send: (fd, data, length, flags) => answer(send(fd, data, length, flags)),
    recv: (fd, data, length, flags) => answer(recv(fd, data, length, flags)),
    recvfrom: (fd, data, length, flags, name, nameLength) =>
      answer(recvfrom(fd, data, length, flags, name, nameLength)),
    usleep: (microseconds) => answer(usleep(microseconds)),
    epollWait: (fd, events, maxEvents, timeoutMs) => answer(epollWait(fd, events, maxEvents, timeoutMs)),
  } satisfies Partial<Libc>;
}

function bindSlowFunctions(native: (declaration: string) => Native, answer: Answer) {
  const wrap = <A extends unknown[]>(declaration: string): ((...args: A) => number) => {
    const call = native(declaration);
    return (...args) => answer(call(...args));
  };
  const prctl = native("int prctl(int, int64, int64, int64, int64)");
  const prlimit = native("int prlimit(int, int, const void *, void *)");
  const setaffinity = native("int sched_setaffinity(int, size_t, const void *)");
  const getaffinity = native("int sched_getaffinity(int, size_t, void *)");
  return {
    socket: wrap("int socket(int, int, int)"),
    bind: wrap("int bind(int, const void *, uint)"),
    connect: wrap("int connect(int, const void *, uint)"),
    close: wrap("int close(int)"),
    getsockname: wrap("int getsockname(int, void *, void *)"),
    sendto: wrap("int64 sendto(int, const void *, size_t, int, const void *, uint)"),
    // Variadic in C, which on both processors passes a third argument where a plain one goes.
    fcntl: wrap("int fcntl(int, int, int64)"),
    setsockopt: wrap("int setsockopt(int, int, int, const void *, uint)"),
    getsockopt: wrap("int getsockopt(int, int, int, void *, void *)"),
    epollCreate1: wrap("int epoll_create1(int)"),
    epollCtl: wrap("int epoll_ctl(int, int, int, void *)"),
    waitpid: wrap("int waitpid(int, void *, int)"),
    eventfd: wrap("int eventfd(uint, int)"),
    read: wrap("int64 read(int, void *, size_t)"),
    write: wrap("int64 write(int, const void *, size_t)"),
    mmap: wrap("int64 mmap(int64, size_t, int, int, int, int64)"),
    munmap: wrap("int munmap(int64, size_t)"),
    prlimit: (resource, newLimit, oldLimit) => answer(prlimit(0, resource, newLimit, oldLimit)),
    schedSetaffinity: (maskBytes, mask) => answer(setaffinity(0, maskBytes, mask)),
    schedGetaffinity: (maskBytes, mask) => answer(getaffinity(0, maskBytes, mask)),
    setTimerSlack: (nanoseconds) => answer(prctl(PR_SET_TIMERSLACK, nanoseconds, 0, 0, 0)),
    interfaceIndex: native("uint if_nametoindex(const char *)") as (name: string) => number,
  } satisfies Partial<Libc>;
}
