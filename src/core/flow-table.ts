/**
 * The bounded table of live flows: fixed-width records in one buffer, found through a keyed hash with chained
 * buckets. It owns memory and the index; what a flow means is the forwarder's business. Nothing here allocates
 * after construction but `grow`, which a reload with a larger limit calls.
 */

import * as R from "./flow-record.js";
import { KeyedHash } from "./keyed-hash.js";

export class FlowTable {
  /** Views of the records; replaced by `grow`. */
  u32!: Uint32Array;
  i32!: Int32Array;
  f64!: Float64Array;
  /** Scratch: the key that `find` and `insert` use. Planes write words 0 to 5, the forwarder the rest. */
  readonly key = new Uint32Array(R.KEY_WORDS);

  #buckets!: Int32Array;
  #mask = 0;
  #capacity = 0;
  #live = 0;
  /** Records at and above this were never used; freed ones below it are chained through NEXT from #free. */
  #highWater = 0;
  #free = -1;
  /** Counts the flows that were ever inserted. */
  #serial = 0;
  readonly #hash: KeyedHash;
  readonly #fixed: boolean;

  /**
   * @param capacity most flows at one time, 1 to 1,000,000
   * @param seed 32 bits that clients cannot guess, so that they cannot choose keys that collide
   * @param buffer zeroed memory for the records, where another thread reads them too; such a table cannot grow
   */
  constructor(capacity: number, seed: number, buffer?: SharedArrayBuffer) {
    this.#hash = new KeyedHash(seed);
    this.#fixed = buffer !== undefined;
    this.#adopt(buffer ?? new ArrayBuffer(capacity * R.RECORD_WORDS * 4), capacity);
  }

  get capacity(): number {
    return this.#capacity;
  }

  /** Live flows, detached ones included. */
  get live(): number {
    return this.#live;
  }

  /** One more than the highest flow number ever used: the bound for a walk over all flows. */
  get highWater(): number {
    return this.#highWater;
  }

  /** The hash of the key in `key`, 32 bits with a sign. */
  hashKey(): number {
    return this.#hash.of(this.key, R.KEY_WORDS);
  }

  /** The open flow with the key in `key`, or -1. */
  find(hash: number): number {
    const { u32, i32, key } = this;
    for (let flow = this.#buckets[hash & this.#mask] - 1; flow >= 0; ) {
      const at = flow * R.RECORD_WORDS;
      if (
        i32[at + R.HASH] === hash &&
        u32[at + 3] === key[3] &&
        u32[at + 5] === key[5] &&
        u32[at + 6] === key[6] &&
        u32[at + 2] === key[2] &&
        u32[at + 1] === key[1] &&
        u32[at] === key[0] &&
        u32[at + 4] === key[4]
      ) {
        return flow;
      }
      flow = i32[at + R.NEXT];
    }
    return -1;
  }

  /** Takes a record for the key in `key`, all counts 0, and puts it in the index. -1 when the table is full. */
  insert(hash: number): number {
    const flow = this.#take();
    if (flow < 0) return -1;
    const { u32, i32, key } = this;
    const at = flow * R.RECORD_WORDS;
    u32.fill(0, at, at + R.RECORD_WORDS);
    for (let i = 0; i < R.KEY_WORDS; i++) u32[at + i] = key[i];
    u32[at + R.HASH] = hash;
    this.#serial = (this.#serial + 1) & R.SERIAL_MASK;
    u32[at + R.STATE] = R.OPEN | (this.#serial << R.SERIAL_SHIFT);
    i32[at + R.CLIENT_IP] = -1;
    i32[at + R.BINDING] = -1;
    const bucket = hash & this.#mask;
    i32[at + R.NEXT] = this.#buckets[bucket] - 1;
    this.#buckets[bucket] = flow + 1;
    this.#live++;
    return flow;
  }

  /** Takes an open flow out of the index, so that its key is free for another flow. */
  detach(flow: number, state: number): void {
    const at = flow * R.RECORD_WORDS;
    if ((this.u32[at + R.STATE] & R.STATE_MASK) === R.OPEN) this.#unlink(flow);
    this.u32[at + R.STATE] = (this.u32[at + R.STATE] & ~R.STATE_MASK) | state;
  }

  /** Gives a flow's record back. */
  remove(flow: number): void {
    const at = flow * R.RECORD_WORDS;
    if ((this.u32[at + R.STATE] & R.STATE_MASK) === R.OPEN) this.#unlink(flow);
    this.u32[at + R.STATE] = R.FREE;
    this.i32[at + R.NEXT] = this.#free;
    this.#free = flow;
    this.#live--;
  }

  isLive(flow: number): boolean {
    return this.u32[flow * R.RECORD_WORDS + R.STATE] !== R.FREE;
  }

  /**
   * Makes room for `capacity` flows; never shrinks. Live flows keep their numbers.
   * @throws RangeError when the table lives in memory that it was given
   */
  grow(capacity: number): void {
    if (capacity <= this.#capacity) return;
    if (this.#fixed) throw new RangeError(`flow table of ${this.#capacity} flows cannot grow to ${capacity}`);
    const used = this.u32.subarray(0, this.#highWater * R.RECORD_WORDS);
    this.#adopt(new ArrayBuffer(capacity * R.RECORD_WORDS * 4), capacity);
    this.u32.set(used);
    this.#reindex();
  }

  #adopt(buffer: ArrayBufferLike, capacity: number): void {
    this.u32 = new Uint32Array(buffer);
    this.i32 = new Int32Array(buffer);
    this.f64 = new Float64Array(buffer);
    this.#capacity = capacity;
    const size = 2 ** Math.ceil(Math.log2(Math.max(16, capacity)));
    this.#buckets = new Int32Array(size);
    this.#mask = size - 1;
  }

  #reindex(): void {
    for (let flow = 0; flow < this.#highWater; flow++) {
      const at = flow * R.RECORD_WORDS;
      if ((this.u32[at + R.STATE] & R.STATE_MASK) !== R.OPEN) continue;
      const bucket = this.u32[at + R.HASH] & this.#mask;
      this.i32[at + R.NEXT] = this.#buckets[bucket] - 1;
      this.#buckets[bucket] = flow + 1;
    }
  }

  #take(): number {
    if (this.#free >= 0) {
      const flow = this.#free;
      this.#free = this.i32[flow * R.RECORD_WORDS + R.NEXT];
      return flow;
    }
    return this.#highWater < this.#capacity ? this.#highWater++ : -1;
  }

  #unlink(flow: number): void {
    const { i32 } = this;
    const bucket = this.u32[flow * R.RECORD_WORDS + R.HASH] & this.#mask;
    const next = i32[flow * R.RECORD_WORDS + R.NEXT];
    let other = this.#buckets[bucket] - 1;
    if (other === flow) {
      this.#buckets[bucket] = next + 1;
      return;
    }
    while (other >= 0) {
      const at = other * R.RECORD_WORDS + R.NEXT;
      if (i32[at] === flow) {
        i32[at] = next;
        return;
      }
      other = i32[at];
    }
  }
}
