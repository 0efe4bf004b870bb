/**
 * Flows that have ended, on their way from the thread that moved their datagrams to the one that writes them down: copies of
 * their records in a ring, with one writer and one reader, who never wait for each other. What finds it full is counted.
 *
 *   [ written | read | lost | – ]  then CAPACITY records
 *
 * The counts go round at 2^32. The writer owns `written` and `lost`, and moves `written` on only when the record is there.
 */
import * as R from "./flow-record.js";

const HEADER_WORDS = 4;
const WRITTEN = 0;
const READ = 1;
const LOST = 2;
/** Read ten times a second, it takes 160,000 flows a second. A power of two, so that counts may go round. */
const CAPACITY = 1 << 14;
/** In a copy the link of the hash chain has made room for why the flow ended: a position in FLOW_ENDS. */
const END_AT = R.NEXT;

export const FLOW_RING_BYTES = (HEADER_WORDS + CAPACITY * R.RECORD_WORDS) * 4;

/** The writer's side. Hot: once for each flow that ends. */
export class FlowRing {
  /** The part of the flows that is kept, above 0 to 1. */
  sample = 1;
  readonly #words: Uint32Array;
  readonly #counts: Int32Array;
  readonly #random: () => number;

  /** @param memory of FLOW_RING_BYTES, zeroed or left by a former writer */
  constructor(memory: SharedArrayBuffer | ArrayBuffer, random: () => number) {
    this.#words = new Uint32Array(memory);
    this.#counts = new Int32Array(memory, 0, HEADER_WORDS);
    this.#random = random;
  }

  /** @param at where the flow's record begins in `records` */
  add(records: Uint32Array, at: number, end: number): void {
    if (this.sample < 1 && this.#random() >= this.sample) return;
    const counts = this.#counts;
    const written = counts[WRITTEN];
    if (((written - Atomics.load(counts, READ)) | 0) >= CAPACITY) {
      counts[LOST]++;
      return;
    }
    const words = this.#words;
    const to = HEADER_WORDS + (written & (CAPACITY - 1)) * R.RECORD_WORDS;
    for (let i = 0; i < R.RECORD_WORDS; i++) words[to + i] = records[at + i];
    words[to + END_AT] = end;
    Atomics.store(counts, WRITTEN, (written + 1) | 0);
  }
}

/** The reader's side. */
export class FlowRingReader {
  readonly #memory: SharedArrayBuffer | ArrayBuffer;
  readonly #counts: Int32Array;

  constructor(memory: SharedArrayBuffer | ArrayBuffer) {
    this.#memory = memory;
    this.#counts = new Int32Array(memory, 0, HEADER_WORDS);
  }

  /** Flows that found the ring full, ever. */
  get lost(): number {
    return this.#counts[LOST] >>> 0;
  }

  /** Takes out what is there: `visit` gets one copy after the other, which is gone when it returns. */
  drain(visit: (u32: Uint32Array, f64: Float64Array, end: number) => void): void {
    const counts = this.#counts;
    const written = Atomics.load(counts, WRITTEN);
    for (let read = counts[READ]; read !== written; read = (read + 1) | 0) {
      const byte = (HEADER_WORDS + (read & (CAPACITY - 1)) * R.RECORD_WORDS) * 4;
      const u32 = new Uint32Array(this.#memory, byte, R.RECORD_WORDS);
      const f64 = new Float64Array(this.#memory, byte, R.RECORD_DOUBLES);
      visit(u32, f64, u32[END_AT]);
      Atomics.store(counts, READ, (read + 1) | 0);
    }
  }
}
