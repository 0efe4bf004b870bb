import assert from "node:assert/strict";
import { test } from "node:test";
import { ZoneNumbers } from "./zone-numbers.js";

test("ZoneNumbers: a zone keeps its number, an address without one has 0", () => {
  const zones = new ZoneNumbers(() => new Set());
  assert.deepEqual(
    ["fe80::1%eth0", "fe80::2%eth1", "fe80::3%eth0", "2001:db8::1", "192.0.2.1"].map((text) =>
      zones.of(text),
    ),
    [1, 2, 1, 0, 0],
  );
});

test("ZoneNumbers: once all are given out, only those that no live flow has are given out anew", () => {
  const live = new Set([2, 3]);
  const zones = new ZoneNumbers(() => live, 4);
  for (const name of ["a", "b", "c", "d"]) zones.of(`fe80::1%${name}`);
  const fresh = [zones.of("fe80::1%e"), zones.of("fe80::1%f")];
  assert.deepEqual(fresh.toSorted(), [1, 4]);
  assert.deepEqual([zones.of("fe80::1%b"), zones.of("fe80::1%c")], [2, 3]);
});

test("ZoneNumbers: where live flows have all numbers, others share 0 and no flow's", () => {
  const live = new Set([1, 2]);
  const zones = new ZoneNumbers(() => live, 2);
  for (const name of ["a", "b"]) zones.of(`fe80::1%${name}`);
  assert.equal(zones.of("fe80::1%c"), 0);
  live.delete(1);
  assert.equal(zones.of("fe80::1%c"), 1);
});
