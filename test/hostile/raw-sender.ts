/** A raw socket that sends whole IP packets, hundreds with each system call. Needs Linux and CAP_NET_RAW. */
import { parseEndpoint } from "#src/core/address.js";
import { AF_INET, AF_INET6 } from "#src/linux/constants.js";
import { toSocketAddress } from "#src/linux/endpoint.js";
import { loadLibc } from "#src/linux/libc.js";
import { openArena } from "#src/linux/memory.js";
import { createSendBatch, sendBatchBytes } from "#src/linux/send-batch.js";
import { check } from "#src/linux/syscall-error.js";

const SOCK_RAW = 3;
/** raw(7): the header is ours, with IPv6 as well. */
const IPPROTO_RAW = 255;
export const BATCH = 256;
const SLOT_BYTES = 2048;

/** Must be closed. */
export function openRawSender(targetIp: string): RawSender {
  return new RawSender(targetIp);
}

export class RawSender {
  /** Of all slots; a packet begins at `slot(i)`. */
  readonly view: DataView;
  readonly u8: Uint8Array;
  readonly #arena;
  readonly #batch;
  readonly #fd: number;
  readonly #data: number;
  readonly #target;
  readonly #family: typeof AF_INET | typeof AF_INET6;

  constructor(targetIp: string) {
    const six = targetIp.includes(":");
    this.#family = six ? AF_INET6 : AF_INET;
    const libc = loadLibc();
    const options = { messages: BATCH, iovecsPerMessage: 1 };
    this.#arena = openArena(libc, sendBatchBytes(options) + BATCH * SLOT_BYTES + 4096);
    this.#batch = createSendBatch(this.#arena, options);
    this.#data = this.#arena.allocate(BATCH * SLOT_BYTES);
    this.u8 = this.#arena.u8;
    this.view = new DataView(this.u8.buffer);
    this.#target = toSocketAddress(libc, parseEndpoint(six ? `[${targetIp}]:0` : `${targetIp}:0`));
    this.#fd = check(libc.socket(this.#family, SOCK_RAW, IPPROTO_RAW), "socket");
  }

  slot(message: number): number {
    return this.#data + message * SLOT_BYTES;
  }

  /** Says how long the packet in a slot is. */
  fill(message: number, bytes: number): void {
    this.#batch.reset(message);
    this.#batch.append(message, this.slot(message), bytes);
    this.#batch.setName(message, this.#target.words, 0, 0, 0, this.#family);
  }

  /** Waits until all are sent. @throws SyscallError */
  send(count: number): void {
    for (let sent = 0; sent < count; )
      sent += check(this.#batch.send(this.#fd, sent, count - sent, 0), "sendmmsg");
  }

  close(): void {
    this.#arena.libc.close(this.#fd);
    this.#arena.close();
  }
}
