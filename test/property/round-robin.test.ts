/** Round robin against a plain model of its definition: nginx's smooth weighted round robin. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { Candidate, Policy } from "#src/core/policies/policy.js";
import { RoundRobinPolicy } from "#src/core/policies/round-robin.js";
import { SmoothSchedule } from "#src/core/policies/smooth-schedule.js";

const smallWeights = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 8 });
/** With a sum above 65,536 and no common divisor, so that the schedule is stepped live. */
const liveWeights = fc
  .array(fc.integer({ min: 20_000, max: 65_535 }), { minLength: 4, maxLength: 6 })
  .map((weights) => [...weights, 1]);

function* model(weights: readonly number[]): Generator<number, never> {
  const total = weights.reduce((sum, weight) => sum + weight);
  const current = weights.map(() => 0);
  for (;;) {
    weights.forEach((weight, i) => {
      current[i] += weight;
    });
    const best = current.indexOf(Math.max(...current));
    current[best] -= total;
    yield best;
  }
}

function candidatesOf(weights: readonly number[]): Candidate[] {
  return weights.map((weight, slot) => ({ slot, name: `b${slot}`, weight }));
}

function roundRobin(candidates: readonly Candidate[], previous?: Policy): RoundRobinPolicy {
  const load = { activeFlows: () => 0, outstanding: () => 0 };
  return new RoundRobinPolicy({ candidates, maglevTableSize: 0, load, random: () => 0, previous });
}

function assertFollowsModel(weights: readonly number[], steps: number): void {
  const expected = model(weights);
  const policy = roundRobin(candidatesOf(weights));
  for (let step = 0; step < steps; step++)
    assert.equal(policy.choose(0), expected.next().value, `step ${step}`);
}

describe("round-robin", () => {
  it("follows the definition, in the first period and in later ones", () => {
    fc.assert(
      fc.property(smallWeights, (weights) => assertFollowsModel(weights, 400)),
      { numRuns: 200 },
    );
  });

  it("follows the definition where the period is too long to keep", () => {
    fc.assert(
      fc.property(liveWeights, (weights) => assertFollowsModel(weights, 1000)),
      { numRuns: 30 },
    );
  });

  it("gives every backend exactly its weight of turns in a period", () => {
    fc.assert(
      fc.property(smallWeights, (weights) => {
        const counts = weights.map(() => 0);
        const schedule = new SmoothSchedule(weights);
        const period = weights.reduce((sum, weight) => sum + weight);
        for (let step = 0; step < period; step++) counts[schedule.next()]++;
        assert.deepEqual(counts, weights);
      }),
    );
  });

  it("goes on through reloads without a change as if there had been none", () => {
    const reloads = fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 8 });
    fc.assert(
      fc.property(fc.oneof(smallWeights, liveWeights), reloads, (weights, gaps) => {
        const expected = model(weights);
        let policy = roundRobin(candidatesOf(weights));
        for (const gap of gaps) {
          for (let step = 0; step < gap; step++) assert.equal(policy.choose(0), expected.next().value);
          policy = roundRobin(candidatesOf(weights), policy);
        }
        assert.equal(policy.choose(0), expected.next().value);
      }),
    );
  });

  it("never gives a backend two turns running across a reload that leaves others, with equal weights", () => {
    const present = fc.uniqueArray(fc.integer({ min: 0, max: 9 }), { minLength: 2, maxLength: 10 });
    fc.assert(
      fc.property(fc.array(present, { minLength: 2, maxLength: 6 }), fc.nat(12), (rounds, steps) => {
        let policy: RoundRobinPolicy | undefined;
        let last = -1;
        for (const slots of rounds) {
          const sorted = slots.toSorted((a, b) => a - b);
          policy = roundRobin(
            sorted.map((slot) => ({ slot, name: `b${slot}`, weight: 1 })),
            policy,
          );
          for (let step = 0; step <= steps; step++) {
            const expected = sorted.find((slot) => slot > last) ?? sorted[0];
            // The next one by number, unless none of the former backends is there to go on from.
            const slot: number = policy.choose(0);
            assert.notEqual(slot, last);
            if (step > 0) assert.equal(slot, expected);
            last = slot;
          }
        }
      }),
    );
  });
});
