/** Links between pages lead somewhere, and what ARCHITECTURE.md names is there. */
import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { test } from "node:test";
import { anchorsOf, linksOf, listPages, ROOT, readPage } from "../support/markdown.js";

const pages = listPages();

test("the pages that people look for are there", () => {
  for (const page of ["README.md", "ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"]) {
    assert.ok(pages.includes(page), page);
    assert.ok(readPage(page).length > 300, `${page} is nearly empty`);
  }
});

for (const page of pages) {
  test(`${page}: every link to a file or heading of ours leads there`, () => {
    for (const { path, anchor } of linksOf(page)) {
      const file = posix.join(posix.dirname(page), path);
      assert.ok(existsSync(join(ROOT, file)), `${path}: no such file`);
      if (anchor === undefined) continue;
      assert.ok(anchorsOf(readPage(file)).includes(anchor), `${path}#${anchor}: no such heading`);
    }
  });
}

/** `core/flows.ts` and `planes/batched/{engine,bursts}.ts`, as ARCHITECTURE.md writes files below src. */
function namedFiles(text: string): string[] {
  return [...text.matchAll(/`([\w./{},*-]+\.(?:ts|js|json|md|yaml|mjs))`/g)].flatMap(([, name]) => {
    const braces = /^(.*)\{(.*)\}(.*)$/.exec(name!);
    if (braces === null) return [name!];
    return braces[2]!.split(",").map((part) => `${braces[1]}${part}${braces[3]}`);
  });
}

test("ARCHITECTURE.md: every file that it names exists", () => {
  const named = namedFiles(readPage("ARCHITECTURE.md"));
  assert.ok(named.length > 20, `only ${named.length} found`);
  for (const name of named) {
    const places = [name, `src/${name}`, `src/planes/${name}`].map((path) => join(ROOT, path));
    const found = places.some((path) => (path.includes("*") ? existsSync(dirname(path)) : existsSync(path)));
    assert.ok(found, name);
  }
});

test("ARCHITECTURE.md: the table of rooms has every folder and file directly in src", () => {
  const [, rest = ""] = readPage("ARCHITECTURE.md").split("\n## Rooms\n");
  const table = rest.split("\n## ")[0]!;
  for (const { name } of readdirSync(join(ROOT, "src"), { withFileTypes: true })) {
    if (/\.test(ing)?\.ts$/.test(name)) continue;
    assert.ok(table.includes(`src/${name}\``) || table.includes(`\`${name}\``), `src/${name} is in no row`);
  }
});
