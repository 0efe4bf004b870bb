import assert from "node:assert/strict";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { RunningProcess, runCli, runProgram, SLUICE } from "../support/run-cli.js";

const GOOD = `listeners:
  - name: dns
    address: 127.0.0.1:0
pools:
  - backends: [127.0.0.1:5301, 127.0.0.1:5302]
`;
const BAD = `listeners:
  - name: dns
    adress: 127.0.0.1:0
pools:
  - polcy: random
    backends: [127.0.0.1]
`;
const SPARE_POOL = `listeners:
  - address: 127.0.0.1:0
    pool: used
pools:
  - name: used
    backends: [127.0.0.1:5301]
  - name: spare
    backends: [127.0.0.1:5302, 127.0.0.1:5303]
`;

function makeFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "sluice-cli-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function writeConfig(t: TestContext, text: string): string {
  const file = join(makeFolder(t), "sluice.yaml");
  writeFileSync(file, text);
  return file;
}

const BACKEND = ["--backend", "127.0.0.1:5301"];
const LISTEN = ["--listen", "127.0.0.1:0"];

const MISUSES: readonly [name: string, args: string[], message: RegExp][] = [
  ["an unknown command", ["rum"], /unknown command 'rum'\n\(Did you mean run\?\)/],
  ["no command", [], /Usage: sluice/],
  [
    "a misspelt flag",
    ["run", "--listn", "127.0.0.1:0"],
    /unknown option '--listn'\n\(Did you mean --listen\?\)/,
  ],
  ["nothing to run", ["run"], /nothing to run: give a config file, or --listen and --backend/],
  ["no backend", ["run", ...LISTEN], /no --backend given/],
  ["no listener", ["run", ...BACKEND], /no --listen given/],
  ["a file and flags", ["run", "--config", "x.yaml", "--affinity", "none"], /a config file and --affinity/],
  ["two files", ["run", "x.yaml", "--config", "y.yaml"], /two config files/],
  ["two arguments", ["run", "x.yaml", "y.yaml"], /too many arguments/],
  [
    "an unknown policy",
    ["run", ...LISTEN, ...BACKEND, "--policy", "best"],
    /--policy.*Allowed choices are round-robin/,
  ],
  [
    "a bad number",
    ["run", ...LISTEN, ...BACKEND, "--requests", "-1"],
    /--requests.*expected a whole number from 1/,
  ],
  [
    "a bad option of a backend",
    ["run", ...LISTEN, "--backend", "127.0.0.1:1,wieght=2"],
    /--backend.*wieght.*weight/,
  ],
  ["a bad address", ["run", "--listen", "127.0.0.1", ...BACKEND], /--listen: .*"127\.0\.0\.1"/],
  ["a bad backend", ["run", ...LISTEN, "--backend", "127.0.0.1:0"], /--backend: .*"127\.0\.0\.1:0"/],
  ["a bad affinity", ["run", ...LISTEN, ...BACKEND, "--affinity", "clint"], /--affinity: .*"clint"/],
  ["a bad duration", ["run", ...LISTEN, ...BACKEND, "--idle-timeout", "120"], /--idle-timeout: .*"120"/],
  ["a bad grace", ["run", "x.yaml", "--grace", "5"], /--grace.*a duration such as/],
  ["a missing file", ["run", "no-such-file.yaml"], /no-such-file\.yaml/],
  [
    "ping without a port",
    ["ping", "127.0.0.1"],
    /missing required argument 'port'\nusage: sluice ping .*<host> <port>/,
  ],
  ["ping with too much", ["ping", "a", "1", "2"], /too many arguments.*\nusage: sluice ping/],
  ["ping with a bad port", ["ping", "127.0.0.1", "http"], /expected a whole number from 1 to 65535/],
  ["a bad loss", ["ping-server", "--loss", "12/11"], /--loss.*such as 4\/11/],
  ["check without a file", ["check"], /missing required argument 'file'/],
];
for (const [name, args, message] of MISUSES) {
  test(`sluice: ${name} is bad usage: a message on stderr, exit 2`, async () => {
    const { code, stdout, stderr } = await runCli(args);
    assert.match(stderr, message);
    assert.equal(code, 2);
    assert.equal(stdout, "");
    assert.doesNotMatch(stderr, /^\s+at /m);
  });
}

test("sluice --help: every command has its help with an example and the exit codes", async () => {
  const main = await runCli(["--help"]);
  assert.equal(main.code, 0);
  const commands = ["run", "check", "lab", "ping", "ping-server"];
  for (const command of commands) assert.match(main.stdout, new RegExp(`^  ${command} `, "m"));
  for (const command of commands) {
    const { code, stdout } = await runCli([command, "--help"]);
    assert.equal(code, 0);
    assert.match(stdout, new RegExp(`^Examples?:\n  sluice ${command} ?`, "m"));
    assert.match(stdout, /^Exit codes:\n {2}0 .*\n {2}1 .*\n {2}2 /m);
  }
});

test("sluice --version: the version alone", async () => {
  const { code, stdout } = await runCli(["--version"]);
  assert.equal(code, 0);
  assert.match(stdout, /^\d+\.\d+\.\d+\n$/);
});

test("sluice: not built is one clear line", async (t) => {
  const folder = makeFolder(t);
  mkdirSync(join(folder, "bin"));
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  copyFileSync(SLUICE, join(folder, "bin", "sluice.js"));
  const { code, stderr } = await runProgram(process.execPath, [join(folder, "bin", "sluice.js")]);
  assert.equal(code, 1);
  assert.match(stderr, /^sluice is not built: .*\n$/);
});

test("sluice check: a good file is ok, exit 0", async (t) => {
  const file = writeConfig(t, GOOD);
  const { code, stdout } = await runCli(["check", file]);
  assert.equal(stdout, `${file}: ok (1 listener, 1 pool, 2 backends)\n`);
  assert.equal(code, 0);
});

test("sluice check: every problem as FILE:LINE:COLUMN: key: message, exit 2", async (t) => {
  const file = writeConfig(t, BAD);
  const { code, stdout, stderr } = await runCli(["check", file]);
  assert.equal(code, 2);
  assert.equal(stderr, "");
  const lines = stdout.trimEnd().split("\n");
  assert.ok(lines.length >= 3, stdout);
  for (const line of lines) {
    assert.ok(line.startsWith(`${file}:`), line);
    assert.match(line.slice(file.length), /^:\d+:\d+: [a-z][\w.[\]]*: .+/i);
  }
  assert.match(stdout, /:3:\d+: listeners\[0\]\.adress: .*address/);
  assert.match(stdout, /:5:\d+: pools\[0\]\.polcy: .*policy/);
  assert.match(stdout, /:6:\d+: pools\[0\]\.backends\[0\]: /);
});

test("sluice check --format json: the same as data", async (t) => {
  const file = writeConfig(t, BAD);
  const { code, stdout } = await runCli(["check", file, "--format", "json"]);
  assert.equal(code, 2);
  const result = JSON.parse(stdout);
  assert.equal(result.file, file);
  assert.equal(result.ok, false);
  assert.deepEqual(result.warnings, []);
  assert.ok(result.problems.some((problem: { path: string; line: number }) => problem.line === 3));
});

test("sluice check: a warning is printed and is no reason to fail", async (t) => {
  const file = writeConfig(t, SPARE_POOL);
  const { code, stdout } = await runCli(["check", file]);
  assert.match(stdout, /^.*:\d+:\d+: pools\[1\]: warning: .*\n.*: ok \(1 listener, 2 pools, 3 backends\)\n$/);
  assert.equal(code, 0);
});

test("sluice check: a missing file is exit 2", async () => {
  const { code, stdout, stderr } = await runCli(["check", "no-such-file.yaml"]);
  assert.match(stdout + stderr, /no-such-file\.yaml/);
  assert.equal(code, 2);
});

test("sluice check --print-schema: JSON Schema", async () => {
  const { code, stdout } = await runCli(["check", "--print-schema"]);
  assert.equal(code, 0);
  const schema = JSON.parse(stdout);
  assert.match(schema.$schema, /json-schema\.org/);
  assert.ok(schema.properties.listeners);
});

test("sluice ping: ten messages to sluice ping-server come back in upper case", async (t) => {
  const server = new RunningProcess(t, process.execPath, [
    ...[SLUICE, "ping-server", "--address", "127.0.0.1", "--port", "0", "--loss", "0/1"],
  ]);
  const port = await server.waitFor(
    "its port",
    () => /listening on 127\.0\.0\.1:(\d+);/.exec(server.stderr)?.[1],
  );
  const { code, stdout } = await runCli(["ping", "127.0.0.1", port]);
  assert.equal(code, 0);
  assert.equal(stdout.match(/^Message Received PING \d+ \d\d:\d\d:\d\d$/gm)?.length, 10);
  assert.equal(stdout.match(/^Round Trip Time \d+\.\d+$/gm)?.length, 10);
  assert.equal(server.stdout.match(/^PING \d+ \d\d:\d\d:\d\d$/gm)?.length, 10);
});
