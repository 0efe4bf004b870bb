import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { WeightedDraw } from "./weighted-draw.js";

/** A draw in which every ticket comes up once: `total` evenly spaced numbers for `random`. */
function everyTicket(
  weights: readonly number[],
  total: number,
  draw: (from: WeightedDraw) => number,
): number[] {
  let ticket = 0;
  const candidates = weights.map((weight, slot) => ({ slot, name: `b${slot}`, weight }));
  const from = new WeightedDraw(candidates, () => (ticket++ + 0.5) / total);
  const counts = weights.map(() => 0);
  for (let i = 0; i < total; i++) counts[draw(from)]++;
  return counts;
}

describe("WeightedDraw", () => {
  it("draws each candidate by exactly its tickets", () => {
    for (const weights of [[1], [1, 1], [3, 1, 2], [1, 7, 1, 7, 1], [65_535, 1], Array(100).fill(2)]) {
      const total = weights.reduce((sum, weight) => sum + weight);
      assert.deepEqual(
        everyTicket(weights, total, (from) => from.draw()),
        weights,
      );
    }
  });

  it("draws another candidate by exactly the tickets of the others", () => {
    for (const weights of [
      [1, 1],
      [3, 1, 2],
      [1, 65_535],
      [5, 5, 5, 5, 1],
    ]) {
      weights.forEach((held, index) => {
        const rest = weights.reduce((sum, weight) => sum + weight) - held;
        const expected = weights.map((weight, i) => (i === index ? 0 : weight));
        assert.deepEqual(
          everyTicket(weights, rest, (from) => from.drawOther(index)),
          expected,
        );
      });
    }
  });

  it("stays in range at both ends of what random gives", () => {
    const candidates = [0, 1, 2].map((slot) => ({ slot, name: `b${slot}`, weight: 65_535 }));
    assert.equal(new WeightedDraw(candidates, () => 0).draw(), 0);
    assert.equal(new WeightedDraw(candidates, () => 1 - Number.EPSILON / 2).draw(), 2);
    assert.equal(new WeightedDraw(candidates, () => 1 - Number.EPSILON / 2).drawOther(2), 1);
    assert.equal(new WeightedDraw(candidates, () => 0).drawOther(0), 1);
  });
});
