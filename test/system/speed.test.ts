/** What must stay cheap however a config is written: each against the same work in its plain form, in the same run. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { byName, createMaglevTable } from "#src/core/policies/maglev-table.js";
import type { Candidate, PolicyInput } from "#src/core/policies/policy.js";
import { RoundRobinPolicy } from "#src/core/policies/round-robin.js";

const BACKENDS = 4000;
const ROUNDS = 5;

function candidates(weight: (index: number) => number): Candidate[] {
  return Array.from({ length: BACKENDS }, (_, slot) => ({ slot, name: `b${slot}`, weight: weight(slot) }));
}

/** The least of several rounds, as a busy machine only ever adds. */
function leastMs(run: () => void): number {
  const times = Array.from({ length: ROUNDS }, () => {
    const startMs = performance.now();
    run();
    return performance.now() - startMs;
  });
  return Math.min(...times);
}

test("createMaglevTable: one heavy backend among 4,000 costs little more than equal ones", () => {
  const equal = candidates(() => 1).sort(byName);
  const uneven = candidates((slot) => (slot === 0 ? 65_535 : 1)).sort(byName);
  const controlMs = leastMs(() => createMaglevTable(equal, 65_537));
  const tookMs = leastMs(() => createMaglevTable(uneven, 65_537));
  // Walking all backends in every round took fifty times as long.
  assert.ok(tookMs < 10 * controlMs, `${tookMs} ms, control ${controlMs} ms`);
});

test("RoundRobinPolicy: the search for its place is bounded with extreme weights", () => {
  const load = { activeFlows: () => 0, outstanding: () => 0 };
  const inputOf = (list: readonly Candidate[], previous?: RoundRobinPolicy): PolicyInput => ({
    candidates: list,
    maglevTableSize: 0,
    load,
    random: () => 0,
    previous,
  });
  const extreme = candidates((slot) => (slot === 0 ? 1 : 65_535));
  const former = new RoundRobinPolicy(inputOf(extreme.slice(0, 1)));
  former.choose(0);
  const control = new RoundRobinPolicy(inputOf(extreme));
  const controlMs = leastMs(() => {
    for (let turn = 0; turn < 1000; turn++) control.choose(0);
  });
  const tookMs = leastMs(() => assert.ok(new RoundRobinPolicy(inputOf(extreme, former)).choose(0) >= 0));
  assert.ok(tookMs < 10 * controlMs, `${tookMs} ms, control ${controlMs} ms`);
});
