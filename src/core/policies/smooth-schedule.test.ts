import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { SmoothSchedule } from "./smooth-schedule.js";

function walk(schedule: SmoothSchedule, steps: number): number[] {
  return Array.from({ length: steps }, () => schedule.next());
}

describe("SmoothSchedule", () => {
  it("repeats after the sum of the reduced weights", () => {
    const schedule = new SmoothSchedule([10, 6, 4]); // 5, 3, 2
    const period = walk(schedule, 10);
    assert.deepEqual(period, [0, 1, 2, 0, 0, 1, 0, 2, 1, 0]);
    assert.deepEqual(walk(schedule, 20), [...period, ...period]);
  });

  it("gives each candidate its weight of turns in a period of any length", () => {
    for (const weights of [
      [65_535, 1],
      [65_535, 2],
      [40_000, 30_001, 7],
    ]) {
      const counts = weights.map(() => 0);
      const period = weights.reduce((sum, weight) => sum + weight);
      const schedule = new SmoothSchedule(weights);
      for (let round = 1; round <= 2; round++) {
        for (let i = 0; i < period; i++) counts[schedule.next()]++;
        assert.deepEqual(
          counts,
          weights.map((weight) => weight * round),
        );
      }
    }
  });

  it("has a clone that walks on by itself, also while the first period is not known yet", () => {
    for (const weights of [
      [3, 2, 2],
      [65_535, 65_534],
    ]) {
      const original = new SmoothSchedule(weights);
      const expected = walk(new SmoothSchedule(weights), 40);
      walk(original, 3);
      const clone = original.clone();
      assert.deepEqual(walk(clone, 2), expected.slice(3, 5));
      assert.deepEqual(walk(original, 10), expected.slice(3, 13));
      assert.deepEqual(walk(clone, 20), expected.slice(5, 25));
      assert.deepEqual(walk(original, 20), expected.slice(13, 33));
    }
  });
});
