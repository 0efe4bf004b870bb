import assert from "node:assert/strict";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { type AdminFlags, findAdmin } from "#src/cli/admin-access.js";
import { parseAdminAddress } from "#src/cli/admin-address.js";
import { UsageError } from "#src/cli/errors.js";
import { createTemporaryFolder } from "../support/temporary-folder.js";

const TOKEN = "0123456789abcdef";

function createFiles(t: TestContext, files: Readonly<Record<string, string>>): (name: string) => string {
  const folder = createTemporaryFolder((remove) => t.after(remove));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return (name) => join(folder, name);
}

async function find(flags: AdminFlags, env: NodeJS.ProcessEnv = {}) {
  const { address, token, tokenFrom, tokenMissing, ca } = await findAdmin(flags, env);
  return { where: address.text, isTls: address.isTls, token, tokenFrom, tokenMissing, ca: ca?.length };
}

test("findAdmin: flag, then environment, then config file, then the usual address", async (t) => {
  const at = createFiles(t, { "c.yaml": "admin: { listen: 0.0.0.0:9000 }" });
  const admin = parseAdminAddress("127.0.0.1:1");
  const env = { SLUICE_ADMIN: "127.0.0.1:2" };
  const config = at("c.yaml");
  assert.equal((await find({ admin, config }, env)).where, "127.0.0.1:1");
  assert.equal((await find({ config }, env)).where, "127.0.0.1:2");
  assert.equal((await find({ config })).where, "127.0.0.1:9000");
  assert.equal((await find({}, { SLUICE_ADMIN: "" })).where, "127.0.0.1:9901");
});

test("findAdmin: the config's first address, its socket beside it, and TLS", async (t) => {
  const at = createFiles(t, {
    "list.yaml": "admin: { listen: ['unix:a.sock', '127.0.0.1:1'] }",
    "tls.yaml": "admin: { listen: '[::]:1', tls: { cert: own.pem, key: own.key } }",
    "own.pem": "certificate",
  });
  assert.equal((await find({ config: at("list.yaml") })).where, `unix:${at("a.sock")}`);
  const tls = await find({ config: at("tls.yaml") });
  assert.equal(tls.where, "[::1]:1");
  assert.equal(tls.isTls, true);
  // Its own certificate, and those of the machine.
  assert.ok((tls.ca ?? 0) > 10);
  const given = parseAdminAddress("https://a:1");
  assert.equal((await find({ admin: given, ca: at("own.pem") })).ca, 1);
});

test("findAdmin: the token of a file, of the environment, of the config", async (t) => {
  const at = createFiles(t, {
    token: `  ${TOKEN}-file \nmore\n`,
    "file.yaml": "admin: { listen: '127.0.0.1:1', token: { file: token } }",
    "env.yaml": "admin: { listen: '127.0.0.1:1', token: { env: OTHER } }",
    "text.yaml": `admin: { listen: '127.0.0.1:1', token: ${TOKEN} }`,
    "none.yaml": "admin: { listen: '127.0.0.1:1' }",
  });
  const env = { SLUICE_TOKEN: `${TOKEN}-env` };
  const token = async (flags: AdminFlags, environment = {}) => (await find(flags, environment)).token;
  assert.equal(await token({ tokenFile: at("token"), config: at("text.yaml") }, env), `${TOKEN}-file`);
  assert.equal(await token({ config: at("text.yaml") }, env), `${TOKEN}-env`);
  assert.equal(await token({ config: at("text.yaml") }), TOKEN);
  assert.equal(await token({ config: at("file.yaml") }), `${TOKEN}-file`);
  assert.equal(await token({ config: at("env.yaml") }, { OTHER: TOKEN }), TOKEN);
  assert.equal(await token({ config: at("none.yaml") }), undefined);
  assert.match(
    (await find({ config: at("env.yaml") })).tokenMissing ?? "",
    /OTHER of .*env\.yaml is not set/,
  );
});

test("findAdmin: a token file that only the balancer may read is no error before the balancer asks for a token", {
  skip: process.getuid?.() === 0 || process.platform === "win32" ? "root may read every file" : false,
}, async (t) => {
  const at = createFiles(t, { "c.yaml": "admin: { listen: '127.0.0.1:1', token: { file: t } }", t: TOKEN });
  chmodSync(at("t"), 0o000);
  assert.match((await find({ config: at("c.yaml") })).tokenMissing ?? "", /cannot be read here: EACCES/);
});

const MISUSES: readonly [
  what: string,
  flags: (at: (name: string) => string) => AdminFlags,
  env: object,
  text: RegExp,
][] = [
  [
    "no such config",
    (at) => ({ config: at("nowhere") }),
    {},
    /--config .*nowhere: cannot be read: no such file/,
  ],
  ["a config without admin", (at) => ({ config: at("empty.yaml") }), {}, /has no admin\.listen/],
  ["port 0", (at) => ({ config: at("zero.yaml") }), {}, /admin\.listen: found "127\.0\.0\.1:0"/],
  ["no such token file", (at) => ({ tokenFile: at("nowhere") }), {}, /--token-file .*nowhere/],
  ["an empty token file", (at) => ({ tokenFile: at("empty") }), {}, /empty: expected a token/],
  [
    "a token that would end the header",
    () => ({}),
    { SLUICE_TOKEN: "a\r\nb: c" },
    /SLUICE_TOKEN: expected a token/,
  ],
  ["an address that is none", () => ({}), { SLUICE_ADMIN: "9901" }, /SLUICE_ADMIN: found "9901"/],
  [
    "no such CA",
    (at) => ({ admin: parseAdminAddress("https://a"), ca: at("nowhere") }),
    {},
    /--ca .*nowhere/,
  ],
];

for (const [what, flags, env, text] of MISUSES) {
  test(`findAdmin: ${what} is bad usage`, async (t) => {
    const at = createFiles(t, {
      empty: "\n",
      "empty.yaml": "listeners: []",
      "zero.yaml": "admin: {listen: '127.0.0.1:0'}",
    });
    await assert.rejects(findAdmin(flags(at), env as NodeJS.ProcessEnv), (error) => {
      assert.ok(error instanceof UsageError, String(error));
      assert.match(error.message, text);
      return true;
    });
  });
}
