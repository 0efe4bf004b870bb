import assert from "node:assert/strict";
import { test } from "node:test";
import { ALONE_MS, StandIns } from "./stand-ins.js";

test("StandIns: the living worker that serves fewest others, for as long as the pause lasts", () => {
  const standIns = new StandIns();
  assert.equal(standIns.down(0, 0, [1, 2], 0), -1, "it starts again at once");
  assert.equal(standIns.down(0, 250, [], 0), -1, "nobody lives");
  assert.equal(standIns.down(0, 250, [1, 2, 3], 0), 1);
  assert.equal(standIns.down(2, 250, [1, 3], 0), 3);
  assert.deepEqual([standIns.servedBy(1), standIns.servedBy(3), standIns.servedBy(2)], [[0], [2], []]);
  assert.deepEqual([standIns.standInFor(0), standIns.up(0), standIns.up(0)], [1, 1, -1]);
  assert.deepEqual(standIns.servedBy(1), []);
});

test("StandIns: whose stand-in dies is left to itself for a while, but not the stand-in", () => {
  const standIns = new StandIns();
  assert.equal(standIns.down(0, 250, [1, 2], 0), 1);
  assert.equal(standIns.down(1, 250, [2], 10), 2);
  assert.deepEqual(standIns.servedBy(2), [1]);
  assert.equal(standIns.down(0, 500, [2], 20), -1);
  assert.equal(standIns.down(0, 500, [2], 10 + ALONE_MS), 2);
});
