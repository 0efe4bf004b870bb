import assert from "node:assert/strict";
import { test } from "node:test";
import type { LogEntry } from "./event-log.js";
import { describeEvent } from "./event-text.js";

const describe = (type: LogEntry["type"], data: Record<string, unknown>) =>
  describeEvent({ id: 1, at: "2026-01-01T00:00:00Z", type, data });

test("describeEvent tells each event in words", () => {
  const change = { added: ["a"], removed: [], changed: ["b", "c"] };
  const none = { added: [], removed: [], changed: [] };
  const backend = {
    pool: "p",
    backend: "b",
    admin: "enabled",
    health: "down",
    weight: 2,
    share: 1,
    reason: "refused",
  };
  const operator = { action: "end-flow", target: "0-1-2", by: "token", from: "192.0.2.1", detail: "" };
  assert.deepEqual(
    [
      describe("backend", backend),
      describe("operator", operator),
      describe("reload", { version: 4, listeners: none, pools: none, backends: change }),
      describe("discovery", { pool: "p", source: "dns x", ...none }),
      describe("missed", { count: 12 }),
    ].map(({ text, mark }) => `${mark}: ${text}`),
    [
      "trouble: p/b is down (weight 2): refused",
      "plain: end flow 0-1-2, by token from 192.0.2.1",
      "good: Config v4 is in force: 1 backend added, 2 changed",
      "plain: dns x for p: no change",
      "concern: 12 events are no longer kept",
    ],
  );
});

test("describeEvent does not mind data that it does not know", () => {
  for (const type of ["backend", "operator", "reload", "discovery", "warning", "listening"] as const) {
    assert.equal(typeof describe(type, {}).text, "string");
  }
});
