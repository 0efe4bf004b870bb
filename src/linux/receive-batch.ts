/**
 * Receiving many messages with one system call: an array of message headers, set up once, each with its own buffer,
 * sender's address and control buffer. Hot: `receive` and the accessors allocate nothing.
 */
import { MSG_DONTWAIT } from "./constants.js";
import { parseControl } from "./control.js";
import type { Libc } from "./libc.js";
import { type Arena, writePointer } from "./memory.js";
import {
  IOVEC_BYTES,
  MMSGHDR_BYTES,
  MMSGHDR_WORDS,
  MSG_CONTROL,
  MSG_CONTROL_LENGTH,
  MSG_FLAGS,
  MSG_IOV,
  MSG_IOV_LENGTH,
  MSG_LENGTH,
  MSG_NAME,
  MSG_NAME_LENGTH,
  RECEIVE_CONTROL_BYTES,
  writeIovec,
} from "./mmsg.js";
import { readSockaddr, SOCKADDR_IN6_BYTES, SOCKADDR_SLOT_BYTES } from "./sockaddr.js";

export interface ReceiveBatchOptions {
  /** Most messages of one call. */
  readonly slots: number;
  /** Room for one message: 65,535 with UDP_GRO, else what a datagram may have. Longer ones come with MSG_TRUNC. */
  readonly bufferBytes: number;
  /** Room for control messages; 0 for none. Default: enough for all that this room's sockets can ask for. */
  readonly controlBytes?: number;
  /** Whether to note who sent each message; off saves a copy on connected sockets. Default true. */
  readonly names?: boolean;
}

/** Takes its memory from `arena` for good: see `receiveBatchBytes`. */
export function createReceiveBatch(arena: Arena, options: ReceiveBatchOptions): ReceiveBatch {
  return new ReceiveBatch(arena, options);
}

/** Bytes of arena that a batch with these options takes. */
export function receiveBatchBytes(options: ReceiveBatchOptions): number {
  const { dataStride, controlStride } = strides(options);
  const perSlot = MMSGHDR_BYTES + IOVEC_BYTES + SOCKADDR_SLOT_BYTES + dataStride + controlStride;
  return options.slots * perSlot + 5 * 64;
}

/** Slots are numbered from 0; what the accessors say holds until the next `receive` that covers the slot. */
export class ReceiveBatch {
  readonly slots: number;
  readonly bufferBytes: number;
  readonly #arena: Arena;
  readonly #libc: Libc;
  readonly #u32: Uint32Array;
  readonly #headers: number; // word index of the first mmsghdr
  readonly #headersAddress: number;
  readonly #names: number;
  readonly #nameBytes: number;
  readonly #data: number;
  readonly #dataStride: number;
  readonly #control: number;
  readonly #controlStride: number;
  readonly #controlBytes: number;
  #used = 0; // slots from here on have never been written by the kernel since their reset

  constructor(arena: Arena, options: ReceiveBatchOptions) {
    const { dataStride, controlStride, controlBytes } = strides(options);
    this.slots = options.slots;
    this.bufferBytes = options.bufferBytes;
    this.#arena = arena;
    this.#libc = arena.libc;
    this.#u32 = arena.u32;
    const headers = arena.allocate(options.slots * MMSGHDR_BYTES);
    this.#headers = headers >> 2;
    this.#headersAddress = arena.address + headers;
    this.#names = arena.allocate(options.slots * SOCKADDR_SLOT_BYTES);
    this.#nameBytes = options.names === false ? 0 : SOCKADDR_IN6_BYTES;
    this.#control = arena.allocate(options.slots * controlStride);
    this.#controlStride = controlStride;
    this.#controlBytes = controlBytes;
    const iovecs = arena.allocate(options.slots * IOVEC_BYTES);
    this.#data = arena.allocate(options.slots * dataStride);
    this.#dataStride = dataStride;
    for (let slot = 0; slot < options.slots; slot++) this.#setUp(slot, iovecs + slot * IOVEC_BYTES);
  }

  /**
   * Receives up to `max` messages into the slots from `first` on. Answers how many came, or `-errno`: -EAGAIN when
   * there is none; on a connected socket -ECONNREFUSED when its peer's port is closed.
   */
  receive(fd: number, max: number, flags = MSG_DONTWAIT, first = 0): number {
    const room = this.slots - first;
    const count = Math.min(max, room);
    this.#reset(first, first + count);
    const address = first === 0 ? this.#headersAddress : this.#headersAddress + first * MMSGHDR_BYTES;
    const received = this.#libc.recvmmsg(fd, address, count, flags, 0);
    if (received > 0 && first + received > this.#used) this.#used = first + received;
    return received;
  }

  /**
   * Receives one message into a slot by recv(2), which costs less than a batch of one and tells neither sender nor control
   * messages. Answers 1, or `-errno`.
   */
  receiveOne(fd: number, slot: number): number {
    const length = this.#libc.recv(
      fd,
      this.#arena.address + this.dataOffset(slot),
      this.bufferBytes,
      MSG_DONTWAIT,
    );
    if (length < 0) return length;
    this.#u32[this.#headers + slot * MMSGHDR_WORDS + MSG_NAME_LENGTH] = 0;
    return this.#received(slot, length);
  }

  /** As `receiveOne`, but tells the sender, also where the batch's names are off. */
  receiveOneWithName(fd: number, slot: number): number {
    const nameLength = this.#headers + slot * MMSGHDR_WORDS + MSG_NAME_LENGTH;
    this.#u32[nameLength] = SOCKADDR_IN6_BYTES;
    const { address } = this.#arena;
    const length = this.#libc.recvfrom(
      fd,
      address + this.dataOffset(slot),
      this.bufferBytes,
      MSG_DONTWAIT,
      address + this.nameOffset(slot),
      address + nameLength * 4,
    );
    if (slot >= this.#used) this.#used = slot + 1;
    return length < 0 ? length : this.#received(slot, length);
  }

  #received(slot: number, length: number): number {
    const header = this.#headers + slot * MMSGHDR_WORDS;
    this.#u32[header + MSG_LENGTH] = length;
    this.#u32[header + MSG_CONTROL_LENGTH] = 0;
    this.#u32[header + MSG_FLAGS] = 0;
    if (slot >= this.#used) this.#used = slot + 1;
    return 1;
  }

  /** Bytes received; never more than `bufferBytes`. */
  length(slot: number): number {
    return this.#u32[this.#headers + slot * MMSGHDR_WORDS + MSG_LENGTH];
  }

  /** MSG_TRUNC when the message was longer than its buffer, MSG_CTRUNC when control messages were cut off. */
  flags(slot: number): number {
    return this.#u32[this.#headers + slot * MMSGHDR_WORDS + MSG_FLAGS];
  }

  /** Where the slot's bytes start in the arena; always the same. */
  dataOffset(slot: number): number {
    return this.#data + slot * this.#dataStride;
  }

  /** Where the sender's sockaddr starts in the arena; always the same. */
  nameOffset(slot: number): number {
    return this.#names + slot * SOCKADDR_SLOT_BYTES;
  }

  /** Bytes of the sender's sockaddr; 0 when names are off. */
  nameLength(slot: number): number {
    return this.#u32[this.#headers + slot * MMSGHDR_WORDS + MSG_NAME_LENGTH];
  }

  /** Reads the sender's address into `out`, as `readSockaddr` does. */
  readName(slot: number, out: Uint32Array, outOffset: number): boolean {
    return readSockaddr(this.#arena, this.nameOffset(slot), this.nameLength(slot), out, outOffset);
  }

  /** Whether the slot came with control messages. */
  hasControl(slot: number): boolean {
    return this.#u32[this.#headers + slot * MMSGHDR_WORDS + MSG_CONTROL_LENGTH] !== 0;
  }

  /** Reads the slot's control messages into `out`, which is CONTROL_WORDS long: see control.ts. */
  parseControl(slot: number, out: Uint32Array): void {
    parseControl(this.#u32, this.controlOffset(slot), this.controlLength(slot), out);
  }

  /** Where the slot's control messages start in the arena; always the same, and a multiple of 8. */
  controlOffset(slot: number): number {
    return this.#control + slot * this.#controlStride;
  }

  /** Bytes of control messages, never more than there is room for. */
  controlLength(slot: number): number {
    const length = this.#u32[this.#headers + slot * MMSGHDR_WORDS + MSG_CONTROL_LENGTH];
    return Math.min(length, this.#controlBytes);
  }

  /** Puts back what the kernel shortens: only in slots that it has written. */
  #reset(first: number, end: number): void {
    const dirtyEnd = Math.min(end, this.#used);
    for (let slot = first; slot < dirtyEnd; slot++) {
      const header = this.#headers + slot * MMSGHDR_WORDS;
      this.#u32[header + MSG_NAME_LENGTH] = this.#nameBytes;
      this.#u32[header + MSG_CONTROL_LENGTH] = this.#controlBytes;
    }
    if (end >= this.#used && first < this.#used) this.#used = first;
  }

  #setUp(slot: number, iovec: number): void {
    const { address } = this.#arena;
    const header = this.#headers + slot * MMSGHDR_WORDS;
    writeIovec(this.#u32, iovec >> 2, address + this.dataOffset(slot), this.bufferBytes);
    writePointer(this.#u32, header + MSG_IOV, address + iovec);
    this.#u32[header + MSG_IOV_LENGTH] = 1;
    if (this.#nameBytes > 0) writePointer(this.#u32, header + MSG_NAME, address + this.nameOffset(slot));
    this.#u32[header + MSG_NAME_LENGTH] = this.#nameBytes;
    if (this.#controlBytes === 0) return;
    writePointer(this.#u32, header + MSG_CONTROL, address + this.#control + slot * this.#controlStride);
    this.#u32[header + MSG_CONTROL_LENGTH] = this.#controlBytes;
  }
}

function strides(options: ReceiveBatchOptions) {
  const controlBytes = options.controlBytes ?? RECEIVE_CONTROL_BYTES;
  return {
    controlBytes,
    controlStride: Math.ceil(controlBytes / 8) * 8,
    dataStride: Math.ceil(options.bufferBytes / 64) * 64,
  };
}
