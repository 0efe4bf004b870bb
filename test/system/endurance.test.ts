/** The short form of `npm run endurance`: full load with reloads, drains and killed workers. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { runEndurance } from "../support/endurance.js";

test("batched plane: under load, reloads and drains lose nothing, a killed worker what it had in hand", {
  skip: process.platform === "linux" ? false : "the batched plane needs Linux",
}, async () => {
  for (const phase of await runEndurance({ phaseMs: 3000, reloadEveryMs: 100 })) {
    assert.ok(phase.answered > 0, `${phase.name}: ${phase.answered} answered`);
    assert.ok(phase.reloads > 0, `${phase.name}: ${phase.reloads} reloads`);
    assert.ok(phase.lost <= phase.mayLose, `${phase.name}: ${phase.lost} lost, at most ${phase.mayLose}`);
    assert.equal(phase.crossed, 0);
    assert.equal(phase.bad, 0);
  }
});
