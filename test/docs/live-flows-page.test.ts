/** docs/live-flows.md explains every drop reason and every end of a flow, and no others; every row of its events is tested. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { FLOW_ENDS } from "#src/core/counters.js";
import { DROP_REASONS } from "#src/core/drop-reason.js";
import { ROOT } from "../support/markdown.js";
import { EVENTS, ONLY_ON } from "../support/proves.js";

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

/** What tests call `proves` with, as [planes, key, file]. */
function proofs(): [string, string, string][] {
  const folder = join(ROOT, "test");
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts") && !file.startsWith("support"))
    .flatMap((file) => {
      const calls = readFileSync(join(folder, file), "utf8").matchAll(/^\s*proves\(\s*([^)]+)\);$/gm);
      return [...calls].flatMap(([, list]) => {
        const [planes, ...keys] = [...list!.matchAll(/"([^"]*)"/g)].map(([, text]) => text!);
        return keys.map((key) => [planes!, key, file] as [string, string, string]);
      });
    });
}

test("docs/live-flows.md: every row of the events has its key", () => {
  const lines = page.split("\n## Events\n")[1]!.split("\n## ")[0]!.split("\n");
  const rows = lines.filter((line) => line.startsWith("| ") && !/^\| (event|---) /.test(line));
  assert.deepEqual(
    rows.map((row) => /^\| <a id="event-([a-z-]+)"><\/a>/.exec(row)?.[1] ?? row),
    [...EVENTS],
  );
});

for (const event of EVENTS) {
  test(`docs/live-flows.md: event ${event} is shown by tests on every plane that has it`, () => {
    const planes = new Set(proofs().flatMap(([on, key]) => (key === event ? [on] : [])));
    const wanted = ONLY_ON[event] === undefined ? ["portable", "batched"] : [ONLY_ON[event]];
    for (const plane of wanted) assert.ok(planes.has(plane) || planes.has("both"), `not on ${plane}`);
  });
}

test("tests prove rows that there are, and on both planes only where they run on both", () => {
  for (const [planes, key, file] of proofs()) {
    assert.ok((EVENTS as readonly string[]).includes(key), `${file}: no row ${key}`);
    if (planes !== "both" || file.includes("suite")) continue;
    assert.match(
      readFileSync(join(ROOT, "test", file), "utf8"),
      /portable.*batched|batched.*portable|PLANES/s,
      file,
    );
  }
});
