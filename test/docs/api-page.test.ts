/** What is made from the API's schemas is committed as it is made. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { createApiDocument } from "#src/admin/api-document.js";
import { type ApiDocument, createApiReference } from "#src/admin/api-reference.js";
import { ROOT } from "../support/markdown.js";

const read = (page: string): string => readFileSync(join(ROOT, "docs", page), "utf8");
const document = (await createApiDocument()) as ApiDocument & { readonly openapi: string };

test("docs/openapi.json and docs/api.md are current: `npm run build` writes them", () => {
  assert.deepEqual(JSON.parse(read("openapi.json")), document);
  assert.equal(read("api.md"), createApiReference(document));
});

test("docs/openapi.json: OpenAPI 3.1, and every reference leads somewhere", () => {
  assert.match(document.openapi, /^3\.1\./);
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)];
  assert.ok(references.length > 30);
  for (const [, name] of references) assert.ok(document.components.schemas[name!], name);
});

test("docs/openapi.json has every route of docs/design/admin.md", () => {
  const design = read("design/admin.md");
  const routes = [...design.matchAll(/^\| `(GET|PUT|POST|PATCH|DELETE) ([^`?]+)[^`]*`/gm)];
  assert.ok(routes.length >= 19);
  for (const [, method, path] of routes) {
    if (path!.endsWith("openapi.json") || path === "/") continue;
    const templated = path!.trim().replace(/:(\w+)/g, "{$1}");
    assert.ok(document.paths[templated]?.[method!.toLowerCase()], `${method} ${templated}`);
  }
});
