/**
 * A log-linear histogram of times in a region of a caller's `Float64Array`, so that it can live in shared counter
 * memory: one writer, and readers that may add several regions up word by word (the maximum excepted).
 *
 *   offset + 0      sum of all values, ms
 *   offset + 1      greatest value, ms
 *   offset + 2 …    count of each bucket
 *
 * Buckets are 1 µs wide up to 32 µs; above, every power of two is cut into 16, so a bucket is at most 6.25 % wide.
 */

/** log2 of the number of buckets that each power of two is cut into. */
const SUB_BITS = 4;
/** log2 of the first time in µs, about 17.9 minutes, that no longer has a bucket of its own. */
const RANGE_BITS = 30;

/** Buckets of one histogram. Longer times count in the last one. */
export const HISTOGRAM_BUCKETS = (RANGE_BITS - SUB_BITS + 1) << SUB_BITS;
/** Words of one histogram: sum, maximum and the buckets. */
export const HISTOGRAM_WORDS = 2 + HISTOGRAM_BUCKETS;

/** Times in milliseconds; all but `samples` are NaN when there are no samples. */
export interface HistogramSummary {
  readonly samples: number;
  readonly meanMs: number;
  readonly p50Ms: number;
  readonly p90Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** Hot. Adds one value; what is not a positive number counts as 0. */
export function record(block: Float64Array, offset: number, valueMs: number): void {
  block[offset + 2 + bucketOf(valueMs)] += 1;
  if (valueMs > 0) {
    block[offset] += valueMs;
    if (valueMs > block[offset + 1]) block[offset + 1] = valueMs;
  }
}

/**
 * Hot. The bucket of a value, 0 to `HISTOGRAM_BUCKETS - 1`. The leading five bits of the whole microseconds give the
 * place within a power of two, the shift that it takes to reach them gives the power.
 */
export function bucketOf(valueMs: number): number {
  const valueUs = valueMs * 1000;
  if (!(valueUs >= 1)) return 0; // NaN too
  if (valueUs >= 2 ** RANGE_BITS) return HISTOGRAM_BUCKETS - 1;
  const wholeUs = valueUs | 0;
  const shift = Math.max(0, 31 - SUB_BITS - Math.clz32(wholeUs));
  return (shift << SUB_BITS) + (wholeUs >>> shift);
}

/** The end of a bucket: values in it are below this. */
export function bucketUpperMs(bucket: number): number {
  return (bucketLowerUs(bucket) + bucketWidthUs(bucket)) / 1000;
}

/** The middle of a bucket: at most 3.2 % from any value in it above 16 µs. */
export function bucketMidMs(bucket: number): number {
  return (bucketLowerUs(bucket) + bucketWidthUs(bucket) / 2) / 1000;
}

function bucketLowerUs(bucket: number): number {
  const shift = bucketShift(bucket);
  return (bucket - (shift << SUB_BITS)) << shift;
}

function bucketWidthUs(bucket: number): number {
  return 1 << bucketShift(bucket);
}

function bucketShift(bucket: number): number {
  return Math.max(0, (bucket >> SUB_BITS) - 1);
}

/**
 * What a histogram says. `buckets` are its `HISTOGRAM_BUCKETS` counts, without sum and maximum. A percentile is the
 * middle of the bucket where it falls (nearest rank), and never above `maxMs`.
 */
export function summarize(buckets: ArrayLike<number>, sumMs: number, maxMs: number): HistogramSummary {
  let samples = 0;
  for (let bucket = 0; bucket < HISTOGRAM_BUCKETS; bucket++) samples += buckets[bucket];
  if (samples === 0) {
    return { samples, meanMs: NaN, p50Ms: NaN, p90Ms: NaN, p99Ms: NaN, maxMs: NaN };
  }
  const percentileMs = (percent: number) =>
    Math.min(maxMs, bucketMidMs(bucketAtRank(buckets, Math.ceil((samples * percent) / 100))));
  return {
    samples,
    meanMs: sumMs / samples,
    p50Ms: percentileMs(50),
    p90Ms: percentileMs(90),
    p99Ms: percentileMs(99),
    maxMs,
  };
}

/** How many values are up to each of some rising bounds; a bucket that has a bound in it counts by its middle. */
export function countsUpTo(buckets: ArrayLike<number>, boundsMs: readonly number[]): number[] {
  let bucket = 0;
  let count = 0;
  return boundsMs.map((boundMs) => {
    for (; bucket < HISTOGRAM_BUCKETS && bucketMidMs(bucket) <= boundMs; bucket++) count += buckets[bucket];
    return count;
  });
}

/** The bucket of the value that has `rank - 1` values before it. */
function bucketAtRank(buckets: ArrayLike<number>, rank: number): number {
  let seen = 0;
  for (let bucket = 0; bucket < HISTOGRAM_BUCKETS; bucket++) {
    seen += buckets[bucket];
    if (seen >= rank) return bucket;
  }
  return HISTOGRAM_BUCKETS - 1;
}
