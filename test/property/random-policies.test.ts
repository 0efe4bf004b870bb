/** The policies that draw: their shares over many choices, with generators that start from a seed. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { createPolicy } from "#src/core/policies/create-policy.js";
import type { Candidate } from "#src/core/policies/policy.js";

const weights = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 12 });
const seed = fc.integer();

/** Mulberry32: a small generator with a seed. */
function seededRandom(start: number): () => number {
  let state = start | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function candidatesOf(list: readonly number[]): Candidate[] {
  return list.map((weight, slot) => ({ slot, name: `b${slot}`, weight }));
}

describe("random", () => {
  it("chooses in proportion to weight, to within six standard deviations", () => {
    const choices = 20_000;
    fc.assert(
      fc.property(weights, seed, (list, start) => {
        const load = { activeFlows: () => 0, outstanding: () => 0 };
        const input = {
          candidates: candidatesOf(list),
          maglevTableSize: 0,
          load,
          random: seededRandom(start),
        };
        const policy = createPolicy("random", input);
        const counts = list.map(() => 0);
        for (let i = 0; i < choices; i++) counts[policy.choose(0)]++;
        const total = list.reduce((sum, weight) => sum + weight);
        list.forEach((weight, i) => {
          const share = weight / total;
          const deviation = Math.sqrt(choices * share * (1 - share));
          assert.ok(Math.abs(counts[i] - choices * share) <= 6 * deviation + 1, `${list}: ${counts}`);
        });
      }),
      { numRuns: 40, seed: 40 },
    );
  });
});

describe("least-outstanding", () => {
  it("keeps requests that are never answered in proportion to weight", () => {
    fc.assert(
      fc.property(weights, seed, (list, start) => {
        const outstanding = list.map(() => 0);
        const load = { activeFlows: () => 0, outstanding: (slot: number) => outstanding[slot] };
        const input = {
          candidates: candidatesOf(list),
          maglevTableSize: 0,
          load,
          random: seededRandom(start),
        };
        const policy = createPolicy("least-outstanding", input);
        const total = list.reduce((sum, weight) => sum + weight);
        for (let i = 0; i < total * 40; i++) outstanding[policy.choose(0)]++;
        list.forEach((weight, i) => {
          assert.ok(Math.abs(outstanding[i] / weight - 40) <= 12, `${list}: ${outstanding}`);
        });
      }),
      { numRuns: 40, seed: 40 },
    );
  });

  it("gives a backend that answers nothing little but the first requests", () => {
    fc.assert(
      fc.property(fc.integer({ min: 3, max: 12 }), seed, (count, start) => {
        const sent = Array.from({ length: count }, () => 0);
        const load = { activeFlows: () => 0, outstanding: (slot: number) => (slot === 0 ? sent[0] : 0) };
        const candidates = candidatesOf(sent.map(() => 1));
        const input = { candidates, maglevTableSize: 0, load, random: seededRandom(start) };
        const policy = createPolicy("least-outstanding", input);
        for (let i = 0; i < 1000; i++) sent[policy.choose(0)]++;
        assert.ok(sent[0] <= 1, `${sent}`);
      }),
      { numRuns: 20 },
    );
  });
});

describe("least-flows", () => {
  it("never lets a backend get more than one flow ahead of another of equal weight", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(30), { minLength: 2, maxLength: 8 }), (start) => {
        const flows = [...start];
        const load = { activeFlows: (slot: number) => flows[slot], outstanding: () => 0 };
        const candidates = candidatesOf(flows.map(() => 1));
        const policy = createPolicy("least-flows", { candidates, maglevTableSize: 0, load, random: () => 0 });
        for (let i = 0; i < 300; i++) {
          const least = Math.min(...flows);
          const slot = policy.choose(0);
          assert.equal(flows[slot], least);
          flows[slot]++;
        }
        assert.ok(Math.max(...flows) - Math.min(...flows) <= 1, `${flows}`);
      }),
    );
  });
});
