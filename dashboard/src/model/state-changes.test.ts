import assert from "node:assert/strict";
import { test } from "node:test";
import { describeStateChanges } from "./state-changes.js";
import { backendView } from "./views.testing.js";

const named = (...names: string[]) => names.map((name) => backendView({ name }));
const down = (name: string) => backendView({ name, health: "down", reason: "no answer" });

test("describeStateChanges names a few", () => {
  assert.equal(
    describeStateChanges(named("a", "b"), [down("a"), backendView({ name: "b" })]),
    "web/a: down, no answer.",
  );
});

test("describeStateChanges counts many", () => {
  const before = named("a", "b", "c", "d");
  const after = [down("a"), down("b"), down("c"), backendView({ name: "d", admin: "draining" })];
  assert.equal(describeStateChanges(before, after), "4 backends changed: 3 down, 1 draining.");
});

test("describeStateChanges is silent about what is new, gone or the same", () => {
  assert.equal(describeStateChanges(named("a", "gone"), [backendView({ name: "a" }), down("new")]), "");
});
