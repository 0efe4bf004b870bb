/** The short form of `npm run hostile`: a flood from made-up addresses, forged ICMP errors, and honest clients amid them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { formatHostile, judgeHostile } from "../hostile/hostile-report.js";
import { runHostile } from "../hostile/run-hostile.js";
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
    async (t) => {
      const report = await runHostile(t, {
        plane,
        guard: true,
        family,
        datagrams: 200_000,
        clients: 50_000,
        perSecond: PER_SECOND[plane],
        seed: 7,
        errors: { packets: 1000, perSecond: 1000 },
      });
      t.diagnostic(formatHostile(report));
      assert.deepEqual(judgeHostile(report), []);
      const { drops } = report.stats;
      assert.ok(drops.rate_new_flows > 50_000, `${drops.rate_new_flows} dropped by the guard`);
      assert.ok(report.errors.taken > 0 && report.errors.mostDown < report.stats.backends.length);
    },
  );
}
