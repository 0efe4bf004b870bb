import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { createJsonSchema, type JsonSchema } from "./json-schema.js";
import { loadConfigText } from "./load-config.js";
import { NO_INTERFACES } from "./own-addresses.js";
import { createReference } from "./reference.js";
import { PROBE_EXAMPLES } from "./reference-example.js";

const page = createReference();

function listKeys(schema: JsonSchema): string[] {
  const inner = [schema.items ?? [], schema.anyOf ?? [], schema.oneOf ?? []].flat();
  // What has a title and several forms is said in its title.
  if (schema.title !== undefined && schema.properties === undefined) return [];
  return [
    ...Object.entries(schema.properties ?? {}).flatMap(([key, value]) => [key, ...listKeys(value)]),
    ...inner.flatMap(listKeys),
  ];
}

/** Taken for one more version, with a warning: an example has them no more. */
const OLD_KEYS = new Set(["enabled"]);

describe("createReference", () => {
  it("is what docs/config-reference.md says", () => {
    const file = new URL("../../docs/config-reference.md", import.meta.url);
    assert.equal(readFileSync(file, "utf8"), page, "run `npm run build` and commit docs/config-reference.md");
  });

  it("has a row for every key, with values, default and meaning", () => {
    const keys = listKeys(createJsonSchema());
    assert.equal(keys.length, 134);
    const rows = page.split("\n").filter((line) => /^\| `\w+` \|.*\|.*\|.*\|$/.test(line));
    for (const key of new Set(keys)) {
      const count = keys.filter((other) => other === key).length;
      assert.equal(rows.filter((row) => row.startsWith(`| \`${key}\` |`)).length, count, key);
    }
    for (const row of rows) assert.match(row, /^(\| [^|]*[^| ] ){4}\|$/, "a cell is empty");
  });

  it("links only to headings that are there", () => {
    const anchors = [...page.matchAll(/^## (.*)$/gm)].map(([, title]) =>
      title
        .replace(/[^\w -]/g, "")
        .toLowerCase()
        .replaceAll(" ", "-"),
    );
    const links = [...page.matchAll(/\(#([^)]*)\)/g)].map(([, target]) => target);
    assert.ok(links.length >= 7);
    for (const target of links) assert.ok(anchors.includes(target), target);
  });

  it("has an example that is valid, has every key, and no warning", () => {
    const [, example = ""] = /```yaml\n([\s\S]*?)```/.exec(page) ?? [];
    const { warnings } = loadConfigText(example, "example", NO_INTERFACES);
    assert.deepEqual(warnings, []);
    const [, probes = ""] = /## Probes[\s\S]*?```yaml\n([\s\S]*?)```/.exec(page) ?? [];
    for (const key of listKeys(createJsonSchema()).filter((one) => !OLD_KEYS.has(one)))
      assert.match(example + probes, new RegExp(`\\b${key}:`), key);
  });

  it("has probes that are valid, of every type and with every option of each", () => {
    const seen = new Map<string, Set<string>>();
    for (const line of PROBE_EXAMPLES.trim().split("\n")) {
      const probe = line.replace(/^- /, "");
      const backends = "[127.0.0.1:2]";
      loadConfigText(`{ listen: "127.0.0.1:1", backends: ${backends}, health: { probe: ${probe} } }`, line);
      const [, type = ""] = /type: (\w+)/.exec(probe) ?? [];
      const keys = probe.matchAll(/(?:^\{ |, )(\w+):/g);
      seen.set(type, new Set([...(seen.get(type) ?? []), ...[...keys].map(([, key]) => key)]));
    }
    const { health } = createJsonSchema().properties?.pools.items?.properties ?? {};
    const variants = health?.properties?.probe.anyOf?.[1].oneOf ?? [];
    assert.equal(variants.length, 13);
    for (const { properties = {} } of variants) {
      const type = String(properties.type.const);
      assert.deepEqual([...(seen.get(type) ?? [])].sort(), Object.keys(properties).sort(), type);
    }
  });
});
