import assert from "node:assert/strict";
import { test } from "node:test";
import { hrefOf, parseRoute } from "./route.js";

test("parseRoute reads what hrefOf writes", () => {
  const name = "[2001:db8::1]:53/a?b#c %";
  const route = parseRoute(hrefOf("backends", ["pool", name], { state: "down", pool: "" }));
  assert.deepEqual(route, { view: "backends", path: ["pool", name], query: { state: "down" } });
});

test("parseRoute leads to the overview when it does not understand", () => {
  for (const hash of ["", "#", "#/", "#/nowhere", "#/%"]) assert.equal(parseRoute(hash).view, "overview");
});
