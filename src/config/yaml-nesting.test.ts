import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { findMisfit } from "./yaml-nesting.js";

const spaces = (count: number) => " ".repeat(count);

describe("findMisfit", () => {
  const fit: [string, string][] = [
    ["50 brackets", `${"[".repeat(50)}${"]".repeat(50)}`],
    ["many brackets side by side", "[[], {}, ".concat("[],".repeat(500), "]")],
    ["brackets too many at the end", `a: 1 ${"]".repeat(100)}\n[[]]`],
    ["brackets in quotes", `a: "${"[".repeat(100)}"\nb: '${"{".repeat(100)}'`],
    ["brackets in a block of text", `a: |\n  ${"[".repeat(100)}\n`],
    ["brackets in a comment", `# ${"[".repeat(100)}\na: 1`],
    ["50 lists on a line", `${"- ".repeat(50)}a`],
    ["many lines of lists and keys", "- - a: 1\n".repeat(500)],
    [
      "a map of many keys on a line",
      `{${Array.from({ length: 500 }, (_, i) => `"k${i}": ${i}`).join(", ")}}`,
    ],
    ["an indentation of 200", `a:\n${spaces(200)}b: 1`],
    ["a long blank line", `a: 1\n${spaces(201)}\n${spaces(500)}\r\nb: 1`],
    ["blanks at the end", `a: 1\n${spaces(500)}`],
    ["a comment far to the right", `a: 1\n${spaces(500)}# b\nc: 1`],
    ["text far to the right in a block", `a: |\n  b\n${spaces(500)}c\nd: 1`],
    ["indented JSON", `{\n${spaces(500)}"a": 1\n}`],
    ["spaces after a key", `a:${spaces(500)}b`],
  ];
  for (const [what, text] of fit)
    it(`lets ${what} pass`, () => assert.equal(findMisfit(text)?.offset, undefined));

  const deep: [string, string, number][] = [
    ["51 brackets", "[".repeat(51), 50],
    ["brackets of both kinds", `a: ${"[{".repeat(26)}`, 53],
    ["brackets over lines", "[\n".repeat(51), 100],
    ["brackets after a byte order mark", `\ufeff${"[".repeat(51)}`, 50],
    ["51 lists on a line", `a: 1\n${"- ".repeat(51)}`, 5 + 100],
    ["keys of keys", "? ".repeat(51), 100],
    ["keys of keys in brackets", `[${"? ".repeat(51)}`, 101],
    ["an indentation of 201", `a:\n${spaces(201)}b: 1`, 3],
    ["the same after CRLF and a blank line", `a:\r\n${spaces(300)}\r\n${spaces(201)}- b`, 306],
    ["a bracket at such an indentation", `a:\n${spaces(201)}[]`, 3],
  ];
  for (const [what, text, offset] of deep) {
    it(`finds ${what}, and where`, () => assert.equal(findMisfit(text)?.offset, offset));
  }
});
