/**
 * Messages to a service manager by the protocol of sd_notify(3): datagrams of text to a Unix socket, which `node:dgram`
 * cannot send.
 */
import { AF_UNIX, MSG_DONTWAIT, SOCK_CLOEXEC, SOCK_DGRAM } from "./constants.js";
import type { Libc } from "./libc.js";
import { check } from "./syscall-error.js";

/** `sun_path` of unix(7). */
const MOST_PATH_BYTES = 108;
const FAMILY_BYTES = 2;

/**
 * A sender to the socket at `path`, or where that begins with `@` to the abstract one of that name.
 * @throws RangeError for a path that no Unix socket can have, SyscallError when no socket can be opened
 */
export function openNotifySocket(libc: Libc, path: string): NotifySocket {
  const address = writeUnixAddress(path);
  return new NotifySocket(libc, check(libc.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket"), address);
}

export class NotifySocket {
  readonly #libc: Libc;
  readonly #address: Uint8Array;
  #fd: number;

  constructor(libc: Libc, fd: number, address: Uint8Array) {
    this.#libc = libc;
    this.#fd = fd;
    this.#address = address;
  }

  /** Sends one message. Never waits. @throws SyscallError when nobody can receive it */
  send(text: string): void {
    const bytes = Buffer.from(text);
    const { length } = this.#address;
    check(this.#libc.sendto(this.#fd, bytes, bytes.length, MSG_DONTWAIT, this.#address, length), "sendto");
  }

  /** Idempotent. */
  close(): void {
    if (this.#fd < 0) return;
    const fd = this.#fd;
    this.#fd = -1;
    check(this.#libc.close(fd), "close");
  }
}

/** A `sockaddr_un`: an abstract name begins with a zero byte and ends with the address; a path ends with a zero byte. */
export function writeUnixAddress(path: string): Uint8Array {
  const isAbstract = path.startsWith("@");
  const name = Buffer.from(isAbstract ? `\0${path.slice(1)}` : `${path}\0`);
  if (name.length < 2 || name.length > MOST_PATH_BYTES || !/^[/@]/.test(path)) {
    throw new RangeError(`${JSON.stringify(path)} is no path of a Unix socket`);
  }
  const address = new Uint8Array(FAMILY_BYTES + name.length);
  address[0] = AF_UNIX;
  address.set(name, FAMILY_BYTES);
  return address;
}
