/**
 * Messages to send, each one datagram or a burst of equal ones that the kernel cuts apart (UDP_SEGMENT). It sits on a
 * `SendBatch`, knows what a burst may hold, and remembers what each message holds so that a refused one can be told
 * apart again.
 */
import type { Arena } from "../../linux/memory.js";
import { createSendBatch, type SendBatch, type SendBatchOptions } from "../../linux/send-batch.js";

/** Most bytes of one message: what an IPv4 datagram may carry. */
const MOST_BYTES = 65_507;

export class Bursts {
  readonly batch: SendBatch;
  readonly messages: number;
  /** Messages filled so far. */
  count = 0;
  /** By message: datagrams, bytes of each (the last may have fewer), and whose they are; the user says what that is. */
  readonly datagrams: Uint32Array;
  readonly segment: Uint32Array;
  readonly owner: Int32Array;
  readonly #maxSegments: number;
  /** Whether the message at `count` - 1 may still grow. */
  #growing = false;

  constructor(arena: Arena, options: SendBatchOptions, maxSegments: number) {
    this.batch = createSendBatch(arena, options);
    this.messages = options.messages;
    this.datagrams = new Uint32Array(options.messages);
    this.segment = new Uint32Array(options.messages);
    this.owner = new Int32Array(options.messages);
    this.#maxSegments = maxSegments;
  }

  get full(): boolean {
    return this.count === this.messages;
  }

  clear(): void {
    this.count = 0;
    this.#growing = false;
  }

  /** Bytes of a message in all. */
  bytes(message: number): number {
    return this.batch.bytes(message);
  }

  /**
   * Adds a piece of `bytes` at arena `offset`: one datagram, or several of `segment` bytes of which the last may be
   * shorter. Joins the last message where that may grow with it. Not when `full`, unless it joins.
   * @param largest most bytes of a datagram for a burst on this path, 0 for no bursts; larger ones must come alone
   * @returns true when a message was begun: the caller then gives it its address
   */
  add(offset: number, bytes: number, segment: number, owner: number, largest: number): boolean {
    const datagrams = bytes <= segment ? 1 : Math.ceil(bytes / segment);
    const size = datagrams === 1 ? bytes : segment;
    if (this.#growing && this.#join(offset, bytes, size, datagrams, owner)) return false;
    const message = this.count++;
    this.batch.reset(message);
    this.batch.append(message, offset, bytes);
    this.datagrams[message] = datagrams;
    this.segment[message] = size;
    this.owner[message] = owner;
    // Whole segments only: a shorter last datagram ends a burst, and nothing can be cut at 0 bytes.
    this.#growing = size > 0 && size <= largest && bytes === datagrams * size;
    return true;
  }

  /** No more pieces for the last message: the next `add` begins another. */
  end(): void {
    this.#growing = false;
  }

  /** Tells the kernel where to cut. Once for each message, after its last piece. */
  seal(first: number): void {
    for (let message = first; message < this.count; message++) {
      if (this.datagrams[message] > 1) this.batch.setSegmentSize(message, this.segment[message]);
    }
    this.#growing = false;
  }

  #join(offset: number, bytes: number, segment: number, datagrams: number, owner: number): boolean {
    const message = this.count - 1;
    const size = this.segment[message];
    const total = this.datagrams[message] + datagrams;
    if (this.owner[message] !== owner || total > this.#maxSegments || bytes === 0) return false;
    if (this.batch.bytes(message) + bytes > MOST_BYTES) return false;
    if (segment !== size && !(datagrams === 1 && bytes < size)) return false;
    if (!this.batch.append(message, offset, bytes)) return false;
    this.datagrams[message] = total;
    if (bytes !== datagrams * size) this.#growing = false;
    return true;
  }
}
