import assert from "node:assert/strict";
import { test } from "node:test";
import { formatAge, formatBytes, formatCount, formatMs, formatPart, plural } from "./figures.js";

test("formatCount: whole numbers up to four digits, three digits and a unit above", () => {
  const shown = [0, 7, 9999, 12_345, 99_950, 999_400, 999_600, 4_567_000, 1e9, Number.NaN].map(formatCount);
  assert.deepEqual(shown, ["0", "7", "9999", "12.3k", "100k", "999k", "1M", "4.57M", "1G", "-"]);
});

test("formatBytes: binary units", () => {
  assert.deepEqual([0, 1023, 1024, 1536, 5 * 1024 ** 3].map(formatBytes), [
    ...["0 B", "1023 B", "1 KiB", "1.50 KiB", "5 GiB"],
  ]);
});

test("formatMs: what takes no time to read; no samples are -", () => {
  const shown = [0, 0.123, 3.44, 120.4, 999, 2500, null, Number.NaN].map(formatMs);
  assert.deepEqual(shown, ["0ms", "0.12ms", "3.44ms", "120ms", "999ms", "2.50s", "-", "-"]);
});

test("formatAge: two units", () => {
  const s = 1000;
  const shown = [0, 59_999, 192 * s, 7500 * s, 4 * 86_400 * s + 3 * 3600 * s, -5].map(formatAge);
  assert.deepEqual(shown, ["0s", "59s", "3m12s", "2h05m", "4d03h", "0s"]);
});

test("formatPart and plural", () => {
  assert.deepEqual([0, 1, 0.125, 0.0003, null].map(formatPart), ["0 %", "100 %", "12.5 %", "0.03 %", "-"]);
  assert.deepEqual(
    [plural(1, "flow"), plural(2, "flow"), plural(0, "flow")],
    ["1 flow", "2 flows", "0 flows"],
  );
});
