/**
 * The short form of `npm run soak`: load, and faults as a seed plans them. The control is how long the machine let the clients'
 * own process wait.
 */
import assert from "node:assert/strict";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { test } from "node:test";
import { planFaults } from "../soak/plan-faults.js";
import { runSoak } from "../soak/run-soak.js";
import { formatSoak, judgeSoak } from "../soak/soak-report.js";
import { judgedByControl } from "../support/against-control.js";
import { createCleanup } from "../support/cleanup.js";

const SEED = 4;
const skip = process.platform === "linux" ? false : "reads /proc";

for (const plane of ["portable", "batched"] as const) {
  test(
    `${plane} plane: under load and random faults every lost reply is accounted for and nothing leaks`,
    {
      skip,
    },
    (t) =>
      judgedByControl(t, async () => {
        const cleanup = createCleanup();
        const delays = monitorEventLoopDelay({ resolution: 5 });
        delays.enable();
        const options = { plane, seed: SEED, durationMs: 9000, perSecond: 1000, upgrades: true };
        const report = await runSoak(cleanup, options).finally(cleanup.run);
        delays.disable();
        t.diagnostic(formatSoak(report));
        assert.ok(report.answered > 0 && report.done.length >= 4, formatSoak(report));
        for (const [kind, count] of Object.entries(report.wrong)) assert.equal(count, 0, kind);
        const slowestMs = delays.max / 1e6;
        return {
          faults: judgeSoak(report),
          isControlGood: slowestMs < 100 && report.late === 0,
          control: `the clients' own process waited up to ${slowestMs.toFixed(0)} ms, ${report.late} replies were late`,
        };
      }),
  );
}

test("planFaults: the same seed gives the same plan, another seed another", () => {
  const plan = (seed: number) =>
    planFaults({ seed, durationMs: 60_000, backends: 4, workers: true, upgrades: true });
  assert.deepEqual(plan(1), plan(1));
  assert.notDeepEqual(plan(1), plan(2));
  assert.ok(plan(1).every(({ atMs, lastsMs }) => atMs + lastsMs <= 60_000));
});
