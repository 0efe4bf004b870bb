import assert from "node:assert/strict";
import { test } from "node:test";
import { printable, printableChildren } from "./printable.js";

test("printable: control characters and turns of direction are shown, everything else and line breaks stay", () => {
  assert.equal(printable("a\u0007\u009b1m\u202eb\u2066"), "a\\x07\\x9b1m\\u{202e}b\\u{2066}");
  assert.equal(printable("düsseldorf-1 שלום\n\tb"), "düsseldorf-1 שלום\n\tb");
});

test("printableChildren: text at any depth, and nothing else", () => {
  const element = { type: "b", props: {} };
  const children = ["\u202ea", 5, null, element, ["\u0085"]];
  assert.deepEqual(printableChildren(children), ["\\u{202e}a", 5, null, element, ["\\x85"]]);
  assert.equal((printableChildren(children) as unknown[])[3], element);
});
