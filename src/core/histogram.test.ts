import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  bucketMidMs,
  bucketOf,
  bucketUpperMs,
  HISTOGRAM_BUCKETS,
  HISTOGRAM_WORDS,
  record,
  summarize,
} from "./histogram.js";

const LAST = HISTOGRAM_BUCKETS - 1;
const ALL = Array.from({ length: HISTOGRAM_BUCKETS }, (_, bucket) => bucket);

function lowerUs(bucket: number): number {
  return bucket === 0 ? 0 : Math.round(bucketUpperMs(bucket - 1) * 1000);
}

function summaryOf(valuesMs: readonly number[]) {
  const block = new Float64Array(HISTOGRAM_WORDS);
  for (const valueMs of valuesMs) record(block, 0, valueMs);
  return summarize(block.subarray(2), block[0], block[1]);
}

describe("bucketOf", () => {
  it("puts the first and the last microsecond of every bucket into it", () => {
    for (const bucket of ALL) {
      assert.equal(bucketOf((lowerUs(bucket) + 0.01) / 1000), bucket, `start of ${bucket}`);
      assert.equal(
        bucketOf((Math.round(bucketUpperMs(bucket) * 1000) - 0.99) / 1000),
        bucket,
        `end of ${bucket}`,
      );
    }
  });

  it("has buckets of 1 µs or at most 6.25 % of their start", () => {
    for (const bucket of ALL) {
      const widthUs = Math.round(bucketUpperMs(bucket) * 1000) - lowerUs(bucket);
      assert.ok(widthUs === 1 || widthUs <= lowerUs(bucket) / 16, `bucket ${bucket}: ${widthUs} µs`);
    }
  });

  it("ranges from 1 µs to 17.9 minutes", () => {
    assert.equal(bucketUpperMs(0), 0.001);
    assert.equal(bucketUpperMs(LAST), 2 ** 30 / 1000);
    assert.equal(HISTOGRAM_WORDS, HISTOGRAM_BUCKETS + 2);
  });

  it("clamps at both ends and takes what is no time for 0", () => {
    for (const valueMs of [0, -0, -1, Number.NaN, -Infinity, 0.0005, Number.MIN_VALUE]) {
      assert.equal(bucketOf(valueMs), 0, `${valueMs}`);
    }
    for (const valueMs of [2 ** 30 / 1000, 1e7, 1e300, Infinity])
      assert.equal(bucketOf(valueMs), LAST, `${valueMs}`);
  });
});

describe("bucketMidMs", () => {
  it("lies within its bucket", () => {
    for (const bucket of ALL) {
      assert.equal(bucketOf(bucketMidMs(bucket)), bucket);
      assert.ok(bucketMidMs(bucket) < bucketUpperMs(bucket));
    }
  });
});

describe("record", () => {
  it("writes sum, maximum and one bucket at the offset, and nothing else", () => {
    const block = new Float64Array(HISTOGRAM_WORDS + 2).fill(0);
    record(block, 1, 5);
    record(block, 1, 2);
    assert.equal(block[1], 7);
    assert.equal(block[2], 5);
    assert.equal(block[3 + bucketOf(5)], 1);
    assert.equal(block[3 + bucketOf(2)], 1);
    assert.equal(
      block.reduce((sum, word) => sum + word),
      7 + 5 + 2,
    );
  });

  it("counts what is no time as 0, so that it cannot spoil the sum", () => {
    const summary = summaryOf([Number.NaN, -5, 4]);
    assert.equal(summary.samples, 3);
    assert.equal(summary.meanMs, 4 / 3);
    assert.equal(summary.maxMs, 4);
  });
});

describe("summarize", () => {
  it("is NaN without samples", () => {
    assert.deepEqual(summaryOf([]), {
      samples: 0,
      meanMs: NaN,
      p50Ms: NaN,
      p90Ms: NaN,
      p99Ms: NaN,
      maxMs: NaN,
    });
  });

  it("gives one sample in every figure, with no percentile above it", () => {
    const summary = summaryOf([12.001]);
    assert.equal(summary.meanMs, 12.001);
    assert.equal(summary.maxMs, 12.001);
    assert.equal(summary.p50Ms, summary.p99Ms);
    assert.ok(summary.p99Ms <= 12.001);
    assert.ok(summary.p99Ms > 12.001 * 0.93);
  });

  it("finds percentiles by nearest rank", () => {
    const valuesMs = Array.from({ length: 100 }, (_, i) => (i + 1) * 10);
    const summary = summaryOf(valuesMs);
    assert.equal(bucketOf(summary.p50Ms), bucketOf(500));
    assert.equal(bucketOf(summary.p90Ms), bucketOf(900));
    assert.equal(bucketOf(summary.p99Ms), bucketOf(990));
    assert.equal(summary.meanMs, 505);
  });

  it("lets one slow sample in a hundred show in the maximum only", () => {
    const summary = summaryOf([...Array.from({ length: 99 }, () => 1), 1000]);
    assert.ok(summary.p99Ms < 1.04);
    assert.equal(summary.maxMs, 1000);
  });

  it("reads two workers' regions that were added up", () => {
    const a = new Float64Array(HISTOGRAM_WORDS);
    const b = new Float64Array(HISTOGRAM_WORDS);
    for (let i = 0; i < 10; i++) record(a, 0, 1);
    for (let i = 0; i < 30; i++) record(b, 0, 9);
    const sum = a.map((word, i) => word + b[i]);
    const summary = summarize(sum.subarray(2), sum[0], Math.max(a[1], b[1]));
    assert.equal(summary.samples, 40);
    assert.equal(summary.meanMs, 7);
    assert.equal(bucketOf(summary.p50Ms), bucketOf(9));
  });
});
