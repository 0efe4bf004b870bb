import assert from "node:assert/strict";
import { test } from "node:test";
import { type Box, gridColumns, layoutPicture, type PictureGroup } from "./picture-layout.js";

const groups: PictureGroup[] = [
  { pool: "dns", listeners: ["a", "b"], backends: ["dns/1", "dns/2", "dns/3"], rest: 0 },
  { pool: "game", listeners: ["c"], backends: [], rest: 500 },
  { pool: "unused", listeners: [], backends: [], rest: 0 },
];

const overlap = (a: Box, b: Box) =>
  a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;

for (const width of [300, 719, 720, 1400, 3000]) {
  test(`layoutPicture puts everything side by side within ${width}`, () => {
    const { boxes, height } = layoutPicture(groups, width);
    assert.equal(boxes.length, 3 + 3 + 3 + 1);
    for (const box of boxes) {
      assert.ok(box.x >= 0 && box.x + box.width <= width + 0.001, `${box.id} is within the width`);
      assert.ok(box.y >= 0 && box.y + box.height <= height + 0.001, `${box.id} is within the height`);
      for (const other of boxes) assert.ok(box === other || !overlap(box, other), `${box.id} on ${other.id}`);
    }
  });
}

test("layoutPicture joins every listener and backend to its pool where it is wide", () => {
  const { edges } = layoutPicture(groups, 1400);
  assert.deepEqual(
    edges.map(({ kind, box, pool }) => `${kind} ${box.id} ${pool.id}`),
    ["in a dns", "in b dns", "out dns/1 dns", "out dns/2 dns", "out dns/3 dns", "in c game", "out game game"],
  );
});

test("layoutPicture leads requests from the listener to the pool, and replies back", () => {
  const { edges } = layoutPicture(groups, 1400);
  const { box, pool, requestPath, replyPath } = edges[0];
  assert.ok(requestPath.startsWith(`M${box.x + box.width} `));
  assert.ok(requestPath.endsWith(`H${pool.x}`));
  assert.ok(replyPath.startsWith(`M${pool.x} `));
  assert.ok(replyPath.endsWith(`H${box.x + box.width}`));
});

test("layoutPicture gives a grid the rows that it needs", () => {
  const { boxes } = layoutPicture(groups, 1400);
  const rest = boxes.find(({ kind }) => kind === "rest")!;
  assert.ok(rest.height >= Math.ceil(500 / gridColumns(rest.width)) * 13);
});

test("layoutPicture of nothing is empty", () => {
  assert.equal(layoutPicture([], 1400).height, 0);
});
