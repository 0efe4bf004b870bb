import assert from "node:assert/strict";
import { test } from "node:test";
import { loadLibc } from "../../linux/libc.js";
import { openArena } from "../../linux/memory.js";
import { SentCopies } from "./sent-copies.js";

const skip = process.platform === "linux" ? false : "needs Linux";
const BACKEND = 3;
const USE = 1;
const SOURCE_BYTES = 65_536;

function open() {
  const arena = openArena(loadLibc(), SOURCE_BYTES + SentCopies.arenaBytes());
  const source = arena.allocate(SOURCE_BYTES);
  const copies = new SentCopies(arena);
  copies.copyFor([BACKEND]);
  /** Notes an entry of some pieces, each filled with a number. */
  const keep = (entry: number, ...pieces: [value: number, bytes: number][]) => {
    copies.begin(
      entry,
      BACKEND,
      USE,
      pieces.reduce((sum, [, bytes]) => sum + bytes, 0),
    );
    for (const [value, bytes] of pieces) {
      arena.u8.fill(value, source, source + bytes);
      copies.add(source, bytes);
    }
  };
  const read = (entry: number, bytes: number) => {
    const offset = copies.offset(entry, USE);
    return offset < 0 ? undefined : [...arena.u8.subarray(offset, offset + bytes)];
  };
  return { arena, copies, source, keep, read };
}

test("SentCopies: what was sent is there, its pieces one after the other", { skip }, () => {
  const { keep, read } = open();
  keep(7, [1, 3]);
  keep(8, [2, 2], [3, 1], [4, 2]);
  keep(9, [5, 0]);
  assert.deepEqual(read(7, 3), [1, 1, 1]);
  assert.deepEqual(read(8, 5), [2, 2, 3, 4, 4]);
  assert.deepEqual(read(9, 0), []);
  assert.equal(read(10, 1), undefined, "never sent");
});

test("SentCopies: only for backends that want it, and for the flow that sent it", { skip }, () => {
  const { copies, source, keep, read } = open();
  keep(7, [1, 3]);
  copies.begin(7, BACKEND + 1, USE, 3);
  copies.add(source, 3);
  assert.equal(read(7, 3), undefined, "the entry is another send's now");
  keep(7, [1, 3]);
  assert.equal(copies.offset(7, USE + 1), -1, "the upstream is another flow's now");
  copies.forget(7);
  assert.equal(read(7, 3), undefined);
});

test("SentCopies: switched off and on again, nothing of before is left", { skip }, () => {
  const { copies, keep, read } = open();
  keep(7, [1, 3]);
  copies.copyFor([BACKEND, 9]);
  assert.deepEqual(read(7, 3), [1, 1, 1]);
  copies.copyFor([]);
  assert.equal(copies.isOn, false);
  copies.copyFor([BACKEND]);
  assert.equal(read(7, 3), undefined);
});

test("SentCopies: the ring goes round, and no copy is handed out that the next sends may overwrite", {
  skip,
}, () => {
  const { keep, read } = open();
  const bytes = 60_000;
  const sends = 200;
  for (let entry = 0; entry < sends; entry++) keep(entry, [entry, bytes]);
  const there = Array.from({ length: sends }, (_, entry) => entry).filter((entry) => read(entry, 1));
  assert.ok(there.length > 50 && there.length < 68, `${there.length}`);
  assert.equal(there.at(-1), sends - 1);
  assert.equal(there[0], sends - there.length, "the newest");
  for (const entry of there) assert.deepEqual(new Set(read(entry, bytes)), new Set([entry]));
});
