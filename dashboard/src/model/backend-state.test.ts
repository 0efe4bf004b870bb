import assert from "node:assert/strict";
import { test } from "node:test";
import { countStates, describeCounts, STATE_TONES, STATES, stateOf } from "./backend-state.js";
import { backendView } from "./views.testing.js";

test("stateOf: what an operator switched off comes first, trouble before draining, up only when it is", () => {
  const of = (change: Parameters<typeof backendView>[0]) => stateOf(backendView(change));
  assert.equal(of({ admin: "disabled", health: "down" }), "disabled");
  for (const health of ["failing", "down", "ejected", "half-open"] as const) {
    assert.equal(of({ health }), health);
    assert.equal(of({ health, admin: "draining" }), health);
  }
  assert.equal(of({ admin: "draining" }), "draining");
  assert.equal(of({ health: "untried" }), "untried");
  assert.equal(of({ health: "half-open", share: 0.1 }), "half-open");
  assert.equal(of({ share: 0.5 }), "easing");
  assert.equal(of({}), "up");
});

test("STATES: the worst first", () => {
  const tones = STATES.map((state) => ["trouble", "concern", "calm"].indexOf(STATE_TONES[state]));
  assert.deepEqual(tones, tones.toSorted());
});

test("describeCounts: the worst first, without what there is none of", () => {
  const health = ["up", "untried", "failing", "untried"] as const;
  const counts = countStates(health.map((one) => backendView({ health: one })));
  assert.equal(describeCounts(counts), "1 failing, 2 untried, 1 up");
  assert.equal(describeCounts(counts, ["down"]), "");
});
