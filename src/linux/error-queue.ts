/**
 * The error queue of a socket with IP_RECVERR or IPV6_RECVERR (ip(7)): for each ICMP error the kernel keeps what went
 * wrong and, as data, as much of the offending datagram as the message quoted. What stands there came from the network:
 * it is read as if anything could. Hot while a backend refuses: nothing is allocated and nothing throws.
 *
 *   sock_extended_err (16 bytes)   0 errno u32 | 4 origin u8 | 5 type u8 | 6 code u8 | 8 info u32 | 12 data u32
 */
import {
  IP_RECVERR,
  IPV6_RECVERR,
  MSG_DONTWAIT,
  MSG_ERRQUEUE,
  MSG_TRUNC,
  SOL_IP,
  SOL_IPV6,
} from "./constants.js";
import type { Arena } from "./memory.js";
import { CMSGHDR_BYTES, controlSpace } from "./mmsg.js";
import { createReceiveBatch, type ReceiveBatch, receiveBatchBytes } from "./receive-batch.js";

const EXTENDED_ERROR_BYTES = 16;
/** sock_extended_err and a sockaddr_in6, and what other options may add. */
const CONTROL_BYTES = controlSpace(EXTENDED_ERROR_BYTES + 28) + 128;
const ORIGIN_ICMP = 2;
const ORIGIN_ICMP6 = 3;
/** Longer quotes are cut: no host quotes so much of anything but what it quotes whole. */
const BUFFER_BYTES = 2048;
const SLOTS = 16;

/** What `icmpOf` answers for anything but an error that an ICMP message told: no such message has type and code 0. */
export const NO_ERROR = 0;
/** In an answer of `icmpOf`: the message was ICMPv6. */
export const IS_IPV6 = 1 << 16;

/** Takes its memory from `arena` for good: `errorQueueBytes`. */
export function createErrorQueue(arena: Arena): ErrorQueue {
  return new ErrorQueue(arena);
}

export function errorQueueBytes(): number {
  return receiveBatchBytes({ slots: SLOTS, bufferBytes: BUFFER_BYTES, controlBytes: CONTROL_BYTES });
}

/** Reads several entries at a time; what the accessors say of a slot holds until the next `receive`. */
export class ErrorQueue {
  readonly slots = SLOTS;
  readonly #arena: Arena;
  readonly #batch: ReceiveBatch;

  constructor(arena: Arena) {
    this.#arena = arena;
    this.#batch = createReceiveBatch(arena, {
      slots: SLOTS,
      bufferBytes: BUFFER_BYTES,
      controlBytes: CONTROL_BYTES,
      names: false,
    });
  }

  /** Takes entries out of a socket's error queue: how many, or -EAGAIN when it is empty. */
  receive(fd: number): number {
    return this.#batch.receive(fd, SLOTS, MSG_ERRQUEUE | MSG_DONTWAIT);
  }

  /** The ICMP message of an entry: IS_IPV6, and type << 8 | code. NO_ERROR where no ICMP message told of it. */
  icmpOf(slot: number): number {
    const { u32 } = this.#arena;
    return icmpOf(u32, this.#batch.controlOffset(slot), this.#batch.controlLength(slot));
  }

  /** Where the quoted payload starts in the arena. */
  dataOffset(slot: number): number {
    return this.#batch.dataOffset(slot);
  }

  /** Bytes of payload that were quoted. */
  length(slot: number): number {
    return this.#batch.length(slot);
  }

  /** Whether more was quoted than there is room for. */
  isTruncated(slot: number): boolean {
    return (this.#batch.flags(slot) & MSG_TRUNC) !== 0;
  }
}

/**
 * The ICMP message that `length` bytes of control messages at `offset` (a multiple of 8) tell of, as IS_IPV6 and type << 8 | code;
 * NO_ERROR where there is none. Stops at the first control message that is malformed.
 */
export function icmpOf(u32: Uint32Array, offset: number, length: number): number {
  const end = offset + length;
  for (let at = offset; at + CMSGHDR_BYTES <= end; ) {
    const index = at >> 2;
    const bytes = u32[index];
    if (bytes < CMSGHDR_BYTES || bytes > end - at || u32[index + 1] !== 0) return NO_ERROR;
    const level = u32[index + 2];
    const type = u32[index + 3];
    const isError =
      (level === SOL_IP && type === IP_RECVERR) || (level === SOL_IPV6 && type === IPV6_RECVERR);
    if (isError && bytes >= CMSGHDR_BYTES + EXTENDED_ERROR_BYTES) {
      const word = u32[index + 5];
      const message = (word & 0xff00) | ((word >>> 16) & 0xff);
      const origin = word & 0xff;
      return origin === ORIGIN_ICMP ? message : origin === ORIGIN_ICMP6 ? IS_IPV6 | message : NO_ERROR;
    }
    at += (bytes + 7) & ~7;
  }
  return NO_ERROR;
}
