import assert from "node:assert/strict";
import { test } from "node:test";
import { addHistory } from "./history.js";
import { Timeline } from "./timeline.js";

test("Timeline keeps the newest samples in their order", () => {
  const timeline = new Timeline(3);
  for (const at of [1, 2, 3, 4, 5]) timeline.add(at * 1000, [["a", at * 10]]);
  assert.deepEqual(timeline.columns(["a"]), { seconds: [3, 4, 5], values: [[30, 40, 50]] });
  assert.equal(timeline.last("a"), 50);
  assert.equal(timeline.sum("a", 2000), 90);
});

test("Timeline leaves out a sample that is not newer", () => {
  const timeline = new Timeline(3);
  timeline.add(1000, [["a", 1]]);
  timeline.add(1000, [["a", 2]]);
  assert.deepEqual(timeline.columns(["a"]).values, [[1]]);
});

test("Timeline shows a pause, and what was not measured, as a gap", () => {
  const timeline = new Timeline(10);
  timeline.add(1000, [["a", 1]]);
  timeline.add(9000, [["a", 2]]);
  timeline.add(10_000, [["b", 3]]);
  assert.deepEqual(timeline.columns(["a", "b", "never"]).values, [
    [1, null, 2, null],
    [null, null, null, 3],
    [null, null, null, null],
  ]);
  assert.equal(timeline.last("a"), null);
});

test("Timeline forgets a column that had no figure for a whole turn", () => {
  const timeline = new Timeline(2);
  timeline.add(1000, [["gone", 1]]);
  for (const at of [2, 3, 4, 5]) timeline.add(at * 1000, [["a", at]]);
  assert.deepEqual(timeline.columns(["gone"]).values, [[null, null]]);
  assert.equal(timeline.sum("gone", 10_000), 0);
});

test("addHistory makes rates of counts and adds only what is new", () => {
  const timeline = new Timeline(10);
  const empty = { requestBytes: [], replyBytes: [], replyDrops: {} };
  const backends = [
    {
      pool: "p",
      name: "b",
      requests: [4, 10],
      replies: [4, null],
      p50Ms: [1, 2],
      p99Ms: [3, null],
      outstanding: [0, 1],
    },
  ];
  const history = {
    ...empty,
    atMs: [1000, 3000],
    requests: [4, 10],
    replies: [4, 8],
    flows: [1, 2],
    drops: { denied: [0, 6] },
    backends,
  };
  addHistory(timeline, history);
  addHistory(timeline, history);
  const keys = ["requests", "drops", "drops denied", "p/b requests", "p/b replies", "p/b p99Ms"];
  assert.deepEqual(timeline.columns(keys).values, [
    [4, 5],
    [0, 3],
    [0, 3],
    [4, 5],
    [4, null],
    [3, null],
  ]);
});
