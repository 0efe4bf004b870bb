import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseDocument } from "yaml";
import { describeSyntaxError } from "./yaml-errors.js";

/** The description of the first error or warning of the text. */
function describeFirst(text: string): string {
  const { errors, warnings } = parseDocument(text, { prettyErrors: false, uniqueKeys: false });
  const [first] = [...errors, ...warnings];
  assert.ok(first, "the text is YAML");
  return describeSyntaxError(first, text);
}

describe("describeSyntaxError", () => {
  const hint = /; an IPv6 address needs quotes here, such as "\[::\]:53"$/;
  const cases: [string, string, string][] = [
    [
      "a second document",
      "a: 1\n---\nb: 1",
      "a second document begins here, expected one document in a file",
    ],
    ["a tab", "a:\n\tb: 1", "found a tab as indentation, expected spaces"],
    [
      "two keys on a line",
      "a: b: c",
      "found a second key on this line, expected quotes around a value with a colon and a space in it",
    ],
    ["a tag", "a: !env B", 'found the tag "!env", expected a value without a tag'],
    ["an unknown directive", "%FOO a\n---\na: 1", "not valid YAML: unknown directive %FOO"],
    ["a version to come", "%YAML 1.9\n---\na: 1", "not valid YAML: unsupported YAML version 1.9"],
  ];
  for (const [what, text, expected] of cases) {
    it(`says what is wrong with ${what}`, () => assert.equal(describeFirst(text), expected));
  }

  for (const text of ["a: [::]:53", "- [::1]:53", "a:\n  b:  [2001:db8::1]:53", "a: [::ffff:192.0.2.1]:53"]) {
    it(`guesses an IPv6 address from ${JSON.stringify(text)}`, () => assert.match(describeFirst(text), hint));
  }
  for (const text of ["a: [b]c", "a: [1, 2]:53", 'a: "b']) {
    it(`does not from ${JSON.stringify(text)}`, () => {
      assert.match(describeFirst(text), /^not valid YAML: [a-z]/);
      assert.doesNotMatch(describeFirst(text), hint);
    });
  }
});
