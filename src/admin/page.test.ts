import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { createFolder, openRig, TOKEN } from "./admin-rig.testing.js";

function buildPage(t: TestContext): string {
  const folder = createFolder(t);
  mkdirSync(join(folder, "page/assets"), { recursive: true });
  writeFileSync(join(folder, "page/index.html"), "<!doctype html><title>sluice</title>");
  writeFileSync(join(folder, "page/assets/index-abc123.js"), "export {};");
  writeFileSync(join(folder, "page/source.map"), "not for anybody");
  writeFileSync(join(folder, "secret"), "secret");
  return join(folder, "page");
}

test("the page: its files to anybody, assets for ever, index.html asked for again each time", async (t) => {
  const { ask } = await openRig(t, { token: TOKEN }, { pageFolder: buildPage(t) });
  const index = await ask("/");
  assert.equal(index.status, 200);
  assert.match(String(index.headers["content-type"]), /^text\/html/);
  assert.match(String(index.headers["cache-control"]), /max-age=0/);
  assert.match(String(index.headers["content-security-policy"]), /default-src 'self'/);
  const asset = await ask("/assets/index-abc123.js");
  assert.equal(asset.text, "export {};");
  assert.match(String(asset.headers["content-type"]), /javascript/);
  assert.match(String(asset.headers["cache-control"]), /immutable/);
});

test("the page: nothing but its files", async (t) => {
  const { ask } = await openRig(t, { token: TOKEN }, { pageFolder: buildPage(t) });
  for (const path of [
    "/assets/none.js",
    "/assets/",
    "/assets/../source.map",
    "/assets/..%2fsource.map",
    "/assets/..%2f..%2fsecret",
    "/assets/%2e%2e/%2e%2e/secret",
    "/assets/..\\..\\secret",
    "/source.map",
    "/assets/%00",
  ]) {
    const { status, text } = await ask(path);
    assert.ok(status >= 400 && status < 500, `${path}: ${status}`);
    assert.doesNotMatch(text, /secret"?$|not for anybody/, path);
  }
});

test("the page: a build without one says so", async (t) => {
  const { ask } = await openRig(t, {}, { pageFolder: join(createFolder(t), "none") });
  const { status, headers, text } = await ask("/");
  assert.equal(status, 200);
  assert.match(String(headers["content-type"]), /^text\/plain/);
  assert.match(text, /no page/);
});
