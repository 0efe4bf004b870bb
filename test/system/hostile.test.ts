/**
 * The short form of `npm run hostile`: a flood from made-up addresses, forged ICMP errors, and honest clients amid them. The
 * control is the same flood against a plain echo server.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { controlShare, formatHostile, judgeHostile } from "../hostile/hostile-report.js";
import { runHostile } from "../hostile/run-hostile.js";
import { judgedByControl } from "../support/against-control.js";
import { createCleanup } from "../support/cleanup.js";
import { needsNamespaces } from "../support/network-namespaces.js";

/** What the plane can take on a small machine that does other things as well. */
const PER_SECOND = { portable: 25_000, batched: 50_000 };

for (const [plane, family] of [
  ["portable", 4],
  ["batched", 4],
  ["batched", 6],
] as const) {
  test(
    `${plane} plane, IPv${family}: 200,000 datagrams from 50,000 made-up addresses cost honest clients a tenth of their answers at most`,
    needsNamespaces(),
    (t) =>
      judgedByControl(t, async () => {
        const cleanup = createCleanup();
        const options = {
          ...{ plane, guard: true, family, datagrams: 200_000, clients: 50_000, seed: 7 },
          ...{ perSecond: PER_SECOND[plane], errors: { packets: 1000, perSecond: 1000 }, control: 50_000 },
        };
        const report = await runHostile(cleanup, options).finally(cleanup.run);
        t.diagnostic(formatHostile(report));
        const { drops } = report.stats;
        assert.ok(
          drops.rate_new_flows > report.requestsDuringFlood / 4,
          `${drops.rate_new_flows} of the guard`,
        );
        assert.ok(report.errors.taken > 0 && report.errors.mostDown < report.stats.backends.length);
        const { calm } = report.phases;
        const share = controlShare(report);
        return {
          faults: judgeHostile(report),
          isControlGood: calm.answered === calm.sent && share >= 0.9,
          control: `${calm.answered} of ${calm.sent} answered in calm, ${(share * 100).toFixed(0)} % by an echo server under the flood`,
        };
      }),
  );
}
