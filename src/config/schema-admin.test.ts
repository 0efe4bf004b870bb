/** `admin`, `flowLog` and `metrics`, through `parseConfig`: what they come to, and what is refused. */
import assert from "node:assert/strict";
import { resolve } from "node:path";
import { describe, it } from "node:test";
import { isToken } from "./admin-config.js";
import { ConfigError } from "./config-error.js";
import { loadConfigText } from "./load-config.js";
import { checkConfig, parseConfig as parse } from "./parse-config.js";

const BASE = { listeners: [{ address: "127.0.0.1:2525" }], pools: [{ backends: ["127.0.0.1:2526"] }] };
const TOKEN = "0123456789abcdef";
const load = (keys: object) => checkConfig({ ...BASE, ...keys }).config;
const warningsOf = (keys: object) =>
  checkConfig({ ...BASE, ...keys }).warnings.map(({ path, message }) => `${path}: ${message}`);

function problemsOf(keys: object): string[] {
  try {
    parse({ ...BASE, ...keys });
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    return error.problems.map(({ path, message }) => `${path}: ${message}`);
  }
  return [];
}

describe("admin", () => {
  it("is not there when it is left out", () => {
    const config = load({});
    for (const key of ["admin", "flowLog", "metrics", "file"]) assert.ok(!Object.hasOwn(config, key), key);
  });

  it("takes one address or a list, of two kinds; paths are relative to the config file", () => {
    const text = (listen: unknown) => JSON.stringify({ ...BASE, admin: { listen } });
    const listen = (value: unknown) =>
      loadConfigText(text(value), "/srv/x/sluice.yaml").config.admin?.listen.map(({ kind, text }) => [
        kind,
        text,
      ]);
    assert.deepEqual(listen("127.0.0.1:0"), [["tcp", "127.0.0.1:0"]]);
    assert.deepEqual(listen("unix:run/admin.sock"), [["unix", "unix:/srv/x/run/admin.sock"]]);
    assert.deepEqual(listen(["[::1]:9901", "unix:/run/a"]), [
      ["tcp", "[::1]:9901"],
      ["unix", "unix:/run/a"],
    ]);
  });

  it("says where tokens and certificates are, by absolute paths", () => {
    const { admin } = load({
      admin: {
        listen: "127.0.0.1:1",
        token: { env: "SLUICE_TOKEN" },
        readToken: { file: "read" },
        tls: { cert: "c.pem", key: "/k.pem" },
        hosts: ["lb.example.org"],
      },
    });
    assert.deepEqual(admin?.token, { kind: "env", name: "SLUICE_TOKEN" });
    assert.deepEqual(admin?.readToken, { kind: "file", path: resolve("read") });
    assert.deepEqual(admin?.tls, { cert: resolve("c.pem"), key: "/k.pem" });
    assert.deepEqual(admin?.hosts, ["lb.example.org"]);
    const text = load({ admin: { listen: "127.0.0.1:1", token: TOKEN } }).admin?.token;
    assert.deepEqual(text, { kind: "text", text: TOKEN });
  });

  it("needs a token where others can reach it", () => {
    const open = (listen: unknown, more: object = {}) => problemsOf({ admin: { listen, ...more } });
    const message = (address: string) =>
      `admin.token: missing, expected a token: ${address} is neither loopback nor a Unix socket`;
    assert.deepEqual(open("0.0.0.0:9901"), [message("0.0.0.0:9901")]);
    assert.deepEqual(open(["127.0.0.1:1", "[2001:db8::1]:1"]), [message("[2001:db8::1]:1")]);
    assert.deepEqual(open("192.0.2.1:1", { readToken: { file: "t" } }), [message("192.0.2.1:1")]);
    for (const listen of ["127.9.9.9:1", "[::1]:1", "[::ffff:127.0.0.1]:1", "unix:a"])
      assert.deepEqual(open(listen), [], listen);
    assert.deepEqual(open("192.0.2.1:1", { token: { env: "T" } }), []);
  });

  it("warns where tokens pass unencrypted", () => {
    const token = { env: "T" };
    const tls = { cert: "c", key: "k" };
    const admin = (listen: string, more: object = {}) => warningsOf({ admin: { listen, token, ...more } });
    const text = "admin.tls: missing: on 0.0.0.0:1 tokens and answers pass unencrypted";
    assert.deepEqual(admin("0.0.0.0:1"), [text]);
    assert.deepEqual(admin("0.0.0.0:1", { tls }), []);
    assert.deepEqual(admin("127.0.0.1:1"), []);
    assert.deepEqual(admin("unix:a"), []);
  });

  it("refuses what is no address, and the same one twice", () => {
    const of = (listen: unknown) => problemsOf({ admin: { listen } });
    const expected =
      "expected an IP address and port such as 127.0.0.1:9901, unix: and a path, or a list of them";
    assert.deepEqual(of(9901), [`admin.listen: found 9901, ${expected}`]);
    assert.deepEqual(of(undefined), [`admin.listen: missing, ${expected}`]);
    assert.deepEqual(of([]), ["admin.listen: found an empty list, expected at least one address"]);
    assert.equal(of("localhost:1").length, 1);
    assert.equal(of("unix:").length, 1);
    assert.deepEqual(of(["127.0.0.1:1", "127.0.0.1:1"]), ['admin.listen[1]: "127.0.0.1:1" is there already']);
    assert.deepEqual(of(["127.0.0.1:0", "127.0.0.1:0"]), []);
    assert.match(
      of(`unix:/${"a".repeat(107)}`)[0],
      /^admin\.listen: found a path of 108 bytes, expected at most 107/,
    );
    assert.deepEqual(of(`unix:/${"a".repeat(106)}`), []);
  });

  it("refuses tokens that are too short or long, without showing them", () => {
    const bad = ["short", "x".repeat(513), "with a space in it", "with-ü-in-it-that-is-long", "[redacted]"];
    for (const token of bad) {
      const problems = problemsOf({ admin: { listen: "127.0.0.1:1", token } });
      assert.deepEqual(problems, [
        "admin.token: expected 16 to 512 printable characters of ASCII without spaces",
      ]);
    }
    assert.ok(isToken(TOKEN) && isToken("x".repeat(512)));
  });

  it("refuses a token that is in two places or none", () => {
    for (const token of [{}, { env: "A", file: "b" }])
      assert.deepEqual(problemsOf({ admin: { listen: "127.0.0.1:1", token } }), [
        "admin.token: expected exactly one of env or file",
      ]);
    assert.equal(problemsOf({ admin: { listen: "127.0.0.1:1", token: { env: "A=B" } } }).length, 1);
    assert.equal(problemsOf({ admin: { listen: "127.0.0.1:1", token: 5 } }).length, 1);
  });
});

describe("flowLog and metrics", () => {
  it("fill in their defaults", () => {
    assert.deepEqual(load({ flowLog: { file: "f" } }).flowLog, { file: resolve("f"), sample: 1 });
    assert.deepEqual(load({ flowLog: { file: "-", sample: 0.01 } }).flowLog, { file: "-", sample: 0.01 });
    const otlp = { endpoint: "http://127.0.0.1:4318" };
    assert.deepEqual(load({ metrics: { otlp } }).metrics, { otlp: { ...otlp, intervalMs: 10_000 } });
    assert.deepEqual(load({ metrics: {} }).metrics, {});
  });

  it("refuse what is out of bounds", () => {
    for (const sample of [0, -1, 1.1, "1"])
      assert.equal(problemsOf({ flowLog: { file: "f", sample } }).length, 1);
    assert.equal(problemsOf({ flowLog: {} }).length, 1);
    for (const endpoint of ["127.0.0.1:4318", "ftp://a", "http://", "http://user:pass@host"]) {
      const problems = problemsOf({ metrics: { otlp: { endpoint } } });
      assert.equal(problems.length, 1, endpoint);
      assert.ok(!problems[0].includes("pass@"));
    }
    assert.equal(problemsOf({ metrics: { otlp: { endpoint: "http://a", interval: "1ms" } } }).length, 1);
  });
});
