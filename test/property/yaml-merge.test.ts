/** Anchors, aliases and merge keys: our resolved tree against the yaml package's own plain value. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { parse } from "yaml";
import { parseYaml } from "#src/config/yaml-document.js";

const key = fc.constantFrom("a", "b", "c", "d");
const anchor = fc.constantFrom("x", "y", "z");

/** Flow YAML: some of it with anchors, aliases and merge keys, which may or may not stand for something. */
const { node } = fc.letrec<{ node: string; map: string; merge: string; leaf: string }>((tie) => ({
  leaf: fc.oneof(
    fc.constantFrom("1", "two", "~", '"<<"'),
    anchor.map((name) => `*${name} `),
  ),
  merge: fc.oneof(
    anchor.map((name) => `*${name} `),
    tie("map"),
    fc
      .array(anchor, { minLength: 1, maxLength: 3 })
      .map((all) => `[${all.map((name) => `*${name} `).join()}]`),
  ),
  map: fc
    .tuple(
      fc.option(anchor),
      fc.uniqueArray(key, { maxLength: 3 }),
      fc.array(tie("node"), { minLength: 3, maxLength: 3 }),
      fc.option(fc.tuple(tie("merge"), fc.nat({ max: 3 }))),
    )
    .map(([name, keys, values, merged]) => {
      const pairs = keys.map((one, i) => `${one}: ${values[i]}`);
      if (merged !== null) pairs.splice(merged[1], 0, `<<: ${merged[0]}`);
      return `${name === null ? "" : `&${name} `}{${pairs.join(", ")}}`;
    }),
  node: fc.oneof(
    { maxDepth: 4, depthSize: "small" },
    tie("leaf"),
    tie("map"),
    fc.array(tie("node"), { maxLength: 3 }).map((items) => `[${items.join(", ")}]`),
  ),
}));

describe("parseYaml", () => {
  it("reads whatever it accepts as the yaml package does", () => {
    let accepted = 0;
    const text = fc.array(node, { minLength: 1, maxLength: 6 }).map((items) => `[${items.join(", ")}]`);
    fc.assert(
      fc.property(text, (yaml) => {
        const ours = readOrRefuse(yaml);
        if (ours === undefined) return;
        accepted++;
        assert.deepEqual(ours, parse(yaml, { merge: true, uniqueKeys: false }), yaml);
      }),
      { numRuns: 1_500 },
    );
    assert.ok(accepted > 100, String(accepted));
  });
});

/** Undefined for what is refused; an anchor is often missing. */
function readOrRefuse(text: string): unknown {
  try {
    return parseYaml(text, undefined).value;
  } catch {
    return undefined;
  }
}
