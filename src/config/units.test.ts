import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { formatDuration, formatSize, parseDuration, parseSize, UnitError } from "./units.js";

describe("parseDuration", () => {
  for (const [text, ms] of [
    ["0ms", 0],
    ["0s", 0],
    ["500ms", 500],
    ["120s", 120_000],
    ["2m", 120_000],
    ["1h", 3_600_000],
    ["1.5s", 1_500],
    ["1.1s", 1_100],
    ["0.001s", 1],
    ["0.5h", 1_800_000],
  ] as const) {
    it(`reads ${text}`, () => assert.equal(parseDuration(text), ms));
  }

  for (const text of [
    "",
    "s",
    "-1s",
    "+1s",
    "1 s",
    "1S",
    "1sec",
    "1e3s",
    ".5s",
    "1.s",
    "1s1m",
    "1d",
    "NaNs",
    "１s",
  ]) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      assert.throws(() => parseDuration(text), { name: "UnitError", code: "UNIT_INVALID" });
    });
  }

  it("says that a unit is missing", () => {
    assert.throws(() => parseDuration("120"), {
      message: 'found "120" without a unit, expected a duration such as 500ms, 120s, 2m or 1h',
    });
  });

  it("refuses a fraction of a millisecond", () => {
    assert.throws(() => parseDuration("1.5ms"), {
      message: 'found "1.5ms", expected a whole number when counted in ms',
    });
  });

  it("refuses what cannot be counted exactly", () => {
    assert.throws(() => parseDuration("999999999999999h"), UnitError);
    assert.throws(() => parseDuration("9".repeat(400)), UnitError);
  });

  it("shows at most 60 characters of the text", () => {
    assert.throws(
      () => parseDuration("x".repeat(10_000)),
      (error: Error) => error.message.length < 200,
    );
  });
});

describe("formatDuration", () => {
  for (const [ms, text] of [
    [0, "0s"],
    [1, "1ms"],
    [999, "999ms"],
    [1_000, "1s"],
    [90_000, "90s"],
    [120_000, "2m"],
    [86_400_000, "24h"],
  ] as const) {
    it(`writes ${ms} as ${text}`, () => assert.equal(formatDuration(ms), text));
  }

  it("refuses a fraction", () => assert.throws(() => formatDuration(0.5), UnitError));
});

describe("parseSize", () => {
  for (const [text, bytes] of [
    ["0B", 0],
    ["1500B", 1_500],
    ["64KiB", 65_536],
    ["4MiB", 4_194_304],
    ["1GiB", 1_073_741_824],
    ["0.5KiB", 512],
  ] as const) {
    it(`reads ${text}`, () => assert.equal(parseSize(text), bytes));
  }

  for (const text of ["4MB", "4mib", "4M", "4 MiB", "0.3B", "-1B", "1TiB"]) {
    it(`refuses ${text}`, () => assert.throws(() => parseSize(text), UnitError));
  }

  it("says that a unit is missing", () => {
    assert.throws(() => parseSize("4096"), {
      message: 'found "4096" without a unit, expected a size such as 1500B, 64KiB, 4MiB or 1GiB',
    });
  });
});

describe("formatSize", () => {
  for (const [bytes, text] of [
    [0, "0B"],
    [1_500, "1500B"],
    [1_024, "1KiB"],
    [4_194_304, "4MiB"],
    [1_073_741_824, "1GiB"],
  ] as const) {
    it(`writes ${bytes} as ${text}`, () => assert.equal(formatSize(bytes), text));
  }
});
