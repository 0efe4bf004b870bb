import assert from "node:assert/strict";
import { test } from "node:test";
import { diffLines, hunksOf } from "./line-diff.js";

const short = (before: string[], after: string[]) =>
  diffLines(before.join("\n"), after.join("\n"))
    .map(({ kind, text }) => ({ same: " ", added: "+", removed: "-" })[kind] + text)
    .join(" ");

test("diffLines finds the shortest edit", () => {
  assert.equal(short(["a", "b", "c"], ["a", "b", "c"]), " a  b  c");
  assert.equal(short(["a", "b", "c"], ["a", "x", "c"]), " a -b +x  c");
  assert.equal(short(["a", "b", "c", "d"], ["b", "c", "e"]), "-a  b  c -d +e");
  assert.equal(short(["a", "a"], ["a", "a", "a"]), " a  a +a");
});

test("diffLines numbers both sides and does not mind how lines end", () => {
  assert.deepEqual(
    diffLines("a\r\nb\n", "a\nc\nb").map(({ before, after }) => [before, after]),
    [
      [1, 1],
      [undefined, 2],
      [2, 3],
    ],
  );
});

test("diffLines of long texts without anything in common answers at once", () => {
  const lines = (name: string) => Array.from({ length: 5000 }, (_, at) => `${name}${at}`).join("\n");
  const kinds = diffLines(lines("a"), lines("b")).map(({ kind }) => kind);
  assert.equal(kinds.length, 10_000);
  assert.equal(kinds.indexOf("added"), 5000);
});

test("hunksOf leaves out what is far from a change", () => {
  const before = Array.from({ length: 20 }, (_, at) => `line ${at}`);
  const after = before.with(2, "two").with(17, "seventeen");
  const hunks = hunksOf(diffLines(before.join("\n"), after.join("\n")), 1);
  assert.deepEqual(
    hunks.map(({ skipped, lines }) => [skipped, lines.length]),
    [
      [1, 4],
      [12, 4],
    ],
  );
  assert.deepEqual(hunksOf(diffLines("a", "a")), []);
});
