/**
 * What the paths to clients have refused: for each client address the largest datagram that may leave as part of a burst. A table of
 * fixed size, in which a newcomer takes the place of another: to have forgotten a client costs one failed call. One client behind a narrow path
 * thus changes nothing for others.
 */
import { KeyedHash } from "../../core/keyed-hash.js";
import { LEARNED_MS, largestAfter, NO_LIMIT } from "./segment-limits.js";

const ENTRIES = 1024;
const IP_WORDS = 4;

export class DestinationLimits {
  readonly #ips = new Uint32Array(ENTRIES * IP_WORDS);
  readonly #largest = new Uint32Array(ENTRIES);
  readonly #untilMs = new Float64Array(ENTRIES).fill(Number.NEGATIVE_INFINITY);
  readonly #ip = new Uint32Array(IP_WORDS);
  readonly #hash: KeyedHash;
  readonly #unlearned: number;
  readonly #tell: (listener: number, ip: Uint32Array, largest: number) => void;
  /** Until when anything at all is known: mostly nothing is, and nothing need be looked up. */
  #anyUntilMs = Number.NEGATIVE_INFINITY;

  /**
   * @param available false where the kernel has no UDP_SEGMENT at all
   * @param seed 32 bits that clients cannot guess
   */
  constructor(
    available: boolean,
    seed: number,
    tell: (listener: number, ip: Uint32Array, largest: number) => void,
  ) {
    this.#unlearned = available ? NO_LIMIT : 0;
    this.#hash = new KeyedHash(seed);
    this.#tell = tell;
  }

  /** @param words the client's IP, in four words from `at` on */
  largest(words: Uint32Array, at: number, nowMs: number): number {
    if (nowMs >= this.#anyUntilMs) return this.#unlearned;
    const entry = this.#entryOf(words, at);
    return this.#isKnown(entry, nowMs) ? this.#largest[entry] : this.#unlearned;
  }

  /** A client's path took no burst with datagrams of this size. True when that is the reason, so that plain sends may succeed. */
  learn(
    listener: number,
    words: Uint32Array,
    at: number,
    segment: number,
    result: number,
    nowMs: number,
  ): boolean {
    const largest = largestAfter(segment, result);
    if (largest < 0) return false;
    const entry = this.#entryOf(words, at);
    const isKnown = this.#isKnown(entry, nowMs);
    this.#largest[entry] = isKnown ? Math.min(largest, this.#largest[entry]) : largest;
    for (let i = 0; i < IP_WORDS; i++) this.#ips[entry * IP_WORDS + i] = this.#ip[i];
    this.#untilMs[entry] = this.#anyUntilMs = nowMs + LEARNED_MS;
    if (!isKnown) this.#tell(listener, this.#ip, largest);
    return true;
  }

  /** Where the client is, or would be; its IP is in `#ip` then. */
  #entryOf(words: Uint32Array, at: number): number {
    for (let i = 0; i < IP_WORDS; i++) this.#ip[i] = words[at + i];
    return this.#hash.of(this.#ip, IP_WORDS) & (ENTRIES - 1);
  }

  #isKnown(entry: number, nowMs: number): boolean {
    const at = entry * IP_WORDS;
    for (let i = 0; i < IP_WORDS; i++) if (this.#ips[at + i] !== this.#ip[i]) return false;
    return nowMs < this.#untilMs[entry];
  }
}
