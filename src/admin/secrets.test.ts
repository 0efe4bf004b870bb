import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { AdminConfig, TokenConfig } from "../config/admin-config.js";
import { ConfigError } from "../config/config-error.js";
import { createFolder } from "./admin-rig.testing.js";
import { readSecrets } from "./secrets.js";

const TOKEN = "a-token-of-some-length";

function read(token: TokenConfig, env = {}) {
  const admin: AdminConfig = { listen: [], hosts: [], token };
  return readSecrets(admin, env);
}

test("readSecrets: the text itself, a variable, the first line of a file", async (t) => {
  const path = join(createFolder(t), "token");
  writeFileSync(path, `  ${TOKEN} \r\nnot this\n`);
  for (const [source, env] of [
    [{ kind: "text", text: TOKEN }, {}],
    [{ kind: "env", name: "X" }, { X: TOKEN }],
    [{ kind: "file", path }, {}],
  ] as const) {
    assert.equal((await read(source, env)).tokens.token, TOKEN);
  }
});

test("readSecrets: what is missing, empty or no token is named with its key, and never shown", async (t) => {
  const folder = createFolder(t);
  const file = (name: string, content: string): TokenConfig => {
    writeFileSync(join(folder, name), content);
    return { kind: "file", path: join(folder, name) };
  };
  mkdirSync(join(folder, "folder"));
  for (const [source, expected] of [
    [{ kind: "env", name: "SLUICE_X" }, /^admin\.token: environment variable SLUICE_X: not set/],
    [{ kind: "file", path: join(folder, "none") }, /^admin\.token: .*none: no such file$/],
    [{ kind: "file", path: join(folder, "folder") }, /^admin\.token: .*folder: cannot be read: EISDIR$/],
    [file("empty", "\n\n"), /^admin\.token: .*empty: empty, expected a token$/],
    [file("short", "hunter2"), /^admin\.token: .*short: expected 16 to 512 printable/],
    [file("spaces", "hunter2 hunter2 hunter2"), /^admin\.token: .*spaces: expected 16 to 512/],
    [file("long", "hunter2".repeat(100)), /^admin\.token: .*long: expected 16 to 512/],
  ] as const) {
    await assert.rejects(read(source), (error) => {
      assert.ok(error instanceof ConfigError);
      assert.match(error.message, expected);
      assert.doesNotMatch(error.message, /hunter2/);
      return true;
    });
  }
});

test("readSecrets: a certificate that is none names both files", async (t) => {
  const folder = createFolder(t);
  const tls = { cert: join(folder, "cert.pem"), key: join(folder, "key.pem") };
  writeFileSync(tls.cert, "nothing");
  await assert.rejects(
    readSecrets({ listen: [], hosts: [], tls }, {}),
    /^ConfigError: admin\.tls\.key: .*no such file$/,
  );
  writeFileSync(tls.key, "nothing");
  await assert.rejects(
    readSecrets({ listen: [], hosts: [], tls }, {}),
    /admin\.tls: .*cert\.pem and .*key\.pem: no certificate/,
  );
});
