import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { LeastFlowsPolicy } from "./least-flows.js";

/** Backends in slots 10, 11, … with these weights, and their flows by slot. */
function leastFlows(weights: readonly number[], flows: Record<number, number> = {}): LeastFlowsPolicy {
  return new LeastFlowsPolicy({
    candidates: weights.map((weight, i) => ({ slot: 10 + i, name: `b${i}`, weight })),
    maglevTableSize: 0,
    load: { activeFlows: (slot) => flows[slot] ?? 0, outstanding: () => assert.fail("not looked at") },
    random: () => assert.fail("not looked at"),
  });
}

function choices(policy: LeastFlowsPolicy, count: number): number[] {
  return Array.from({ length: count }, () => policy.choose(0));
}

describe("LeastFlowsPolicy", () => {
  it("has no choice without candidates", () => {
    assert.equal(leastFlows([]).choose(0), -1);
  });

  it("chooses the fewest flows, read at the moment of choice", () => {
    const flows = { 10: 5, 11: 3, 12: 4 };
    const policy = leastFlows([1, 1, 1], flows);
    assert.equal(policy.choose(0), 11);
    flows[11] = 6;
    assert.equal(policy.choose(0), 12);
    flows[12] = 6;
    assert.equal(policy.choose(0), 10);
  });

  it("gives equals their turn", () => {
    assert.deepEqual(choices(leastFlows([1, 1, 1]), 7), [10, 11, 12, 10, 11, 12, 10]);
    assert.deepEqual(choices(leastFlows([1, 1, 1], { 11: 1 }), 4), [10, 12, 10, 12]);
    assert.deepEqual(choices(leastFlows([1]), 3), [10, 10, 10]);
  });

  it("counts flows for each unit of weight", () => {
    assert.equal(leastFlows([1, 3], { 10: 1, 11: 2 }).choose(0), 11);
    assert.equal(leastFlows([1, 3], { 10: 1, 11: 4 }).choose(0), 10);
    assert.deepEqual(choices(leastFlows([1, 3], { 10: 1, 11: 3 }), 2), [10, 11]);
  });

  it("compares exactly where a division would round", () => {
    assert.equal(leastFlows([65_535, 65_534], { 10: 1_000_000, 11: 999_985 }).choose(0), 10);
    assert.equal(leastFlows([65_535, 65_534], { 10: 1_000_001, 11: 999_985 }).choose(0), 11);
  });

  it("fills backends in proportion to their weights when flows never end", () => {
    const flows: Record<number, number> = {};
    const policy = leastFlows([1, 2, 5], flows);
    for (let i = 0; i < 800; i++) {
      const slot = policy.choose(0);
      flows[slot] = (flows[slot] ?? 0) + 1;
    }
    assert.deepEqual(flows, { 10: 100, 11: 200, 12: 500 });
  });
});
