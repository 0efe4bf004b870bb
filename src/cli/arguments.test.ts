import assert from "node:assert/strict";
import { test } from "node:test";
import { InvalidArgumentError } from "commander";
import { SluiceError } from "../core/errors.js";
import { checked, collect, wholeNumber } from "./arguments.js";

test("wholeNumber: digits within the bounds, nothing else", () => {
  const parse = wholeNumber(1, 100);
  assert.equal(parse("1"), 1);
  assert.equal(parse("100"), 100);
  for (const text of ["0", "101", "-1", "1.5", "1e1", "0x1", "", " 1", "1 ", "one"]) {
    assert.throws(() => parse(text), InvalidArgumentError, text);
  }
});

test("collect: every use of the flag adds one", () => {
  const add = collect(Number);
  assert.deepEqual(add("2", add("1", undefined)), [1, 2]);
});

test("checked: errors thrown on purpose are usage errors, others are not hidden", () => {
  const fail = (error: Error) =>
    checked(() => {
      throw error;
    });
  assert.throws(
    () => fail(new SluiceError("X", "wrong"))("a"),
    (error) => error instanceof InvalidArgumentError && error.message === "wrong",
  );
  assert.throws(() => fail(new TypeError("bug"))("a"), TypeError);
});
