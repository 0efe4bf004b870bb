/** `sluice run` with the admin API: tokens from its environment, reloads asked for over HTTP, and an upgrade's way with the address. */
import assert from "node:assert/strict";
import { existsSync, writeFileSync } from "node:fs";
import { connect, type NetConnectOpts } from "node:net";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { answering, createAsker } from "../support/admin-client.js";
import { openBackend } from "../support/backends.js";
import { RunningCli } from "../support/run-cli.js";
import { createTemporaryFolder } from "../support/temporary-folder.js";
import { UdpPeer } from "../support/udp-peer.js";

const TOKEN = "token-that-no-log-may-show";
/** Starting a process takes seconds on a busy machine. */

async function start(t: TestContext, admin: object) {
  const folder = createTemporaryFolder((remove) => t.after(remove));
  const backend = await openBackend(t, "a");
  const file = join(folder, "sluice.json");
  const write = (policy: string): void => {
    const pools = [{ name: "web", policy, backends: [backend.entry] }];
    const config = { listeners: [{ name: "dns", address: "127.0.0.1:0" }], pools, admin };
    writeFileSync(file, JSON.stringify(config));
  };
  write("random");
  const cli = new RunningCli(t, [file, "--log-level", "debug"], { env: { SLUICE_TEST_TOKEN: TOKEN } });
  const [port] = await cli.ready();
  return { cli, folder, write, port: port! };
}

test("a token from the environment; POST reload reads the file; the log shows no token", async (t) => {
  const { cli, write } = await start(t, { listen: "127.0.0.1:0", token: { env: "SLUICE_TEST_TOKEN" } });
  const { admin } = (await cli.waitForLog("admin API open")) as unknown as { admin: string[] };
  const ask = createAsker(admin[0]!, TOKEN);
  assert.equal((await ask("/api/v1/status", { token: `${TOKEN}x` })).status, 401);
  const status = await ask("/api/v1/status");
  assert.deepEqual([status.status, status.json.configSource, status.json.pid], [200, "file", cli.pid]);
  write("maglev");
  const reloaded = await ask("/api/v1/reload", { method: "POST" });
  assert.deepEqual([reloaded.status, reloaded.json.pools.changed], [200, ["web"]]);
  write("nonsense");
  const refused = await ask("/api/v1/reload", { method: "POST" });
  assert.deepEqual([refused.status, refused.json.error.problems[0].path], [422, "pools[0].policy"]);
  assert.equal((await ask("/api/v1/pools/web")).json.policy, "maglev");
  const { text } = await ask("/metrics");
  assert.match(text, /sluice_config_reloads_total\{result="ok"\} 1\n/);
  cli.signal("SIGTERM");
  assert.equal((await cli.ended()).code, 0);
  assert.ok(!cli.stderr.includes(TOKEN) && !cli.stdout.includes(TOKEN));
});

const onUnix = { skip: process.platform === "win32" ? "Windows has no SIGUSR2" : false };

test("an upgrade: the new process answers at the old one's addresses, TCP and Unix", onUnix, async (t) => {
  const probe = await UdpPeer.open(t);
  const folder = createTemporaryFolder((remove) => t.after(remove));
  const socketPath = join(folder, "admin.sock");
  const { cli, port } = await start(t, { listen: [`127.0.0.1:${probe.port}`, `unix:${socketPath}`] });
  const askers = [createAsker(`127.0.0.1:${probe.port}`), createAsker(`unix:${socketPath}`)];
  for (const ask of askers) assert.equal((await ask("/api/v1/status")).json.pid, cli.pid);
  const knocking = knockUntilStopped([{ port: probe.port, host: "127.0.0.1" }, { path: socketPath }]);
  cli.signal("SIGUSR2");
  const { newPid } = (await cli.waitForLog(
    "upgraded: the new process receives; this one delivers replies under way",
  )) as unknown as { newPid: number };
  t.after(() => endIfThere(newPid));
  for (const ask of askers) {
    const patient = (path: string) => ask(path).catch(() => ({ status: 0, headers: {}, text: "", json: {} }));
    const { json } = await answering(patient, "/api/v1/status", 200);
    assert.equal(json.pid, newPid);
  }
  cli.signal("SIGTERM");
  await cli.waitForLog("stopped");
  assert.deepEqual(await knocking.stop(), []);
  assert.ok(existsSync(socketPath));
  const client = await UdpPeer.open(t);
  assert.equal((await client.ask("still", `127.0.0.1:${port}`)).text, "a:still");
  process.kill(newPid, "SIGTERM");
  await cli.ended();
  assert.ok(!existsSync(socketPath));
});

/** Connects again and again, and gives what was refused: at every moment somebody has to listen. */
function knockUntilStopped(addresses: readonly NetConnectOpts[]) {
  let isStopped = false;
  const refused: string[] = [];
  const knock = async (address: NetConnectOpts): Promise<void> => {
    while (!isStopped) {
      const socket = connect(address);
      await new Promise<void>((resolve) => {
        socket.once("connect", resolve);
        socket.once("error", ({ message }) => {
          if (/ECONNREFUSED|ENOENT/.test(message)) refused.push(message);
          resolve();
        });
      });
      socket.destroy();
      await delay(2);
    }
  };
  const all = addresses.map(knock);
  return {
    async stop(): Promise<readonly string[]> {
      isStopped = true;
      await Promise.all(all);
      return refused;
    },
  };
}

function endIfThere(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended, as it should.
  }
}
