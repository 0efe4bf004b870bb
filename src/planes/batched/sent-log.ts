/**
 * What a worker has sent lately: upstream, bytes, prints of the payloads, and where in the last batch it lies. An ICMP error
 * quotes a datagram but does not say how long it was, nor that it was a burst, and may be made up; this tells. A ring of
 * numbers, one entry a send: writing it costs next to nothing, and it is read only after a refusal.
 */
import { PayloadPrints } from "./payload-prints.js";

/** Sends remembered; a power of two. */
export const SENT_ENTRIES = 8192;
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
/** Nothing of that size was sent lately, or nothing with that payload. */
export const NOTHING = 4;

export class SentLog {
  /** By entry: where it was sent, or -1; and when. */
  readonly upstream = new Int32Array(SENT_ENTRIES).fill(-1);
  readonly atMs = new Float64Array(SENT_ENTRIES).fill(Number.NEGATIVE_INFINITY);
  /** By entry: bytes in all; of each datagram (the last may have fewer); the first piece, or -1. */
  readonly bytes = new Uint32Array(SENT_ENTRIES);
  readonly segment = new Uint32Array(SENT_ENTRIES);
  readonly piece = new Int32Array(SENT_ENTRIES);
  /** What `match` found: the newest entry of that kind, or -1. */
  found = -1;
  readonly #batch = new Uint32Array(SENT_ENTRIES);
  /** By entry: its print; of a burst the number of the first datagram's. */
  readonly #print = new Int32Array(SENT_ENTRIES);
  readonly #prints: PayloadPrints;
  #next = 0;
  #thisBatch = 1;
  #nowMs = 0;

  /** @param u8 the memory that offsets are in */
  constructor(u8: Uint8Array, random: () => number) {
    this.#prints = new PayloadPrints(u8, random);
  }

  /** What lay in the last batch is about to be overwritten. */
  nextBatch(nowMs: number): void {
    this.#thisBatch = (this.#thisBatch + 1) >>> 0;
    this.#nowMs = nowMs;
  }

  /** What is noted from now on is sent at this time, outside any batch. */
  setTime(nowMs: number): void {
    this.#nowMs = nowMs;
  }

  /**
   * Answers the entry.
   * @param offset where a single datagram lies; after a burst `print` follows for each of its pieces
   */
  note(upstream: number, bytes: number, segment: number, piece: number, offset: number): number {
    const entry = this.#next;
    this.upstream[entry] = upstream;
    this.bytes[entry] = bytes;
    this.segment[entry] = segment;
    this.piece[entry] = piece;
    this.#batch[entry] = this.#thisBatch;
    this.#print[entry] = bytes > segment ? this.#prints.taken : this.#prints.of(offset, bytes);
    this.atMs[entry] = this.#nowMs;
    this.#next = (entry + 1) & (SENT_ENTRIES - 1);
    return entry;
  }

  /** Where the next send will be noted: the oldest entry, if there are that many. */
  get next(): number {
    return this.#next;
  }

  /** The next datagrams of the burst that was noted last: they lie one after the other, each of `segment` bytes but the last. */
  print(offset: number, bytes: number, segment: number): void {
    for (let at = 0; at < bytes; at += segment) this.#prints.take(offset + at, Math.min(segment, bytes - at));
  }

  /** The upstream's entry that is next older than `entry` (-1: the newest) and whose bytes are still at hand, or -1. */
  olderAtHand(upstream: number, entry: number): number {
    for (
      let at = this.#before(entry);
      at >= 0 && this.#batch[at] === this.#thisBatch;
      at = this.#before(at)
    ) {
      if (this.upstream[at] === upstream && this.piece[at] >= 0) return at;
    }
    return -1;
  }

  /**
   * What `quoted` bytes of something refused are, by sizes and payloads that the upstream was sent lately; UNKNOWN when it
   * could be one thing or another, NOTHING when it can be none.
   * @param quote where they lie
   * @param mayBeCut whether hosts cut what they quote at this size
   */
  match(upstream: number, quote: number, quoted: number, mayBeCut: boolean, nowMs: number): number {
    let [single, burst, longer, mixed] = [-1, -1, -1, false];
    for (
      let at = this.#before(-1);
      at >= 0 && nowMs - this.atMs[at] <= REMEMBERED_MS;
      at = this.#before(at)
    ) {
      if (this.upstream[at] !== upstream) continue;
      const bytes = this.bytes[at];
      const segment = this.segment[at];
      if (bytes === quoted && segment < bytes) {
        if (!this.#isHeadOf(at, quote, quoted)) continue;
        mixed ||= burst >= 0 && this.segment[burst] !== segment;
        if (burst < 0) burst = at;
      } else if (
        bytes === quoted ||
        segment === quoted ||
        (segment > 0 && bytes % segment === quoted && quoted > 0)
      ) {
        if (single < 0 && this.#isOneOf(at, quote, quoted)) single = at;
      } else if (mayBeCut && bytes > quoted && this.#isHeadOf(at, quote, quoted)) {
        mixed ||= longer >= 0 && this.segment[longer] !== segment;
        if (longer < 0) longer = at;
      }
    }
    return this.#judge(single, burst, longer, mixed, quoted);
  }

  /** Whether the quote is one of an entry's datagrams, by its print. */
  #isOneOf(entry: number, quote: number, quoted: number): boolean {
    const print = this.#prints.of(quote, quoted);
    const [bytes, segment] = [this.bytes[entry], this.segment[entry]];
    if (bytes <= segment) return this.#print[entry] === print;
    const count = Math.ceil(bytes / segment);
    for (let i = 0; i < count; i++) if (this.#prints.is((this.#print[entry] + i) | 0, print)) return true;
    return false;
  }

  /** Whether the whole datagrams in the quote are an entry's first ones. */
  #isHeadOf(entry: number, quote: number, quoted: number): boolean {
    const segment = this.segment[entry];
    const all = quoted === this.bytes[entry];
    // Of a single datagram that was cut nothing is known: nor is any of it sent.
    if (this.bytes[entry] <= segment) return true;
    for (let at = 0, i = 0; at < quoted && (all || at + segment <= quoted); at += segment, i++) {
      const print = this.#prints.of(quote + at, Math.min(segment, quoted - at));
      if (!this.#prints.is((this.#print[entry] + i) | 0, print)) return false;
    }
    return true;
  }

  /** It was refused: no other refusal is about it. */
  forget(entry: number): void {
    this.upstream[entry] = -1;
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
    const at = ((entry < 0 ? this.#next : entry) - 1) & (SENT_ENTRIES - 1);
    return entry >= 0 && at === ((this.#next - 1) & (SENT_ENTRIES - 1)) ? -1 : at;
  }
}
