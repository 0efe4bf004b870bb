/**
 * How long a backend's replies take, as a distribution that forgets: counts of a log-linear histogram with a half-life. Fed with the
 * backend's lifetime counts; pure.
 */
import { bucketMidMs, bucketOf, HISTOGRAM_BUCKETS } from "../core/histogram.js";

const HALF_LIFE_MS = 60_000;
/** On fewer replies nothing is said. */
const FEWEST_REPLIES = 10;

export class ReplyTimes {
  readonly #seen = new Float64Array(HISTOGRAM_BUCKETS);
  readonly #weights = new Float64Array(HISTOGRAM_BUCKETS);
  /** By bucket: the weight of all buckets before it. */
  readonly #before = new Float64Array(HISTOGRAM_BUCKETS);
  #total = 0;
  #atMs: number;

  /** @param counts lifetime counts by bucket so far, which say nothing of what comes */
  constructor(counts: Float64Array, nowMs: number) {
    this.#seen.set(counts);
    this.#atMs = nowMs;
  }

  /** Takes in lifetime counts by bucket. */
  learn(counts: Float64Array, nowMs: number): void {
    const keep = 0.5 ** ((nowMs - this.#atMs) / HALF_LIFE_MS);
    this.#atMs = nowMs;
    let total = 0;
    for (let bucket = 0; bucket < HISTOGRAM_BUCKETS; bucket++) {
      this.#before[bucket] = total;
      const more = Math.max(0, counts[bucket] - this.#seen[bucket]);
      this.#weights[bucket] = this.#weights[bucket] * keep + more;
      total += this.#weights[bucket];
    }
    this.#seen.set(counts);
    this.#total = total;
  }

  get isKnown(): boolean {
    return this.#total >= FEWEST_REPLIES;
  }

  /** The part of the replies that certainly come within `ms`; 0 while not enough is known. */
  within(ms: number): number {
    return this.isKnown ? this.#before[bucketOf(ms)] / this.#total : 0;
  }

  /** The time within which this part of the replies comes; undefined while not enough is known. */
  quantileMs(part: number): number | undefined {
    if (!this.isKnown) return undefined;
    let bucket = HISTOGRAM_BUCKETS - 1;
    while (bucket > 0 && this.#before[bucket] > part * this.#total) bucket--;
    return bucketMidMs(bucket);
  }
}
