/**
 * Rates of many clients in bounded memory: for each client a bucket of datagrams, one of bytes and one of new flows.
 * Clients are told apart by as much of their address as the prefix lengths say.
 *
 * A bucket is one number: when it will be full again. What was taken from it is then `(that − now) × rate`, so it needs
 * no refilling, and a client who was quiet for the length of its burst is the same as one who was never seen.
 *
 *   hash ─► set of 8 entries:  tag | address, 4 words | full at: datagrams, bytes, new flows
 *
 * A newcomer to a full set takes over the entry whose buckets will be full first, and starts with full buckets. Thus
 * what is forgotten is the least that any of the eight had used up: mostly nothing, for clients who were quiet are full.
 * Who wants the guard to forget a flood must therefore make seven addresses of the same set, which the seed hides,
 * use up as much; and made-up addresses that send a datagram each displace one another, but no client in use.
 *
 * Threads may share the memory without locks. When two write at once, a datagram may go uncounted or an entry may be
 * garbled, which is then nobody's until it is taken over.
 */
import { maskWords } from "../ip-words.js";
import { KeyedHash } from "../keyed-hash.js";
import type { GuardRates } from "../snapshot.js";
import { dropOf, reasonNumber } from "../verdict.js";

const WAYS = 8;
const IP_WORDS = 4;
/** The buckets of an entry. */
const DATAGRAMS = 0;
const BYTES = 1;
const NEW_FLOWS = 2;
const BUCKETS = 3;
const ENTRY_BYTES = BUCKETS * 8 + IP_WORDS * 4 + 4;
/** Sums of times are exact to about this much. */
const SLACK_MS = 1e-4;
const MOST_BYTES = 65_535;

const RATE_DATAGRAMS = dropOf(reasonNumber("rate_datagrams"));
const RATE_BYTES = dropOf(reasonNumber("rate_bytes"));
const RATE_NEW_FLOWS = dropOf(reasonNumber("rate_new_flows"));

/** Bytes of memory for so many clients at least. */
export function tokenBucketBytes(maxTracked: number): number {
  return setsFor(maxTracked) * WAYS * ENTRY_BYTES;
}

/** A power of two. */
function setsFor(maxTracked: number): number {
  return 2 ** Math.max(0, Math.ceil(Math.log2(maxTracked / WAYS)));
}

export class TokenBuckets {
  /** Whether each datagram counts, and whether each new flow does. */
  readonly limitsDatagrams: boolean;
  readonly limitsNewFlows: boolean;
  readonly #prefix4: number;
  readonly #prefix6: number;
  readonly #burstMs: number;
  /** By bucket: what one datagram, byte or new flow takes, in milliseconds; 0 where there is no limit. */
  readonly #costMs: Float64Array;
  /** No bucket is ever further from full: an entry that says so is garbled. */
  readonly #mostMs: number;
  readonly #hash: KeyedHash;
  readonly #setMask: number;
  /** Entry × BUCKETS + bucket → when it is full again, in milliseconds. */
  readonly #fullAt: Float64Array;
  readonly #ips: Uint32Array;
  readonly #tags: Int32Array;
  readonly #ip = new Uint32Array(IP_WORDS);

  /** @param memory zeroed, `tokenBucketBytes(maxTracked)` long; the threads that share it must give the same seed */
  constructor(rates: GuardRates, maxTracked: number, seed: number, memory?: ArrayBufferLike) {
    const entries = setsFor(maxTracked) * WAYS;
    const buffer = memory ?? new ArrayBuffer(entries * ENTRY_BYTES);
    this.#fullAt = new Float64Array(buffer, 0, entries * BUCKETS);
    this.#ips = new Uint32Array(buffer, entries * BUCKETS * 8, entries * IP_WORDS);
    this.#tags = new Int32Array(buffer, entries * (BUCKETS * 8 + IP_WORDS * 4), entries);
    this.#setMask = entries / WAYS - 1;
    this.#hash = new KeyedHash(seed);
    this.#prefix4 = rates.prefix4;
    this.#prefix6 = rates.prefix6;
    const perSecond = [rates.datagramsPerS, rates.bytesPerS, rates.newFlowsPerS];
    const costMs = Float64Array.from(perSecond, (rate) => (rate > 0 ? 1000 / rate : 0));
    this.#costMs = costMs;
    this.#burstMs = rates.burstMs + SLACK_MS;
    this.#mostMs = this.#burstMs + Math.max(costMs[DATAGRAMS], costMs[BYTES] * MOST_BYTES, costMs[NEW_FLOWS]);
    this.limitsDatagrams = rates.datagramsPerS > 0 || rates.bytesPerS > 0;
    this.limitsNewFlows = rates.newFlowsPerS > 0;
  }

  /** The entry of the client with the address in the first four words; valid until the next call. */
  entryOf(words: Uint32Array, nowMs: number): number {
    const ip = this.#ip;
    const tags = this.#tags;
    for (let i = 0; i < IP_WORDS; i++) ip[i] = words[i];
    maskWords(ip, 0, this.#prefix4, this.#prefix6);
    const hash = this.#hash.of(ip, IP_WORDS);
    const first = (hash & this.#setMask) * WAYS;
    for (let entry = first; entry < first + WAYS; entry++) {
      if (tags[entry] === hash && this.#isOf(entry)) return entry;
    }
    const victim = this.#nearestToFull(first, nowMs);
    this.#giveTo(victim, hash);
    return victim;
  }

  /** 0 when the client may send a datagram of `bytes` now, else a drop verdict. Takes nothing. */
  check(entry: number, bytes: number, nowMs: number): number {
    if (!this.#has(entry, DATAGRAMS, 1, nowMs)) return RATE_DATAGRAMS;
    return this.#has(entry, BYTES, bytes, nowMs) ? 0 : RATE_BYTES;
  }

  /** Takes what `check` allowed. */
  take(entry: number, bytes: number, nowMs: number): void {
    this.#take(entry, DATAGRAMS, 1, nowMs);
    this.#take(entry, BYTES, bytes, nowMs);
  }

  /** 0 when the client may start a flow now, else a drop verdict. Takes nothing. */
  checkNewFlow(entry: number, nowMs: number): number {
    return this.#has(entry, NEW_FLOWS, 1, nowMs) ? 0 : RATE_NEW_FLOWS;
  }

  /** Takes what `checkNewFlow` allowed. */
  takeNewFlow(entry: number, nowMs: number): void {
    this.#take(entry, NEW_FLOWS, 1, nowMs);
  }

  /** A full bucket always has enough, so that a datagram larger than the whole bucket passes now and then. */
  #has(entry: number, bucket: number, count: number, nowMs: number): boolean {
    const costMs = this.#costMs[bucket] * count;
    const missingMs = this.#fullAt[entry * BUCKETS + bucket] - nowMs;
    // Asked this way round, whatever is not a number counts as full.
    const isFull = !(missingMs > 0 && missingMs <= this.#mostMs);
    return isFull || missingMs + costMs <= this.#burstMs;
  }

  #take(entry: number, bucket: number, count: number, nowMs: number): void {
    const fullAt = this.#fullAt;
    const at = entry * BUCKETS + bucket;
    if (this.#costMs[bucket] === 0) return;
    if (!(fullAt[at] - nowMs <= this.#mostMs)) fullAt[at] = 0;
    fullAt[at] = Math.max(fullAt[at], nowMs) + this.#costMs[bucket] * count;
  }

  #isOf(entry: number): boolean {
    const ips = this.#ips;
    const ip = this.#ip;
    const at = entry * IP_WORDS;
    return ips[at + 3] === ip[3] && ips[at + 2] === ip[2] && ips[at + 1] === ip[1] && ips[at] === ip[0];
  }

  /** The entry of a set that will be full first: one that is full already, where there is one. */
  #nearestToFull(first: number, nowMs: number): number {
    const fullAt = this.#fullAt;
    let nearest = first;
    let nearestFullAt = Number.POSITIVE_INFINITY;
    for (let entry = first; entry < first + WAYS && nearestFullAt > nowMs; entry++) {
      const at = entry * BUCKETS;
      const entryFullAt = Math.max(fullAt[at], fullAt[at + BYTES], fullAt[at + NEW_FLOWS]);
      if (entryFullAt >= nearestFullAt) continue;
      nearest = entry;
      nearestFullAt = entryFullAt;
    }
    return nearest;
  }

  /** The client in `#ip` gets an entry, with full buckets. */
  #giveTo(entry: number, hash: number): void {
    for (let i = 0; i < IP_WORDS; i++) this.#ips[entry * IP_WORDS + i] = this.#ip[i];
    for (let i = 0; i < BUCKETS; i++) this.#fullAt[entry * BUCKETS + i] = 0;
    this.#tags[entry] = hash;
  }
}
