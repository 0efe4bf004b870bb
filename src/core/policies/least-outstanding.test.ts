import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { LeastOutstandingPolicy } from "./least-outstanding.js";

/** Backends in slots 10, 11, …; `random` gives the numbers of `draws` again and again. */
function leastOutstanding(
  weights: readonly number[],
  outstanding: Record<number, number>,
  draws: readonly number[],
): LeastOutstandingPolicy {
  let draw = 0;
  return new LeastOutstandingPolicy({
    candidates: weights.map((weight, i) => ({ slot: 10 + i, name: `b${i}`, weight })),
    maglevTableSize: 0,
    load: { activeFlows: () => assert.fail("not looked at"), outstanding: (slot) => outstanding[slot] ?? 0 },
    random: () => draws[draw++ % draws.length],
  });
}

describe("LeastOutstandingPolicy", () => {
  it("has no choice without candidates and one with one", () => {
    assert.equal(leastOutstanding([], {}, [0]).choose(0), -1);
    assert.equal(leastOutstanding([3], { 10: 99 }, []).choose(0), 10);
  });

  it("chooses the one with fewer outstanding requests of the two drawn, in either order", () => {
    const outstanding = { 10: 5, 11: 4, 12: 0 };
    assert.equal(leastOutstanding([1, 1, 1], outstanding, [0, 0]).choose(0), 11); // draws 10, then 11
    assert.equal(leastOutstanding([1, 1, 1], outstanding, [0.5, 0]).choose(0), 11); // draws 11, then 10
    assert.equal(leastOutstanding([1, 1, 1], outstanding, [0, 0.5]).choose(0), 12); // draws 10, then 12
  });

  it("takes the first drawn of equals", () => {
    assert.equal(leastOutstanding([1, 1, 1], {}, [0.99, 0]).choose(0), 12);
    assert.equal(leastOutstanding([1, 1, 1], {}, [0.5, 0]).choose(0), 11);
  });

  it("counts requests for each unit of weight", () => {
    assert.equal(leastOutstanding([1, 4], { 10: 1, 11: 3 }, [0, 0]).choose(0), 11);
    assert.equal(leastOutstanding([1, 4], { 10: 1, 11: 5 }, [0.9, 0]).choose(0), 10);
  });

  it("never chooses the most loaded backend, as it never draws one twice", () => {
    const policy = leastOutstanding([1000, 1, 1], { 10: 7000, 11: 1, 12: 2 }, [0, 0.1, 0.3, 0.6, 0.9, 0.999]);
    for (let i = 0; i < 100; i++) assert.notEqual(policy.choose(0), 10);
  });

  it("looks at the load at the moment of choice", () => {
    const outstanding: Record<number, number> = { 10: 1 };
    const policy = leastOutstanding([1, 1], outstanding, [0]);
    assert.equal(policy.choose(0), 11);
    outstanding[11] = 2;
    assert.equal(policy.choose(0), 10);
  });
});
