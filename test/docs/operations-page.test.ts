/** docs/operations.md: every drop reason has its advice; what it sets exists; what it names is in the metrics, alerts and units. */
import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { DROP_REASONS } from "#src/core/drop-reason.js";
import { ROOT } from "../support/markdown.js";
import { needs } from "../support/needs.js";
import { runProgram } from "../support/run-cli.js";
import { createTemporaryFolder } from "../support/temporary-folder.js";

const page = readFileSync(join(ROOT, "docs/operations.md"), "utf8");

function section(heading: string): string {
  const [, rest] = page.split(`\n## ${heading}\n`);
  assert.ok(rest !== undefined, `no section ${heading}`);
  return rest.split("\n## ")[0]!;
}

test("docs/operations.md: every drop reason is in one row of reading drops, with what to do", () => {
  const rows = section("Reading drops")
    .split("\n")
    .filter((line) => line.startsWith("| `"));
  const reasons = rows.flatMap((row) =>
    [...row.split(" | ")[0]!.matchAll(/`(\w+)`/g)].map(([, reason]) => reason!),
  );
  assert.deepEqual(reasons.toSorted(), [...DROP_REASONS].toSorted());
  for (const row of rows) {
    const [, look, then] = row.split(" | ");
    assert.ok(look && (then || row.includes("shutting_down")), row);
  }
});

test("docs/operations.md: every kernel setting is one of Linux", {
  skip: process.platform !== "linux",
}, () => {
  const names = [...section("Kernel settings").matchAll(/^([a-z]+(?:\.[\w-]+)+) = /gm)].map(
    ([, name]) => name!,
  );
  assert.ok(names.length >= 8);
  for (const name of names) assert.ok(existsSync(`/proc/sys/${name.replaceAll(".", "/")}`), name);
});

test(
  "docs/operations.md: systemd accepts the unit with what the drop-in adds",
  needs("systemd-analyze"),
  async (t) => {
    const dropIn = [...page.matchAll(/^```ini\n(\[Service\][\s\S]*?)^```/gm)].map(([, text]) => text!);
    assert.equal(dropIn.length, 1);
    const unit = readFileSync(join(ROOT, "contrib/sluice.service"), "utf8");
    const file = join(
      createTemporaryFolder((remove) => t.after(remove)),
      "sluice.service",
    );
    writeFileSync(file, `${unit.replace("/usr/local/bin/sluice", process.execPath)}\n${dropIn[0]}`);
    const { code, stderr } = await runProgram("systemd-analyze", ["verify", "--man=no", file]);
    assert.deepEqual([code, stderr.split("\n").filter((line) => line.includes("sluice"))], [0, []]);
  },
);

test("docs/operations.md: alerts that it names are there", () => {
  const alerts = readFileSync(join(ROOT, "docs/prometheus/alerts.yml"), "utf8");
  const named = [...page.matchAll(/`(Sluice[A-Z]\w+)`/g)];
  assert.ok(named.length > 0);
  for (const [, name] of named) assert.ok(alerts.includes(`alert: ${name}\n`), name);
});
