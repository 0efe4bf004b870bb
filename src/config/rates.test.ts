import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { formatByteRate, formatRate, parseByteRate, parseRate } from "./rates.js";

describe("parseRate", () => {
  it("reads a number a second, and formatRate writes it", () => {
    for (const perS of [0, 1, 50, 100_000_000]) assert.equal(parseRate(formatRate(perS)), perS);
  });

  for (const text of ["", "5", "/s", "5/m", "5 /s", "-5/s", "1.5/s", "5/S", "0x5/s"]) {
    it(`refuses ${JSON.stringify(text)}`, () =>
      assert.throws(() => parseRate(text), { code: "RATE_INVALID" }));
  }
});

describe("parseByteRate", () => {
  it("reads a size a second, and formatByteRate writes it", () => {
    assert.equal(parseByteRate("1.5KiB/s"), 1536);
    assert.equal(formatByteRate(1536), "1536B/s");
    assert.equal(parseByteRate(formatByteRate(1_048_576)), 1_048_576);
  });

  it("refuses what has no unit or no second", () => {
    assert.throws(() => parseByteRate("1MiB"), { code: "RATE_INVALID" });
    assert.throws(() => parseByteRate("1000/s"), { code: "UNIT_INVALID", message: /without a unit/ });
  });
});
