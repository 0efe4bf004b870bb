import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Candidate, Policy, PolicyInput } from "./policy.js";
import { RandomPolicy } from "./random.js";
import { RoundRobinPolicy } from "./round-robin.js";

/** Candidates such as `a` or `a*3`; the slot goes with the name. */
function candidates(...texts: string[]): Candidate[] {
  return texts.map((text) => {
    const [name, weight = "1"] = text.split("*");
    return { slot: name.charCodeAt(0), name, weight: Number(weight) };
  });
}

function inputOf(list: readonly Candidate[], previous?: Policy): PolicyInput {
  const load = { activeFlows: () => 0, outstanding: () => 0 };
  return { candidates: list, maglevTableSize: 0, load, random: () => 0, previous };
}

function roundRobin(list: readonly Candidate[], previous?: Policy): RoundRobinPolicy {
  return new RoundRobinPolicy(inputOf(list, previous));
}

function turns(policy: Policy, count: number): string {
  return Array.from({ length: count }, () => String.fromCharCode(policy.choose(0))).join("");
}

describe("RoundRobinPolicy", () => {
  it("has no choice without candidates", () => {
    assert.equal(roundRobin([]).choose(0), -1);
    assert.equal(roundRobin([], roundRobin([])).choose(0), -1);
  });

  it("goes strictly in turn with equal weights, whatever they are", () => {
    assert.equal(turns(roundRobin(candidates("a", "b", "c")), 10), "abcabcabca");
    assert.equal(turns(roundRobin(candidates("a*100", "b*100", "c*100")), 7), "abcabca");
    assert.equal(turns(roundRobin(candidates("a*9")), 3), "aaa");
  });

  it("spreads the turns of a heavy backend as nginx does", () => {
    assert.equal(turns(roundRobin(candidates("a*5", "b", "c")), 14), "aabacaaaabacaa");
    assert.equal(turns(roundRobin(candidates("a*4", "b*2")), 6), "abaaba");
  });

  it("keeps its exact place when nothing changed", () => {
    const list = candidates("a*5", "b", "c");
    for (let taken = 0; taken <= 15; taken++) {
      const first = roundRobin(list);
      turns(first, taken);
      const second = roundRobin(candidates("a*5", "b", "c"), first);
      const expected = turns(roundRobin(list), taken + 14).slice(taken);
      assert.equal(turns(second, 14), expected, `after ${taken}`);
    }
  });

  it("keeps its exact place where the period is too long to keep", () => {
    const list = candidates("a*65535", "b*101", "c*7");
    const first = roundRobin(list);
    const expected = turns(roundRobin(list), 3000).slice(1000);
    turns(first, 1000);
    assert.equal(turns(roundRobin(list, first), 2000), expected);
  });

  it("leaves the policy before as it was, for a reload that is rolled back", () => {
    const list = candidates("a*3", "b*2");
    const first = roundRobin(list);
    turns(first, 2);
    const second = roundRobin(list, first);
    turns(second, 4);
    assert.equal(turns(first, 8), turns(roundRobin(list), 10).slice(2));
  });

  it("goes on after the backend chosen last when others come or go", () => {
    const first = roundRobin(candidates("a", "b", "c"));
    turns(first, 2);
    assert.equal(turns(roundRobin(candidates("a", "b", "c", "d"), first), 4), "cdab");
    assert.equal(turns(roundRobin(candidates("b", "c"), first), 2), "cb");
    assert.equal(turns(roundRobin(candidates("c", "b", "a"), first), 3), "acb");
  });

  it("goes on at the place of a backend that left", () => {
    const first = roundRobin(candidates("a", "b", "c"));
    turns(first, 2);
    assert.equal(turns(roundRobin(candidates("a", "c"), first), 3), "cac");
    assert.equal(turns(roundRobin(candidates("c"), first), 2), "cc");
    const wrapped = roundRobin(candidates("a", "b", "c"));
    turns(wrapped, 1);
    assert.equal(turns(roundRobin(candidates("b", "c"), wrapped), 3), "bcb");
  });

  it("goes on through reloads between which nothing was chosen", () => {
    const first = roundRobin(candidates("a", "b", "c"));
    turns(first, 1);
    const second = roundRobin(candidates("a", "b"), first);
    const third = roundRobin(candidates("a", "b", "c"), second);
    assert.equal(turns(third, 3), "bca");
  });

  it("goes on after the backend chosen last when weights change", () => {
    const first = roundRobin(candidates("a", "b", "c"));
    turns(first, 1);
    assert.equal(turns(roundRobin(candidates("a*2", "b", "c"), first), 4), "bcaa");
  });

  it("begins at the first backend when none is left, none was chosen or the policy was another", () => {
    const first = roundRobin(candidates("a", "b"));
    assert.equal(turns(roundRobin(candidates("a", "b"), first), 2), "ab");
    turns(first, 1);
    assert.equal(turns(roundRobin(candidates("x", "y"), first), 2), "xy");
    const random = new RandomPolicy(inputOf(candidates("a", "b")));
    assert.equal(turns(roundRobin(candidates("a", "b"), random), 2), "ab");
  });

  it("does not take a new backend in an old slot for the old one", () => {
    const first = roundRobin(candidates("a", "b"));
    turns(first, 2);
    const list: Candidate[] = [
      { slot: 98, name: "new", weight: 1 },
      { slot: 97, name: "a", weight: 1 },
    ];
    assert.equal(turns(roundRobin(list, first), 2), "ba");
  });
});
