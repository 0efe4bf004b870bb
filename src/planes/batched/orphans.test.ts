import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { Orphans } from "./orphans.js";

function open(t: TestContext, most: number) {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const closed: number[] = [];
  const close = (fd: number) => {
    closed.push(fd);
    return 0;
  };
  return { closed, orphans: new Orphans({ close }, most) };
}

test("Orphans: sockets stay open for 30 s", (t) => {
  const { closed, orphans } = open(t, 10);
  orphans.adopt(Int32Array.of(0, 8, 0, 9));
  t.mock.timers.tick(20_000);
  orphans.adopt(Int32Array.of(10));
  t.mock.timers.tick(9_999);
  assert.deepEqual(closed, []);
  t.mock.timers.tick(1);
  assert.deepEqual(closed, [7, 8]);
  t.mock.timers.tick(20_000);
  assert.deepEqual(closed, [7, 8, 9]);
});

test("Orphans: what is too many is closed at once, and there is room again later", (t) => {
  const { closed, orphans } = open(t, 2);
  orphans.adopt(Int32Array.of(8, 9, 10, 11));
  assert.deepEqual(closed, [9, 10]);
  t.mock.timers.tick(30_000);
  orphans.adopt(Int32Array.of(20));
  assert.deepEqual(closed, [9, 10, 7, 8]);
});

test("Orphans: closeAll closes each once", (t) => {
  const { closed, orphans } = open(t, 10);
  orphans.adopt(Int32Array.of(8, 9));
  orphans.closeAll();
  orphans.closeAll();
  t.mock.timers.tick(60_000);
  assert.deepEqual(closed, [7, 8]);
});
