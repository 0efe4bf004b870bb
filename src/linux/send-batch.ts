/**
 * Sending many messages with one system call: an array of message headers, each with room for an address, control
 * messages and a list of iovecs of its own, so that messages can be filled in any order. Hot: nothing is allocated.
 *
 * To fill one: `reset`, `append` once or more, then `setName` unless the socket is connected, `setSegmentSize` when
 * it holds several datagrams, `setSource` on a wildcard socket. All data must lie in the batch's arena.
 */
import { MAX_IOVECS, MSG_DONTWAIT } from "./constants.js";
import { writeSegmentSize, writeSource } from "./control.js";
import type { Libc } from "./libc.js";
import { type Arena, readPointer, writePointer } from "./memory.js";
import {
  IOV_LENGTH,
  IOVEC_BYTES,
  IOVEC_WORDS,
  MMSGHDR_BYTES,
  MMSGHDR_WORDS,
  MSG_CONTROL,
  MSG_CONTROL_LENGTH,
  MSG_IOV,
  MSG_IOV_LENGTH,
  MSG_NAME,
  MSG_NAME_LENGTH,
  SEND_CONTROL_BYTES,
  writeIovec,
} from "./mmsg.js";
import { SOCKADDR_SLOT_BYTES, writeSockaddr } from "./sockaddr.js";

export interface SendBatchOptions {
  /** Most messages of one call. */
  readonly messages: number;
  /** Most pieces that one message is gathered from, 1 to 1,024. */
  readonly iovecsPerMessage: number;
}

/** Takes its memory from `arena` for good: see `sendBatchBytes`. */
export function createSendBatch(arena: Arena, options: SendBatchOptions): SendBatch {
  return new SendBatch(arena, options);
}

/** Bytes of arena that a batch with these options takes; iovecs cost real memory only once used. */
export function sendBatchBytes(options: SendBatchOptions): number {
  const perMessage =
    MMSGHDR_BYTES + SOCKADDR_SLOT_BYTES + SEND_CONTROL_BYTES + options.iovecsPerMessage * IOVEC_BYTES;
  return options.messages * perMessage + 4 * 64;
}

export class SendBatch {
  readonly messages: number;
  readonly iovecsPerMessage: number;
  readonly #arena: Arena;
  readonly #libc: Libc;
  readonly #u32: Uint32Array;
  readonly #headers: number; // word index of the first mmsghdr
  readonly #headersAddress: number;
  readonly #iovecs: number; // word index of the first iovec
  readonly #names: number;
  readonly #control: number;
  readonly #bytes: Uint32Array;

  constructor(arena: Arena, options: SendBatchOptions) {
    if (options.iovecsPerMessage > MAX_IOVECS) {
      throw new RangeError(`iovecsPerMessage ${options.iovecsPerMessage}: at most ${MAX_IOVECS}`);
    }
    this.messages = options.messages;
    this.iovecsPerMessage = options.iovecsPerMessage;
    this.#arena = arena;
    this.#libc = arena.libc;
    this.#u32 = arena.u32;
    const headers = arena.allocate(options.messages * MMSGHDR_BYTES);
    this.#headers = headers >> 2;
    this.#headersAddress = arena.address + headers;
    this.#names = arena.allocate(options.messages * SOCKADDR_SLOT_BYTES);
    this.#control = arena.allocate(options.messages * SEND_CONTROL_BYTES);
    this.#iovecs = arena.allocate(options.messages * options.iovecsPerMessage * IOVEC_BYTES) >> 2;
    this.#bytes = new Uint32Array(options.messages);
    for (let message = 0; message < options.messages; message++) this.#setUp(message);
  }

  /** Makes the message empty: no data, no address, no control messages. */
  reset(message: number): void {
    const header = this.#headers + message * MMSGHDR_WORDS;
    this.#u32[header + MSG_NAME_LENGTH] = 0;
    this.#u32[header + MSG_IOV_LENGTH] = 0;
    this.#u32[header + MSG_CONTROL_LENGTH] = 0;
    this.#bytes[message] = 0;
  }

  /** Adds `length` bytes at arena `offset`. False, and nothing added, when the message has all its pieces. */
  append(message: number, offset: number, length: number): boolean {
    const u32 = this.#u32;
    const header = this.#headers + message * MMSGHDR_WORDS;
    const pieces = u32[header + MSG_IOV_LENGTH];
    if (pieces >= this.iovecsPerMessage) return false;
    const iovec = this.#iovecs + (message * this.iovecsPerMessage + pieces) * IOVEC_WORDS;
    writeIovec(u32, iovec, this.#arena.address + offset, length);
    u32[header + MSG_IOV_LENGTH] = pieces + 1;
    this.#bytes[message] += length;
    return true;
  }

  /** Bytes appended since the last reset. */
  bytes(message: number): number {
    return this.#bytes[message];
  }

  /** Pieces appended since the last reset. */
  pieces(message: number): number {
    return this.#u32[this.#headers + message * MMSGHDR_WORDS + MSG_IOV_LENGTH];
  }

  /** Arena offset of a piece; the message's memory must not have been unmapped since. */
  pieceOffset(message: number, piece: number): number {
    const iovec = this.#iovecs + (message * this.iovecsPerMessage + piece) * IOVEC_WORDS;
    return readPointer(this.#u32, iovec) - this.#arena.address;
  }

  pieceLength(message: number, piece: number): number {
    return this.#u32[this.#iovecs + (message * this.iovecsPerMessage + piece) * IOVEC_WORDS + IOV_LENGTH];
  }

  /** Sets where the message goes, in the core's word form. False when a socket of that family cannot send there. */
  setName(
    message: number,
    words: ArrayLike<number>,
    wordOffset: number,
    scope: number,
    port: number,
    socketFamily: number,
  ): boolean {
    const offset = this.#names + message * SOCKADDR_SLOT_BYTES;
    const length = writeSockaddr(this.#arena, offset, words, wordOffset, scope, port, socketFamily);
    this.setNameAt(message, offset, length);
    return length > 0;
  }

  /** Sets where the message goes to a sockaddr that lies in the arena, such as the name of a received message. */
  setNameAt(message: number, offset: number, length: number): void {
    const header = this.#headers + message * MMSGHDR_WORDS;
    writePointer(this.#u32, header + MSG_NAME, this.#arena.address + offset);
    this.#u32[header + MSG_NAME_LENGTH] = length;
  }

  /**
   * Tells the kernel to cut the message into datagrams of `segmentBytes` each (UDP_SEGMENT), the last may be shorter.
   * The whole is at most 65,507 bytes, and 64 or 128 datagrams: see features.ts. At most once after a reset.
   */
  setSegmentSize(message: number, segmentBytes: number): void {
    const index = this.#controlEnd(message);
    this.#grow(message, writeSegmentSize(this.#u32, index, segmentBytes));
  }

  /** Sets the local address to send from, see `writeSource`. At most once after a reset. */
  setSource(
    message: number,
    words: ArrayLike<number>,
    wordOffset: number,
    interfaceIndex: number,
    socketFamily: number,
  ): void {
    const index = this.#controlEnd(message);
    this.#grow(message, writeSource(this.#u32, index, words, wordOffset, interfaceIndex, socketFamily));
  }

  /**
   * Sends `count` messages from `first` on. Answers how many the kernel took; the one after them failed, and
   * sending again from there says why. `-errno` when the first failed.
   */
  send(fd: number, first: number, count: number, flags = MSG_DONTWAIT): number {
    const address = first === 0 ? this.#headersAddress : this.#headersAddress + first * MMSGHDR_BYTES;
    if (count === 1) {
      const sent = this.#libc.sendmsg(fd, address, flags);
      return sent < 0 ? sent : 1;
    }
    return this.#libc.sendmmsg(fd, address, count, flags);
  }

  #controlEnd(message: number): number {
    const used = this.#u32[this.#headers + message * MMSGHDR_WORDS + MSG_CONTROL_LENGTH];
    return (this.#control + message * SEND_CONTROL_BYTES + used) >> 2;
  }

  #grow(message: number, bytes: number): void {
    this.#u32[this.#headers + message * MMSGHDR_WORDS + MSG_CONTROL_LENGTH] += bytes;
  }

  #setUp(message: number): void {
    const { address } = this.#arena;
    const header = this.#headers + message * MMSGHDR_WORDS;
    const iovec = (this.#iovecs + message * this.iovecsPerMessage * IOVEC_WORDS) << 2;
    writePointer(this.#u32, header + MSG_IOV, address + iovec);
    writePointer(this.#u32, header + MSG_CONTROL, address + this.#control + message * SEND_CONTROL_BYTES);
  }
}
