import assert from "node:assert/strict";
import { test } from "node:test";
import { backendRows, filterRows, sortRows } from "./backend-rows.js";
import { NO_RATES } from "./rates.js";
import { backendView } from "./views.testing.js";

const backends = [
  backendView({ name: "b10", address: "192.0.2.10:53" }),
  backendView({ name: "b2", health: "down" }),
  backendView({ pool: "other", name: "b1", admin: "draining" }),
];
const p99s: Record<string, number> = { "web/b10": 5, "other/b1": 9 };
const rows = backendRows(backends, NO_RATES, (name, figure) =>
  figure === "p99Ms" ? (p99s[name] ?? null) : null,
);
const names = (some: typeof rows) => some.map(({ backend }) => backend.name);

test("filterRows takes text, pool and state together", () => {
  assert.deepEqual(names(filterRows(rows, { text: " B1", pool: "", state: "" })), ["b10", "b1"]);
  assert.deepEqual(names(filterRows(rows, { text: "2.10", pool: "web", state: "up" })), ["b10"]);
  assert.deepEqual(names(filterRows(rows, { text: "", pool: "other", state: "up" })), []);
});

test("sortRows counts numbers in names, puts trouble first and the unknown last", () => {
  assert.deepEqual(names(sortRows(rows, "name", false)), ["b1", "b2", "b10"]);
  assert.deepEqual(names(sortRows(rows, "state", false)), ["b2", "b1", "b10"]);
  assert.deepEqual(names(sortRows(rows, "p99", true)), ["b1", "b10", "b2"]);
  assert.deepEqual(names(sortRows(rows, "p99", false)), ["b10", "b1", "b2"]);
});
