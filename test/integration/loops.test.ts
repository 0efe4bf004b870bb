/** Configs whose datagrams would go round for ever: refused by `check`, at the start, at a reload and by the API alike. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { startBalancer } from "#src/balancer.js";
import type { ConfigInput } from "#src/config/config.js";
import { ConfigError } from "#src/config/config-error.js";
import { createAsker } from "../support/admin-client.js";
import { freePorts } from "../support/free-ports.js";
import { NEAR_IP, needsNamespaces, openNamespaces } from "../support/network-namespaces.js";
import { runCli, runProgram, SLUICE } from "../support/run-cli.js";
import { createTemporaryFolder } from "../support/temporary-folder.js";
import { eventually } from "../support/waiting.js";

/** Two listeners that feed each other; the ports are never opened. */
const LOOP: ConfigInput = {
  listeners: [
    { name: "a", address: "127.0.0.1:11001", pool: "a" },
    { name: "b", address: "127.0.0.1:11002", pool: "b" },
  ],
  pools: [
    { name: "a", backends: ["127.0.0.1:11002"] },
    { name: "b", backends: ["127.0.0.1:11001"] },
  ],
};
const GOOD: ConfigInput = {
  listeners: [{ name: "a", address: "127.0.0.1:0" }],
  pools: [{ name: "a", backends: ["127.0.0.1:1"] }],
  admin: { listen: "127.0.0.1:0" },
};
const isLoop = (error: unknown) =>
  error instanceof ConfigError &&
  error.problems.map(({ path }) => path).join() === "pools[0].backends[0],pools[1].backends[0]" &&
  error.problems.every(({ message }) => message.includes("go round for ever"));

function writeConfig(t: TestContext, text: string): string {
  const file = join(
    createTemporaryFolder((remove) => t.after(remove)),
    "loop.yaml",
  );
  writeFileSync(file, text);
  return file;
}

test("check and run refuse a loop with its place", async (t) => {
  const file = writeConfig(t, JSON.stringify(LOOP, undefined, 1));
  for (const command of ["check", "run"]) {
    const { code, stdout, stderr } = await runCli([command, file]);
    assert.equal(code, 2, stderr);
    assert.match(stdout + stderr, /loop\.yaml:\d+:\d+: pools\[0\]\.backends\[0\]: .* go round for ever/);
    assert.match(stdout + stderr, /loop\.yaml:\d+:\d+: pools\[1\]\.backends\[0\]: .* go round for ever/);
  }
});

test("the library and the API refuse a loop at the start, at a reload and as a plan, and nothing changes", async (t) => {
  await assert.rejects(startBalancer(LOOP, {}), isLoop);
  const balancer = await startBalancer(GOOD, {});
  t.after(() => balancer.close({ graceMs: 0 }));
  await assert.rejects(balancer.reload(LOOP), isLoop);
  await assert.rejects(balancer.plan(LOOP), isLoop);
  const ask = createAsker(balancer.adminAddresses[0] ?? "");
  const body = LOOP;
  for (const path of ["/api/v1/config", "/api/v1/config?dryRun=1"]) {
    const headers = { "content-type": "application/json", "if-match": "*" };
    const { status, text } = await ask(path, { method: "PUT", headers, body });
    assert.equal(status, 422, text);
    assert.match(text, /go round for ever/);
  }
  assert.equal(balancer.config.version, 1);
});

test("check knows the addresses of the machine it runs on", needsNamespaces(), async (t) => {
  const { near } = openNamespaces(t, 1500);
  const check = async (backend: string) => {
    const file = writeConfig(t, `listen: 0.0.0.0:7000\nbackends: ["${backend}"]\n`);
    const [program = "", ...args] = near;
    return runProgram(program, [...args, process.execPath, SLUICE, "check", file]);
  };
  const own = await check(`${NEAR_IP}:7000`);
  assert.equal(own.code, 2, own.stdout);
  assert.match(
    own.stdout,
    /loop\.yaml:2:12: backends\[0\]: .* is an address of this machine and reaches the listener/,
  );
  const broadcast = await check("10.203.0.255:9");
  assert.equal(broadcast.code, 2, broadcast.stdout);
  assert.match(broadcast.stdout, /this is the broadcast address of 10\.203\.0\.1\/24 on cable/);
  assert.equal((await check(`${NEAR_IP}:7001`)).code, 0);
});

test("a backend that discovery finds and that would loop is left out alone, said and counted", async (t) => {
  const [port = 0] = await freePorts(1);
  const file = writeConfig(t, `- 127.0.0.1:${port}\n- 127.0.0.9:${port}\n`);
  const balancer = await startBalancer(
    {
      listeners: [{ name: "a", address: `127.0.0.1:${port}` }],
      pools: [{ name: "a", discover: [{ file }] }],
    },
    {},
  );
  t.after(() => balancer.close({ graceMs: 0 }));
  const warnings: string[] = [];
  balancer.on("warning", ({ message }) => warnings.push(message));
  const { backends, sources } = balancer.stats();
  assert.deepEqual(
    backends.map(({ address }) => address),
    [`127.0.0.9:${port}`],
  );
  assert.deepEqual([sources[0]?.backends, sources[0]?.leftOut, sources[0]?.state], [2, 1, "ok"]);
  await eventually(() => assert.match(warnings.join(), /not taken for pool "a": .* go round for ever/));
});
