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
  /** By message: whether it may still grow. */
  readonly #growing: Uint8Array;

  constructor(arena: Arena, options: SendBatchOptions, maxSegments: number) {
    this.batch = createSendBatch(arena, options);
    this.messages = options.messages;
    this.datagrams = new Uint32Array(options.messages);
    this.segment = new Uint32Array(options.messages);
    this.owner = new Int32Array(options.messages);
    this.#growing = new Uint8Array(options.messages);
    this.#maxSegments = maxSegments;
  }

  get full(): boolean {
    return this.count === this.messages;
  }

  clear(): void {
    this.count = 0;
  }

  /** Bytes of a message in all. */
  bytes(message: number): number {
    return this.batch.bytes(message);
  }

  /**
   * Begins a message with a piece of `bytes` at arena `offset`: one datagram, or several of `segment` bytes of which the
   * last may be shorter. Not when `full`. The caller gives it its address.
   * @param largest most bytes of a datagram for a burst on this path, 0 for no bursts; larger ones must come alone
   */
  begin(offset: number, bytes: number, segment: number, owner: number, largest: number): void {
    const datagrams = bytes <= segment ? 1 : Math.ceil(bytes / segment);
    const size = datagrams === 1 ? bytes : segment;
    const message = this.count++;
    this.batch.reset(message);
    this.batch.append(message, offset, bytes);
    this.datagrams[message] = datagrams;
    this.segment[message] = size;
    this.owner[message] = owner;
    // Whole segments only: a shorter last datagram ends a burst, and nothing can be cut at 0 bytes.
    this.#growing[message] = size > 0 && size <= largest && bytes === datagrams * size ? 1 : 0;
  }

  /** Adds such a piece to a message. False, and nothing is added, when it cannot be part of that burst. */
  join(message: number, offset: number, bytes: number, segment: number): boolean {
    if (this.#growing[message] === 0 || bytes === 0) return false;
    const size = this.segment[message];
    const datagrams = bytes <= segment ? 1 : Math.ceil(bytes / segment);
    const total = this.datagrams[message] + datagrams;
    if (total > this.#maxSegments || this.batch.bytes(message) + bytes > MOST_BYTES) return false;
    if (datagrams === 1 ? bytes > size : segment !== size) return false;
    if (!this.batch.append(message, offset, bytes)) return false;
    this.datagrams[message] = total;
    if (bytes !== datagrams * size) this.#growing[message] = 0;
    return true;
  }

  /** Tells the kernel where to cut. Once for each message, after its last piece. */
  seal(first: number): void {
    for (let message = first; message < this.count; message++) {
      if (this.datagrams[message] > 1) this.batch.setSegmentSize(message, this.segment[message]);
    }
  }
}
