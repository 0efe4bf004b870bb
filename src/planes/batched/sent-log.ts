/**
 * What a worker has sent lately: upstream, bytes, and where in the last batch it lies. An ICMP error quotes a datagram but
 * does not say how long it was, nor that it was a burst; this does. A ring of numbers, one entry a send: writing it costs
 * next to nothing, and it is read only after a refusal.
 */

/** Sends remembered; a power of two. */
const ENTRIES = 8192;
/** Older sends are not looked at: by then their refusal has come, or never will. */
const REMEMBERED_MS = 2000;

/** What a quote of a refused send was found to be. */
export const UNKNOWN = 0;
/** One datagram, all of it. */
export const WHOLE = 1;
/** A burst, all of it: loopback and containers do not cut bursts apart. */
export const WHOLE_BURST = 2;
/** The beginning of a burst. */
export const CUT_BURST = 3;
/** Nothing of that size was sent lately. */
export const NOTHING = 4;

export class SentLog {
  /** By entry: bytes in all; of each datagram (the last may have fewer); the first piece, or -1. */
  readonly bytes = new Uint32Array(ENTRIES);
  readonly segment = new Uint32Array(ENTRIES);
  readonly piece = new Int32Array(ENTRIES);
  /** What `match` found: the newest entry of that kind, or -1. */
  found = -1;
  readonly #upstream = new Int32Array(ENTRIES).fill(-1);
  readonly #batch = new Uint32Array(ENTRIES);
  readonly #atMs = new Float64Array(ENTRIES).fill(Number.NEGATIVE_INFINITY);
  #next = 0;
  #thisBatch = 1;
  #nowMs = 0;

  /** What lay in the last batch is about to be overwritten. */
  nextBatch(nowMs: number): void {
    this.#thisBatch = (this.#thisBatch + 1) >>> 0;
    this.#nowMs = nowMs;
  }

  note(upstream: number, bytes: number, segment: number, piece: number): void {
    const entry = this.#next;
    this.#upstream[entry] = upstream;
    this.bytes[entry] = bytes;
    this.segment[entry] = segment;
    this.piece[entry] = piece;
    this.#batch[entry] = this.#thisBatch;
    this.#atMs[entry] = this.#nowMs;
    this.#next = (entry + 1) & (ENTRIES - 1);
  }

  /** The upstream's entry that is next older than `entry` (-1: the newest) and whose bytes are still at hand, or -1. */
  olderAtHand(upstream: number, entry: number): number {
    for (
      let at = this.#before(entry);
      at >= 0 && this.#batch[at] === this.#thisBatch;
      at = this.#before(at)
    ) {
      if (this.#upstream[at] === upstream && this.piece[at] >= 0) return at;
    }
    return -1;
  }

  /**
   * What `quoted` bytes of something refused are, by the sizes that the upstream was sent lately; UNKNOWN when it could
   * be one thing or another, NOTHING when it can be none.
   * @param mayBeCut whether hosts cut what they quote at this size
   */
  match(upstream: number, quoted: number, mayBeCut: boolean, nowMs: number): number {
    let [single, burst, longer, mixed] = [-1, -1, -1, false];
    for (
      let at = this.#before(-1);
      at >= 0 && nowMs - this.#atMs[at] <= REMEMBERED_MS;
      at = this.#before(at)
    ) {
      if (this.#upstream[at] !== upstream) continue;
      const bytes = this.bytes[at];
      const segment = this.segment[at];
      if (bytes === quoted && segment < bytes) {
        mixed ||= burst >= 0 && this.segment[burst] !== segment;
        if (burst < 0) burst = at;
      } else if (
        bytes === quoted ||
        segment === quoted ||
        (segment > 0 && bytes % segment === quoted && quoted > 0)
      ) {
        if (single < 0) single = at;
      } else if (mayBeCut && bytes > quoted) {
        mixed ||= longer >= 0 && this.segment[longer] !== segment;
        if (longer < 0) longer = at;
      }
    }
    return this.#judge(single, burst, longer, mixed, quoted);
  }

  /** It was refused: no other refusal is about it. */
  forget(entry: number): void {
    this.#upstream[entry] = -1;
  }

  #judge(single: number, burst: number, longer: number, mixed: boolean, quoted: number): number {
    const kinds = Number(single >= 0) + Number(burst >= 0) + Number(longer >= 0);
    this.found = -1;
    if (kinds === 0) return NOTHING;
    if (kinds !== 1 || mixed) return UNKNOWN;
    this.found = Math.max(single, burst, longer);
    if (single >= 0) return WHOLE;
    if (burst >= 0) return WHOLE_BURST;
    return quoted > 0 && this.segment[longer] < quoted ? CUT_BURST : UNKNOWN;
  }

  /** The entry written before `entry`, or the newest for -1; -1 once round. */
  #before(entry: number): number {
    const at = ((entry < 0 ? this.#next : entry) - 1) & (ENTRIES - 1);
    return entry >= 0 && at === ((this.#next - 1) & (ENTRIES - 1)) ? -1 : at;
  }
}
