/** The short form of `npm run soak`: load, and faults as a seed plans them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { planFaults } from "../soak/plan-faults.js";
import { runSoak } from "../soak/run-soak.js";
import { formatSoak, judgeSoak } from "../soak/soak-report.js";

const SEED = 4;
const skip = process.platform === "linux" ? false : "reads /proc";

for (const plane of ["portable", "batched"] as const) {
  test(`${plane} plane: under load and random faults every lost reply is accounted for and nothing leaks`, {
    skip,
  }, async (t) => {
    const report = await runSoak(t, { plane, seed: SEED, durationMs: 9000, perSecond: 1000, upgrades: true });
    t.diagnostic(formatSoak(report));
    assert.deepEqual(judgeSoak(report), []);
    assert.ok(report.answered > 2000 && report.done.length >= 4, formatSoak(report));
  });
}

test("planFaults: the same seed gives the same plan, another seed another", () => {
  const plan = (seed: number) =>
    planFaults({ seed, durationMs: 60_000, backends: 4, workers: true, upgrades: true });
  assert.deepEqual(plan(1), plan(1));
  assert.notDeepEqual(plan(1), plan(2));
  assert.ok(plan(1).every(({ atMs, lastsMs }) => atMs + lastsMs <= 60_000));
});
