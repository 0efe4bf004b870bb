/** What a text comes to, and the place of each key and value in it. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ConfigError, formatProblem } from "./config-error.js";
import type { KeyPath } from "./key-path.js";
import { parseYaml } from "./yaml-document.js";

const read = (text: string) => parseYaml(text, undefined).value;

function problemsOf(text: string): string[] {
  try {
    parseYaml(text, "f");
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    return error.problems.map(formatProblem);
  }
  return [];
}

describe("parseYaml: values", () => {
  const cases: [string, string, unknown][] = [
    ["words of YAML 1.1 as text", "[yes, no, on, off]", ["yes", "no", "on", "off"]],
    ["numbers", "[1, -2, 0x10, 1.5, 1e3]", [1, -2, 16, 1.5, 1000]],
    [
      "what only looks like a number or a date as text",
      "[1_000, 2001-01-01, 1:30]",
      ["1_000", "2001-01-01", "1:30"],
    ],
    ["an address as text", "a: 127.0.0.1:53", { a: "127.0.0.1:53" }],
    ["nothing", "{a: , b: ~, c: null}", { a: null, b: null, c: null }],
    ["a core tag", "a: !!str 5", { a: "5" }],
    ["the end of a document", "a: 1\n...\n", { a: 1 }],
    ["text over lines", "a: |\n  b\n  c\nd: >-\n  e\n  f\n", { a: "b\nc\n", d: "e f" }],
    ["a key without text", "? \n: 1", { "": 1 }],
    ["an alias of a map", "a: &x {b: 1}\nc: *x", { a: { b: 1 }, c: { b: 1 } }],
    ["a merge key", "a: &x {b: 1, c: 2}\nd: {c: 3, <<: *x}", { a: { b: 1, c: 2 }, d: { b: 1, c: 3 } }],
    [
      "a merge key with a list",
      "a: &x {b: 1}\nc: {<<: [*x, {b: 2, d: 3}]}",
      { a: { b: 1 }, c: { b: 1, d: 3 } },
    ],
    [
      "merged maps that merge",
      "a: &x {b: 1}\nc: &y {<<: *x}\nd: {<<: *y}",
      { a: { b: 1 }, c: { b: 1 }, d: { b: 1 } },
    ],
    ["<< in quotes as text", 'a: {"<<": 1}', { a: { "<<": 1 } }],
    ["an anchor of a key", "&k a: 1\nb: *k", { a: 1, b: "a" }],
    ["an anchor that is used anew", "[&x 1, *x, &x 2, *x]", [1, 1, 2, 2]],
  ];
  for (const [what, text, expected] of cases) {
    it(`reads ${what}`, () => assert.deepEqual(read(text), expected));
  }

  it("has __proto__ as a key like any other", () => {
    const value = read("__proto__: {a: 1}") as { a?: number };
    assert.deepEqual(Object.keys(value), ["__proto__"]);
    assert.equal(value.a, undefined);
    assert.equal(Object.getPrototypeOf(value), Object.prototype);
  });
});

describe("parseYaml: problems", () => {
  const twice = "this key is here twice, expected it once";
  const cases: [string, string, string[]][] = [
    ["three times the same key", "a: 1\na: 2\na: 3", [`f:2:1: a: ${twice}`, `f:3:1: a: ${twice}`]],
    ["a key twice, once quoted", "a: 1\n'a': 2", [`f:2:1: a: ${twice}`]],
    ["a number and its text", "1: a\n'1': b", [`f:2:1: ["1"]: ${twice}`]],
    ["two spellings of a number", "16: a\n0x10: b", [`f:2:1: ["16"]: ${twice}`]],
    ["two keys without text", "{: 1, ~ : 2}", [`f:1:7: [""]: ${twice}`]],
    [
      "a key twice inside of a double key",
      "a: 1\na: {b: 1, b: 2}",
      [`f:2:1: a: ${twice}`, `f:2:11: a.b: ${twice}`],
    ],
    ["a key twice in a list", "a:\n  - {b: 1}\n  - {b: 1, b: 2}", [`f:3:12: a[1].b: ${twice}`]],
    ["an alias as a key", "a: &x b\n*x : 1", ["f:2:1: found a key that is not text, expected a word"]],
    ["a map as a key", "a:\n  ? {b: 1}\n  : 2", ["f:2:5: a: found a key that is not text, expected a word"]],
    ["a set", "a: !!set {b, c}", ['f:1:4: found the tag "!!set", expected a value without a tag']],
    ["an ordered map", "!!omap [a: 1]", ['f:1:1: found the tag "!!omap", expected a value without a tag']],
    ["binary", "a: !!binary aGk=", ['f:1:4: found the tag "!!binary", expected a value without a tag']],
    [
      "a merge key twice",
      "a: &x {}\nb: {<<: *x, <<: *x}",
      ['f:2:13: b["<<"]: this key is here twice, expected once, with a list of aliases for several maps'],
    ],
    ...["1", "[1]", "[[]]", "~", "[*x, 2]"].map((value): [string, string, string[]] => [
      `a merge of ${value}`,
      `a: &x {}\nb: {<<: ${value}}`,
      [
        `f:2:9: b["<<"]: found ${value === "~" ? "nothing" : value === "1" ? "1" : "a list"}, expected a map, an alias of one, or a list of these`,
      ],
    ]),
    [
      "a merge of an alias of text",
      "a: &x b\nc: {<<: *x}",
      ['f:2:9: c["<<"]: found "b", expected a map, an alias of one, or a list of these'],
    ],
    [
      "several aliases that stand for nothing",
      "a: *x\nb: {<<: *y}",
      [
        'f:1:4: a: unknown alias "*x", expected an anchor "&x" before it',
        'f:2:9: b["<<"]: unknown alias "*y", expected an anchor "&y" before it',
      ],
    ],
    ["nothing but a comment", "# a", ["f: empty, expected a config"]],
  ];
  for (const [what, text, expected] of cases) {
    it(`finds ${what}`, () => assert.deepEqual(problemsOf(text), expected));
  }

  it("lets one key be in two maps", () => assert.deepEqual(problemsOf("a: {b: 1}\nc: {b: 1}"), []));

  it("says what was expected of this kind of file", () => {
    assert.throws(() => parseYaml("# a", "f", "a list of backends"), {
      message: "f: empty, expected a list of backends",
    });
    assert.throws(() => parseYaml("[".repeat(60), "f", "a list of backends"), {
      message: "f:1:51: nested too deep for a list of backends",
    });
  });

  it("has no file in problems of text that came from none", () => {
    assert.throws(() => parseYaml("a: 1\na: 2", undefined), { message: `2:1: a: ${twice}` });
  });
});

describe("parseYaml: places", () => {
  const text = `# first
a:   1
list:
  - x
  -   name: y
      deep: { z:  5 }
shared: &s { k: v }
again: *s
1: one
merged: { <<: *s, own: 2 }
`;
  const { locate } = parseYaml(text, undefined);
  const cases: [KeyPath, "key" | undefined, [number, number]][] = [
    [[], undefined, [2, 1]],
    [["a"], undefined, [2, 6]],
    [["a"], "key", [2, 1]],
    [["list", 0], undefined, [4, 5]],
    [["list", 1], undefined, [5, 7]],
    [["list", 1, "name"], undefined, [5, 13]],
    [["list", 1, "deep", "z"], undefined, [6, 19]],
    [["list", 1, "deep", "z"], "key", [6, 15]],
    [["again", "k"], undefined, [7, 17]],
    [["1"], undefined, [9, 4]],
    [["merged", "own"], undefined, [10, 24]],
    [["merged", "k"], undefined, [7, 17]],
    [["merged", "k"], "key", [7, 14]],
    [["merged", "gone"], undefined, [10, 9]],
    [["list", 1, "gone"], undefined, [5, 7]],
    [["list", 1, "gone", "deeper", 3], undefined, [5, 7]],
    [["a", "inside", "a", "number"], undefined, [2, 6]],
  ];
  for (const [path, target, [line, column]] of cases) {
    it(`of ${target ?? "value"} ${JSON.stringify(path)}`, () =>
      assert.deepEqual(locate(path, target), { line, column }));
  }
});
