/** docs/live-flows.md explains every drop reason and every end of a flow, and no others. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { FLOW_ENDS } from "#src/core/counters.js";
import { DROP_REASONS } from "#src/core/drop-reason.js";

const page = readFileSync(new URL("../../docs/live-flows.md", import.meta.url), "utf8");

/** The rows of the table under a heading that begin with a name, without the name. */
function rows(heading: string): [string, string[]][] {
  const [, rest] = page.split(`\n## ${heading}\n`);
  assert.ok(rest !== undefined, `docs/live-flows.md has no section "${heading}"`);
  const lines = rest.split("\n## ")[0]!.split("\n");
  return lines
    .filter((line) => line.startsWith("| `"))
    .map((line) => {
      const [, name, ...cells] = line.split(/ ?\| ?/);
      return [name!.replaceAll("`", ""), cells.slice(0, -1)];
    });
}

test("docs/live-flows.md: every drop reason, in the order of the counters, with a meaning", () => {
  const table = rows("Drop reasons");
  assert.deepEqual(
    table.map(([name]) => name),
    [...DROP_REASONS],
  );
  for (const [name, [meaning, advice]] of table) {
    assert.ok(meaning, `${name} has no meaning`);
    assert.ok(advice || name === "shutting_down", `${name}: what to do?`);
  }
});

test("docs/live-flows.md: every end of a flow, in the order of the counters, with a meaning", () => {
  const table = rows("Why flows ended");
  assert.deepEqual(
    table.map(([name]) => name),
    [...FLOW_ENDS],
  );
  for (const [name, [meaning]] of table) assert.ok(meaning, `${name} has no meaning`);
});
