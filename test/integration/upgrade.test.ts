/** SIGUSR2: the program is started anew on the same sockets, and nobody notices. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { startBalancer } from "#src/balancer.js";
import { upgrade } from "#src/cli/upgrade.js";
import { loadConfigFile } from "#src/config/load-config.js";
import { parseEndpoint } from "#src/core/address.js";
import { type Backend, openBackends } from "../support/backends.js";
import { RunningCli } from "../support/run-cli.js";
import { openSteadyTraffic } from "../support/steady-traffic.js";
import { createTemporaryFolder } from "../support/temporary-folder.js";
import { UdpPeer } from "../support/udp-peer.js";
import { eventually } from "../support/waiting.js";

const onUnix = { skip: process.platform === "win32" ? "Windows has no SIGUSR2" : false };
const PLANES = process.platform === "linux" ? (["portable", "batched"] as const) : (["portable"] as const);
/** Far more than the busiest machine needs to start a process. */
const LONG_MS = 60_000;

/** `sluice run` and whoever takes its place: one log, for they share their streams. */
class Generations {
  readonly #cli: RunningCli;
  #pid: number;
  #upgrades = 0;
  #failures = 0;

  constructor(t: TestContext, args: readonly string[]) {
    t.after(() => [...this.#former, this.#pid].forEach(killIfThere));
    this.#cli = new RunningCli(t, args);
    this.#pid = this.#cli.pid;
  }

  /** Processes whose place another has taken. */
  readonly #former: number[] = [];
  /** Those of them that were told to stop. */
  readonly #told = new Set<number>();

  get log() {
    return this.#cli.log;
  }

  async port(): Promise<number> {
    return (await this.#cli.ready())[0];
  }

  async upgrade(): Promise<void> {
    process.kill(this.#pid, "SIGUSR2");
    const { newPid } = await this.#cli.waitForLog(
      "upgraded: the new process receives; this one delivers replies under way",
      ++this.#upgrades,
    );
    this.#former.push(this.#pid);
    this.#pid = newPid as number;
  }

  async failToUpgrade(): Promise<void> {
    process.kill(this.#pid, "SIGUSR2");
    await this.#cli.waitForLog("upgrade failed: this process goes on", ++this.#failures);
  }

  /** Has former processes give up their ports, which would rest for half a minute, and waits until so many have ended in the ordinary way. */
  stopped(count: number): Promise<unknown> {
    this.#terminateFormer();
    return this.#cli.waitForLog("stopped", count);
  }

  /** Waits until a former process has ended its flows and keeps their ports. */
  resting(): Promise<unknown> {
    return this.#cli.waitForLog(
      "resting: ports of flows that ended stay taken while replies to them may come",
    );
  }

  /** Each once: while a process exits, Node.js no longer takes signals, and another one would end it in the other way. */
  #terminateFormer(): void {
    for (const pid of this.#former) if (!this.#told.has(pid)) terminateIfThere(pid);
    for (const pid of this.#former) this.#told.add(pid);
  }

  async stop(): Promise<void> {
    this.#terminateFormer();
    process.kill(this.#pid, "SIGTERM");
    assert.equal((await this.#cli.ended()).code, 0);
  }
}

const killIfThere = (pid: number) => signalIfThere(pid, "SIGKILL");
const terminateIfThere = (pid: number) => signalIfThere(pid, "SIGTERM");

function signalIfThere(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended, as it should.
  }
}

function makeConfig(t: TestContext, plane: string, backends: readonly Backend[], affinity: string) {
  const file = join(
    createTemporaryFolder((remove) => t.after(remove)),
    "sluice.yaml",
  );
  const config = {
    plane,
    workers: 2,
    listeners: [{ name: "main", address: "127.0.0.1:0" }],
    pools: [{ affinity, policy: "random", backends: backends.map(({ entry }) => entry) }],
    // The old process ends when all is answered and a second has been quiet, well before that.
    shutdown: { grace: "60s" },
  };
  const write = (text = JSON.stringify(config)) => writeFileSync(file, text);
  write();
  return { file, write };
}

/** Client → names of the backends that got something of it. */
function backendsByClient(backends: readonly Backend[]): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  for (const { name, got } of backends) {
    for (const { text } of got) {
      const client = text.slice(0, text.indexOf("/"));
      found.set(client, (found.get(client) ?? new Set()).add(name));
    }
  }
  return found;
}

for (const plane of PLANES) {
  for (const affinity of ["none", "client", "client-ip/24"]) {
    test(
      `upgrade, ${plane} plane, affinity ${affinity}: three under traffic lose, double and cross nothing`,
      onUnix,
      async (t) => {
        const backends = await openBackends(t, "a", "b", "c", "d");
        const { file } = makeConfig(t, plane, backends, affinity);
        const sluice = new Generations(t, [file]);
        const port = await sluice.port();
        const traffic = await openSteadyTraffic(t, `127.0.0.1:${port}`, { clients: 20, everyMs: 20 });
        for (let round = 1; round <= 3; round++) {
          await traffic.answered(400);
          await sluice.upgrade();
          await sluice.stopped(round);
        }
        await traffic.answered(400);
        const { sent, missing, twice } = await traffic.stop();
        await sluice.stop();
        assert.deepEqual({ missing, twice }, { missing: [], twice: [] }, `of ${sent}`);
        assert.equal(
          backends.reduce((sum, { got }) => sum + got.length, 0),
          sent,
        );
        const used = [...backendsByClient(backends)].map(([, names]) => names.size);
        if (affinity !== "none") assert.deepEqual(used, Array(20).fill(1));
        assert.equal(sluice.log.filter(({ level }) => level === "error").length, 0);
      },
    );
  }

  test(`upgrade, ${plane} plane: one that fails loses nothing, and the next one works`, onUnix, async (t) => {
    const backends = await openBackends(t, "a", "b", "c");
    const { file, write } = makeConfig(t, plane, backends, "client");
    const sluice = new Generations(t, [file]);
    const traffic = await openSteadyTraffic(t, `127.0.0.1:${await sluice.port()}`, {
      clients: 20,
      everyMs: 20,
    });
    write("listeners: broken");
    await sluice.failToUpgrade();
    await traffic.answered(200);
    write();
    await sluice.upgrade();
    await traffic.answered(200);
    const { missing, twice } = await traffic.stop();
    await sluice.stop();
    assert.deepEqual({ missing, twice }, { missing: [], twice: [] });
    for (const [client, names] of backendsByClient(backends)) assert.equal(names.size, 1, client);
  });

  test(
    `upgrade, ${plane} plane: replies under way reach their clients through the old process`,
    onUnix,
    async (t) => {
      const slow: { answer: () => void }[] = [];
      const [backend] = await openBackends(t, "a");
      backend.peer.serve(({ text, from }) => {
        slow.push({ answer: () => backend.peer.send(`late:${text}`, from) });
      });
      const { file } = makeConfig(t, plane, [backend], "client");
      const sluice = new Generations(t, [file]);
      const to = `127.0.0.1:${await sluice.port()}`;
      const clients = await Promise.all(Array.from({ length: 8 }, () => UdpPeer.open(t)));
      for (const [n, client] of clients.entries()) client.send(String(n), to);
      await eventually(() => assert.equal(slow.length, 8));
      await sluice.upgrade();
      // Longer than the second of quiet after which a balancer without requests to answer would end.
      await new Promise((resolve) => setTimeout(resolve, 1300));
      for (const { answer } of slow) answer();
      for (const [n, client] of clients.entries()) {
        const { text, from } = await client.receive();
        assert.deepEqual([text, from], [`late:${n}`, to]);
      }
      await sluice.stop();
    },
  );

  test(
    `upgrade, ${plane} plane: ports of the old process's flows go to nobody while replies may come`,
    onUnix,
    async (t) => {
      const [backend] = await openBackends(t, "a");
      const { file, write } = makeConfig(t, plane, [backend], "client");
      write(JSON.stringify({ ...JSON.parse(readFileSync(file, "utf8")), shutdown: { grace: "0s" } }));
      const sluice = new Generations(t, [file]);
      const to = `127.0.0.1:${await sluice.port()}`;
      const client = await UdpPeer.open(t);
      await client.ask("old", to);
      await sluice.upgrade();
      await sluice.resting();
      await client.ask("new", to);
      const [old, next] = backend.got.map(({ from }) => parseEndpoint(from).port);
      assert.notEqual(old, next);
      await assert.rejects(UdpPeer.open(t, { ip: "0.0.0.0", port: old }), { code: "EADDRINUSE" });
      backend.peer.send("late", `127.0.0.1:${old}`);
      assert.equal((await client.ask("again", to)).text, "a:again", "what comes late reaches nobody");
      await sluice.stopped(1);
      await UdpPeer.open(t, { ip: "0.0.0.0", port: old });
      await sluice.stop();
    },
  );

  test(
    `upgrade, ${plane} plane: a wildcard listener goes on, and its next process can be upgraded too`,
    onUnix,
    async (t) => {
      const backends = await openBackends(t, "a", "b", "c");
      const { file, write } = makeConfig(t, plane, backends, "client");
      write(
        JSON.stringify({ ...JSON.parse(readFileSync(file, "utf8")), listeners: [{ address: "0.0.0.0:0" }] }),
      );
      const sluice = new Generations(t, [file]);
      const traffic = await openSteadyTraffic(t, `127.0.0.1:${await sluice.port()}`, {
        clients: 5,
        everyMs: 5,
      });
      for (let round = 1; round <= 2; round++) {
        await traffic.answered(100);
        await sluice.upgrade();
      }
      await traffic.answered(100);
      const { missing, twice } = await traffic.stop();
      await sluice.stop();
      assert.deepEqual({ missing, twice }, { missing: [], twice: [] });
      for (const [client, names] of backendsByClient(backends)) assert.equal(names.size, 1, client);
    },
  );

  test(
    `upgrade, ${plane} plane: a new process that dies, or never is ready, changes nothing`,
    onUnix,
    async (t) => {
      const backends = await openBackends(t, "a");
      const { file } = makeConfig(t, plane, backends, "client");
      const { config } = await loadConfigFile(file);
      const balancer = await startBalancer(config, {});
      t.after(() => balancer.close({ graceMs: 0 }));
      const traffic = await openSteadyTraffic(t, balancer.listeners[0].address, { clients: 5, everyMs: 5 });
      const program = join(
        createTemporaryFolder((remove) => t.after(remove)),
        "successor.mjs",
      );
      const tries: [source: string, limits: { ready?: number; receiving?: number }, problem: RegExp][] = [
        ["process.exit(3)", {}, /ended with code 3/],
        ["setInterval(() => {}, 1000)", { ready: 400 }, /not ready within 400 ms/],
        [
          "process.send({ type: 'ready' }); process.on('message', () => process.exit(0))",
          {},
          /ended with code 0/,
        ],
        [
          "process.send({ type: 'ready' }); setInterval(() => {}, 1000)",
          { receiving: 400 },
          /not receiving within 400 ms/,
        ],
      ];
      for (const [source, { ready = LONG_MS, receiving = LONG_MS }, problem] of tries) {
        writeFileSync(program, source);
        const options = { env: process.env, signal: new AbortController().signal, command: [program] };
        const limits = { readyWithinMs: ready, receivingWithinMs: receiving };
        await assert.rejects(upgrade(balancer, { ...options, ...limits }), problem);
        await traffic.answered(50);
      }
      const aborting = new AbortController();
      const attempt = upgrade(balancer, { env: process.env, signal: aborting.signal, command: [program] });
      aborting.abort();
      await assert.rejects(attempt, /this process stops/);
      await traffic.answered(50);
      const { missing, twice } = await traffic.stop();
      assert.deepEqual({ missing, twice }, { missing: [], twice: [] });
    },
  );
}
