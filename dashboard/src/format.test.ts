import assert from "node:assert/strict";
import { test } from "node:test";
import * as format from "./format.js";

/** Narrow spaces as plain ones, to be read here. */
const plain = (text: string) => text.replaceAll("\u202f", " ");

test("formatRate keeps small rates apart from nothing, and large ones short", () => {
  const cases: [number | null, string][] = [
    ...([
      [null, "–"],
      [0, "0"],
      [0.01, "<0.1"],
      [0.44, "0.4"],
      [3, "3"],
      [3.96, "4"],
    ] as const),
    ...([
      [37.6, "38"],
      [1204, "1,204"],
      [9999, "9,999"],
      [48_230, "48.2k"],
      [999_700, "1.00M"],
    ] as const),
    ...([
      [1_250_000, "1.25M"],
      [Number.NaN, "–"],
    ] as const),
  ].map(([value, text]) => [value, text]);
  for (const [value, text] of cases) assert.equal(format.formatRate(value), text, String(value));
});

test("formatMs chooses the unit that people would", () => {
  const cases = [
    ...([
      [0, "0 µs"],
      [0.0421, "42 µs"],
      [0.9999, "1.0 ms"],
      [1.23, "1.2 ms"],
      [99.96, "100 ms"],
    ] as const),
    ...([
      [340.4, "340 ms"],
      [999.6, "1.0 s"],
      [12_345, "12.3 s"],
    ] as const),
  ];
  for (const [ms, text] of cases) assert.equal(plain(format.formatMs(ms)), text, String(ms));
});

test("formatDuration says one or two units", () => {
  const cases = [
    ...([
      [900, "0 s"],
      [59_999, "59 s"],
      [62_000, "1 min 2 s"],
      [600_000, "10 min"],
    ] as const),
    ...([
      [3_600_000, "1 h"],
      [11_520_000, "3 h 12 min"],
      [90_000_000, "1 d 1 h"],
    ] as const),
  ];
  for (const [ms, text] of cases) assert.equal(plain(format.formatDuration(ms)), text, String(ms));
});

test("formatPart does not call nearly everything all", () => {
  const cases = [
    ...([
      [0, "0 %"],
      [1, "100 %"],
      [0.9999, ">99.9 %"],
      [0.0002, "<0.1 %"],
      [0.333, "33.3 %"],
    ] as const),
  ];
  for (const [part, text] of cases) assert.equal(plain(format.formatPart(part)), text, String(part));
});

test("formatBytes and plural", () => {
  assert.deepEqual([0, 1023, 1536, 5 * 2 ** 30].map(format.formatBytes).map(plain), [
    "0 B",
    "1023 B",
    "1.50 KiB",
    "5.00 GiB",
  ]);
  assert.deepEqual([format.plural(1, "flow"), format.plural(0, "flow")], ["1 flow", "0 flows"]);
});
