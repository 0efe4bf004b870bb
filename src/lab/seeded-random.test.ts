import assert from "node:assert/strict";
import { test } from "node:test";
import { createSeededRandom } from "./seeded-random.js";

const draw = (seed: number, count: number): number[] => {
  const random = createSeededRandom(seed);
  return Array.from({ length: count }, () => random(11));
};

test("createSeededRandom: the same seed gives the same numbers, another seed others", () => {
  assert.deepEqual(draw(7, 50), draw(7, 50));
  assert.notDeepEqual(draw(7, 50), draw(8, 50));
});

test("createSeededRandom: whole numbers below the bound, each about equally often", () => {
  const counts = new Array<number>(11).fill(0);
  for (const value of draw(1, 11_000)) counts[value]!++;
  assert.equal(counts.length, 11);
  for (const count of counts) assert.ok(count > 880 && count < 1120, `drawn ${count} times`);
});
