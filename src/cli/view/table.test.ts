import assert from "node:assert/strict";
import { test } from "node:test";
import { choosePainter, coloured, plain } from "./style.js";
import { renderTable } from "./table.js";
import { cutText, fitText, textWidth } from "./text-width.js";

const COLUMNS = [
  { title: "NAME", least: 4 },
  { title: "N", align: "right" },
  { title: "WHY", least: 3 },
] as const;

test("textWidth: wide characters take two columns, combining ones none", () => {
  assert.equal(textWidth("abc"), 3);
  assert.equal(textWidth("日本"), 4);
  assert.equal(textWidth("e\u0301"), 1);
  assert.equal(textWidth("🚀"), 2);
});

test("cutText and fitText: never wider than asked, also where a wide character would stick out", () => {
  assert.equal(cutText("abcdef", 4), "abc…");
  assert.equal(cutText("日本語", 4), "日…");
  assert.equal(cutText("abc", 0), "");
  for (let width = 0; width < 8; width++) assert.equal(textWidth(fitText("日本語abc", width)), width);
  assert.equal(fitText("7", 3, "right"), "  7");
});

test("renderTable: columns are aligned, and in a pipe nothing is cut", () => {
  const rows = [
    ["a", "1", "because"],
    ["long-name", "1000", undefined],
  ];
  assert.deepEqual(renderTable(COLUMNS, rows, { width: Number.POSITIVE_INFINITY, paint: plain }), [
    "NAME          N  WHY",
    "a             1  because",
    "long-name  1000",
  ]);
});

test("renderTable: a narrow terminal gets the last columns cut first, down to their least", () => {
  const rows = [["long-name", "1000", "because of that"]];
  assert.deepEqual(renderTable(COLUMNS, rows, { width: 24, paint: plain })[1], "long-name  1000  becaus…");
  assert.deepEqual(renderTable(COLUMNS, rows, { width: 15, paint: plain })[1], "lon…  1000  be…");
});

test("renderTable: columns go where there is no room for them, and no line is ever too wide", () => {
  const columns = [{ title: "A" }, { title: "B", rank: 1 }, { title: "C" }] as const;
  const rows = [["aaaa", "bbbb", "cccc"]];
  const shown = (width: number) => renderTable(columns, rows, { width, paint: plain })[1];
  assert.deepEqual([16, 15, 9, 4, 2].map(shown), ["aaaa  bbbb  cccc", "aaaa  cccc", "aaaa", "aaaa", "a…"]);
});

test("renderTable: a style colours the text and not the padding; names cannot bring escapes of their own", () => {
  const rows = [[{ text: "\u001b[31mx", style: "red" as const }, "1", "y"]];
  const [, line] = renderTable(COLUMNS, rows, { width: 80, paint: coloured });
  assert.equal(line, "\u001b[31m\\x1b[31mx\u001b[0m  1  y");
  assert.ok(!renderTable(COLUMNS, rows, { width: 80, paint: plain })[1].includes("\u001b"));
});

test("choosePainter: colours only on a terminal that wants them", () => {
  assert.equal(choosePainter({ isTTY: true }, {}), coloured);
  assert.equal(choosePainter({ isTTY: true }, { NO_COLOR: "1" }), plain);
  assert.equal(choosePainter({ isTTY: true }, { TERM: "dumb" }), plain);
  assert.equal(choosePainter({}, {}), plain);
});
