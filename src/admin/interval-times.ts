/** Percentiles of the reply times between two samples, from counts that only grow: as exact as the counts' bounds are close. */
import type { ReplyTime } from "../api.js";

type Counts = Pick<ReplyTime, "buckets" | "samples">;

const NOTHING: Counts = { buckets: [], samples: 0 };

export class IntervalTimes {
  #before: Counts = NOTHING;
  #now: Counts = NOTHING;

  /** The counts as they stand now. */
  next(counts: Counts): void {
    this.#before = this.#now;
    this.#now = counts;
  }

  /** Between the last two samples, spread evenly within a bucket; at most the last bound. NaN without replies. */
  percentile(percent: number): number {
    const { buckets, samples } = this.#now;
    // Counts that began anew are taken whole.
    const before = samples >= this.#before.samples ? this.#before : NOTHING;
    const count = (index: number) => buckets[index].samples - (before.buckets[index]?.samples ?? 0);
    const total = samples - before.samples;
    if (total === 0) return Number.NaN;
    const rank = (total * percent) / 100;
    let lowerMs = 0;
    let below = 0;
    for (const [index, { upToMs }] of buckets.entries()) {
      if (count(index) >= rank)
        return lowerMs + ((upToMs - lowerMs) * (rank - below)) / (count(index) - below);
      lowerMs = upToMs;
      below = count(index);
    }
    return lowerMs;
  }
}
