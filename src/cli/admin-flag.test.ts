import assert from "node:assert/strict";
import { resolve } from "node:path";
import { test } from "node:test";
import { ConfigError } from "../config/config-error.js";
import { parseConfig } from "../config/parse-config.js";
import { SluiceError } from "../core/errors.js";
import { overrideAdmin, parseAdminFlag } from "./admin-flag.js";
import { createConfigSource } from "./run-flags.js";

const BASE = { listen: "127.0.0.1:0", backends: ["127.0.0.1:9"] };

test("parseAdminFlag: an address, or a socket from the working directory", () => {
  assert.equal(parseAdminFlag("[::1]:9901").text, "[::1]:9901");
  assert.deepEqual(parseAdminFlag("unix:a.sock"), {
    ...{ kind: "unix", path: resolve("a.sock"), text: `unix:${resolve("a.sock")}` },
  });
  for (const text of ["9901", "localhost:9901", "unix:", ""])
    assert.throws(() => parseAdminFlag(text), SluiceError, text);
});

test("overrideAdmin: the address is the flag's, the rest the file's", () => {
  const token = "0123456789abcdef";
  const config = parseConfig({ ...BASE, admin: { listen: "127.0.0.1:1", token, hosts: ["a.example"] } });
  const { listen, hosts } = overrideAdmin(config, parseAdminFlag("0.0.0.0:2"));
  assert.deepEqual(
    listen.map(({ text }) => text),
    ["0.0.0.0:2"],
  );
  assert.deepEqual(hosts, ["a.example"]);
});

test("overrideAdmin: what other machines reach needs the file's token", () => {
  const config = parseConfig(BASE);
  assert.throws(
    () => overrideAdmin(config, parseAdminFlag("192.0.2.1:2")),
    (error) => {
      assert.ok(error instanceof ConfigError);
      assert.match(
        error.message,
        /^--admin: 192\.0\.2\.1:2 is neither loopback nor a Unix socket: expected a token/,
      );
      return true;
    },
  );
  for (const text of ["127.0.0.2:2", "[::1]:2", "unix:/a"]) overrideAdmin(config, parseAdminFlag(text));
});

test("createConfigSource: --admin without a file is part of the config; its problems name the flag", async () => {
  const flags = (text: string) => ({
    ...{ listen: ["127.0.0.1:0"], backend: [{ address: "127.0.0.1:9" }], admin: parseAdminFlag(text) },
    ...({ logLevel: "info", logFormat: "json" } as const),
  });
  const { config } = await createConfigSource(undefined, flags("127.0.0.1:2")).load();
  assert.equal(config.admin?.listen[0].text, "127.0.0.1:2");
  await assert.rejects(createConfigSource(undefined, flags("192.0.2.1:2")).load(), /^ConfigError: --admin: /);
});
