/**
 * Copies of requests that a worker has sent, for pools whose unanswered ones are to be sent again: a ring of bytes beside the
 * `SentLog`, each of whose entries may have a copy here until others have taken its place.
 */

import { MAX_BACKENDS } from "../../core/snapshot.js";
import type { Arena } from "../../linux/memory.js";
import { SENT_ENTRIES } from "./sent-log.js";

/** A power of two. Memory that is not touched before the first copy, and so not there. */
const RING_BYTES = 4 << 20;
/** What sending one entry again may write at most: a datagram or burst of 65,507 bytes, and as much at the ring's end. */
const RESERVED_BYTES = 2 * 65_536;

export class SentCopies {
  /** Whether any backend's requests are copied. */
  isOn = false;
  readonly #u8: Uint8Array;
  readonly #ring: number;
  /** By backend: whether its requests are copied. */
  readonly #wanted = new Uint8Array(MAX_BACKENDS);
  /** By entry: which use of its upstream it was sent for, 0 where it has no copy; and what had been written before that. */
  readonly #use = new Uint32Array(SENT_ENTRIES);
  readonly #before = new Uint32Array(SENT_ENTRIES);
  /** Bytes ever written, with those skipped at the ring's end, modulo 2^32. */
  readonly #written = new Uint32Array(1);
  #adding = false;

  constructor(arena: Arena) {
    this.#u8 = arena.u8;
    this.#ring = arena.allocate(RING_BYTES);
  }

  static arenaBytes(): number {
    return RING_BYTES;
  }

  /** From now on requests to these backends are copied, and no others. */
  copyFor(backends: readonly number[]): void {
    this.#wanted.fill(0);
    for (const backend of backends) this.#wanted[backend] = 1;
    this.isOn = backends.length > 0;
    if (!this.isOn) this.#use.fill(0);
  }

  /**
   * An entry has been noted. Its bytes follow, piece by piece, through `add`.
   * @param use how many flows its upstream has served: at least 1
   */
  begin(entry: number, backend: number, use: number, bytes: number): void {
    this.#adding = this.#wanted[backend] !== 0;
    this.#use[entry] = this.#adding ? use : 0;
    if (!this.#adding) return;
    const left = RING_BYTES - (this.#written[0] % RING_BYTES);
    if (bytes > left) this.#written[0] += left;
    this.#before[entry] = this.#written[0];
  }

  add(offset: number, bytes: number): void {
    if (!this.#adding) return;
    this.#u8.copyWithin(this.#ring + (this.#written[0] % RING_BYTES), offset, offset + bytes);
    this.#written[0] += bytes;
  }

  /** Where an entry's copy lies, or -1 where it has none, or another flow has its upstream now. */
  offset(entry: number, use: number): number {
    if (this.#use[entry] !== use) return -1;
    const before = this.#before[entry];
    const since = (this.#written[0] - before) >>> 0;
    return since > RING_BYTES - RESERVED_BYTES ? -1 : this.#ring + (before % RING_BYTES);
  }

  /** It must not be sent again. */
  forget(entry: number): void {
    this.#use[entry] = 0;
  }
}
