import assert from "node:assert/strict";
import { test } from "node:test";
import { offsetOf } from "./text-position.js";

test("offsetOf finds lines and columns, and stays inside the text", () => {
  const text = "ab\ncd\n";
  assert.deepEqual(
    [offsetOf(text, 1, 1), offsetOf(text, 2, 2), offsetOf(text, 1, 99), offsetOf(text, 9, 1)],
    [0, 4, 2, 6],
  );
});
