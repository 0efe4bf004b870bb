/** The flow log's file in the life of `sluice run`: rotated while the config is not valid, after root is given up, over an upgrade. */
import assert from "node:assert/strict";
import { chmodSync, chownSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { answering, createAsker } from "../support/admin-client.js";
import { openBackend } from "../support/backends.js";
import { freePrivilegedPorts } from "../support/free-ports.js";
import { RunningCli } from "../support/run-cli.js";
import { createTemporaryFolder } from "../support/temporary-folder.js";
import { UdpPeer } from "../support/udp-peer.js";
import { eventually } from "../support/waiting.js";

const onUnix = { skip: process.platform === "win32" ? "Windows has no SIGHUP" : false };
const asRoot = {
  skip: process.platform === "linux" && process.getuid?.() === 0 ? false : "needs to be root on Linux",
};
const NOBODY = 65534;
const TOKEN = "token-of-the-operator";

/** A config whose flows end with their first reply, so that each has a line at once. */
async function prepare(t: TestContext, admin: readonly string[] = []) {
  const backend = await openBackend(t, "a");
  const folder = createTemporaryFolder((remove) => t.after(remove));
  chmodSync(folder, 0o755); // others must be able to read the config
  const logs = join(folder, "logs");
  mkdirSync(logs);
  const file = join(folder, "sluice.yaml");
  const flowLog = join(logs, "flows.jsonl");
  const config = {
    listeners: [{ address: "127.0.0.1:0", session: { responses: 1 } }],
    pools: [{ backends: [backend.entry] }],
    flowLog: { file: flowLog },
    ...(admin.length > 0 && { admin: { listen: admin, token: TOKEN } }),
  };
  const write = (text = JSON.stringify(config)) => writeFileSync(file, text);
  write();
  return { folder, logs, file, flowLog, write };
}

/** One flow, and its line at the end of this file. */
async function logFlow(t: TestContext, port: number, file: string): Promise<void> {
  const peer = await UdpPeer.open(t);
  await peer.ask("x", `127.0.0.1:${port}`);
  await eventually(() => assert.ok(readFileSync(file, "utf8").includes(`"127.0.0.1:${peer.port}"`)));
}

test("SIGHUP with a config that is not valid: a file that was moved away is let go of", onUnix, async (t) => {
  const { file, flowLog, write } = await prepare(t);
  const cli = new RunningCli(t, [file]);
  const [port] = await cli.ready();
  await logFlow(t, port, flowLog);
  renameSync(flowLog, `${flowLog}.1`);
  const before = readFileSync(`${flowLog}.1`, "utf8");
  write("listeners: nonsense");
  cli.signal("SIGHUP");
  await cli.waitForLog("reload refused: the running config stays in force");
  await eventually(() => statSync(flowLog));
  await logFlow(t, port, flowLog);
  assert.equal(readFileSync(`${flowLog}.1`, "utf8"), before);
});

test("--user: flow log and admin API go on after a reload and an upgrade", asRoot, async (t) => {
  const [adminPort] = await freePrivilegedPorts(1);
  const run = createTemporaryFolder((remove) => t.after(remove)); // nobody else may write there
  chmodSync(run, 0o755);
  const addresses = [`127.0.0.1:${adminPort}`, `unix:${run}/admin.sock`];
  const { file, flowLog } = await prepare(t, addresses);
  const cli = new RunningCli(t, [file, "--user", "nobody"]);
  const [port] = await cli.ready();
  await logFlow(t, port, flowLog);
  assert.equal(statSync(flowLog).uid, NOBODY);
  cli.signal("SIGHUP");
  await cli.waitForLog("reloaded");
  await logFlow(t, port, flowLog);
  cli.signal("SIGUSR2");
  const { newPid } = await cli.waitForLog(
    "upgraded: the new process receives; this one delivers replies under way",
  );
  t.after(() => endIfThere(newPid as number));
  cli.signal("SIGTERM");
  await cli.waitForLog("stopped");
  for (const address of addresses) {
    const { json } = await answering(createAsker(address, TOKEN), "/api/v1/status", 200);
    assert.equal(json.pid, newPid);
  }
  await logFlow(t, port, flowLog);
  const warnings = cli.log.filter(({ code }) => code === "admin" || code === "flow_log");
  assert.deepEqual(warnings, []);
  endIfThere(newPid as number);
});

test(
  "--user: where the user may make no files, it says so, and lines go on in the file that was open",
  asRoot,
  async (t) => {
    const { logs, file, flowLog } = await prepare(t);
    const cli = new RunningCli(t, [file, "--user", "nobody"]);
    const [port] = await cli.ready();
    const { msg } = await cli.waitFor("a warning", () => cli.log.find((line) => line.file === flowLog));
    assert.ok(msg.includes(`no new flow log can be made by nobody in ${logs}`), msg);
    renameSync(flowLog, `${flowLog}.1`);
    cli.signal("SIGHUP");
    const { msg: kept } = await cli.waitFor("a warning", () =>
      cli.log.find(({ code }) => code === "flow_log"),
    );
    assert.match(kept, /goes on in the file that was open: .*EACCES/);
    await logFlow(t, port, `${flowLog}.1`);
    chownSync(logs, NOBODY, NOBODY);
    cli.signal("SIGHUP");
    await eventually(() => statSync(flowLog));
    await logFlow(t, port, flowLog);
  },
);

function endIfThere(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended, as it should.
  }
}
