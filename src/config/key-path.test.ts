import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { describeValue, formatPath, quote } from "./key-path.js";

describe("formatPath", () => {
  it("writes keys with dots and positions in brackets", () => {
    assert.equal(formatPath(["pools", 0, "backends", 2, "weight"]), "pools[0].backends[2].weight");
  });
  it("is empty for the whole config", () => assert.equal(formatPath([]), ""));
  it("quotes a key that is not a plain word", () => {
    assert.equal(formatPath(["pools", "a b", "c"]), 'pools["a b"].c');
    assert.equal(formatPath(["\u001b[31m"]), '["\\u001b[31m"]');
    assert.equal(formatPath([""]), '[""]');
  });
});

describe("quote", () => {
  it("keeps control characters from the terminal", () => assert.equal(quote("a\n\u001b"), '"a\\n\\u001b"'));
  it("cuts long text", () => assert.equal(quote("x".repeat(61)), `"${"x".repeat(60)}…"`));
});

describe("describeValue", () => {
  for (const [value, text] of [
    [null, "nothing"],
    [undefined, "undefined"],
    ["a", '"a"'],
    [5, "5"],
    [Number.NaN, "NaN"],
    [true, "true"],
    [10n, "10"],
    [[1], "a list"],
    [{ a: 1 }, "a map"],
    [() => 1, "a function"],
    [Symbol("x"), "a symbol"],
  ] as const) {
    it(`says ${text}`, () => assert.equal(describeValue(value), text));
  }
});
