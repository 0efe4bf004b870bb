/** The histogram: whatever the values, a figure is off by no more than the width of its bucket. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { bucketOf, bucketUpperMs, HISTOGRAM_WORDS, record, summarize } from "#src/core/histogram.js";

/** As many short as long ones: 10^-3 to 10^6 ms, evenly by magnitude. */
const valueMs = fc.double({ min: -3, max: 6, noNaN: true }).map((magnitude) => 10 ** magnitude);
const valuesMs = fc.array(valueMs, { minLength: 1, maxLength: 300 });

function histogramOf(values: readonly number[]): Float64Array {
  const block = new Float64Array(HISTOGRAM_WORDS);
  for (const value of values) record(block, 0, value);
  return block;
}

function nearestRank(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.ceil((values.length * percent) / 100) - 1];
}

describe("the histogram", () => {
  it("has percentiles within a bucket's width of the true ones, and never above the maximum", () => {
    fc.assert(
      fc.property(valuesMs, (values) => {
        const block = histogramOf(values);
        const summary = summarize(block.subarray(2), block[0], block[1]);
        const maxMs = Math.max(...values);
        for (const [percent, foundMs] of [
          [50, summary.p50Ms],
          [90, summary.p90Ms],
          [99, summary.p99Ms],
        ] as const) {
          const trueMs = nearestRank(values, percent);
          const widthMs = Math.max(0.001, trueMs / 16);
          assert.ok(Math.abs(foundMs - trueMs) <= widthMs, `p${percent}: ${foundMs}, really ${trueMs}`);
          assert.ok(foundMs <= maxMs);
        }
        assert.ok(summary.p50Ms <= summary.p90Ms && summary.p90Ms <= summary.p99Ms);
      }),
      { numRuns: 500 },
    );
  });

  it("has exact samples, mean and maximum", () => {
    fc.assert(
      fc.property(valuesMs, (values) => {
        const block = histogramOf(values);
        const summary = summarize(block.subarray(2), block[0], block[1]);
        assert.equal(summary.samples, values.length);
        assert.equal(summary.maxMs, Math.max(...values));
        assert.equal(summary.meanMs, values.reduce((sum, value) => sum + value) / values.length);
      }),
    );
  });

  it("has buckets in the order of their values", () => {
    fc.assert(
      fc.property(valueMs, valueMs, (a, b) => {
        if (a <= b) assert.ok(bucketOf(a) <= bucketOf(b));
        assert.ok(a < bucketUpperMs(bucketOf(a)) * (1 + 1e-12));
      }),
      { numRuns: 1000 },
    );
  });

  it("of two workers is the sum of theirs", () => {
    fc.assert(
      fc.property(valuesMs, valuesMs, (a, b) => {
        const sum = histogramOf(a).map((word, i) => word + histogramOf(b)[i]);
        assert.deepEqual(sum.subarray(2), histogramOf([...a, ...b]).subarray(2));
      }),
      { numRuns: 20 },
    );
  });
});
