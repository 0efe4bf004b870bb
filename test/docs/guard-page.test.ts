/** What docs/guard.md recommends is valid, and limits something. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { parse } from "yaml";
import type { GuardInput } from "#src/config/guard-config.js";
import { parseConfig } from "#src/config/parse-config.js";

const page = readFileSync(new URL("../../docs/guard.md", import.meta.url), "utf8");

function assertLimits(guard: GuardInput): void {
  const config = { listeners: [{ address: "127.0.0.1:53", guard }], pools: [{ backends: ["127.0.0.1:54"] }] };
  assert.ok(parseConfig(config).listeners[0].guard, JSON.stringify(guard));
}

test("docs/guard.md: the example is valid but for its file, which is not here", () => {
  const [, text = ""] = /```yaml\n([\s\S]*?)```/.exec(page) ?? [];
  const { denyFile, ...guard } = parse(text).listeners[0].guard;
  assert.equal(denyFile, "blocked.txt");
  assertLimits(guard);
});

test("docs/guard.md: every starting point is valid", () => {
  const rows =
    page
      .split("## Starting points")[1]
      ?.split("\n")
      .filter((line) => line.startsWith("| ")) ?? [];
  const points = rows.slice(2).map((row) => row.split(" | ")[1] ?? "");
  assert.equal(points.length, 5);
  for (const point of points) {
    const keys = point.replaceAll("`", "").replace("[...]", "[10.0.0.0/8]");
    assertLimits(parse(`{ ${keys} }`));
  }
});
