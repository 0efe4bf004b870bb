import assert from "node:assert/strict";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import type { Problem } from "#src/config/config-error.js";
import { RunningCli, runCli } from "../support/run-cli.js";
import { DEADLINE_MS, eventually } from "../support/waiting.js";

/** Windows has no signals that a program could catch from another. */
const onlyWithSignals = { skip: process.platform === "win32" ? "Windows has no SIGTERM and SIGHUP" : false };

async function openSocket(t: TestContext): Promise<Socket> {
  const socket = createSocket("udp4");
  t.after(() => socket.close());
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  return socket;
}

/** A backend that answers with its name; its address. */
async function openBackend(t: TestContext, name: string): Promise<string> {
  const socket = await openSocket(t);
  socket.on("message", (_, { port, address }) => socket.send(name, port, address));
  return `127.0.0.1:${socket.address().port}`;
}

/** What waits in the receive queue of the UDP socket with this local port. */
function queuedBytes(port: number): number {
  const hex = port.toString(16).toUpperCase().padStart(4, "0");
  const line = readFileSync("/proc/net/udp", "latin1")
    .split("\n")
    .find((one) => one.trim().split(/\s+/)[1]?.endsWith(`:${hex}`));
  return Number.parseInt(line?.trim().split(/\s+/)[4]?.split(":")[1] ?? "0", 16);
}

/** One request and its answer; rejects when none comes. */
async function ask(client: Socket, port: number): Promise<string> {
  const answer = once(client, "message", { signal: AbortSignal.timeout(DEADLINE_MS) });
  client.send("question", port, "127.0.0.1");
  return String((await answer)[0]);
}

function createConfigFile(t: TestContext): { file: string; write: (backends: string[]) => void } {
  const folder = mkdtempSync(join(tmpdir(), "sluice-run-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, "sluice.yaml");
  const write = (backends: string[]): void => {
    const listener = "listeners:\n  - name: main\n    address: 127.0.0.1:0\n";
    writeFileSync(file, `${listener}pools:\n  - backends: [${backends.join(", ")}]\n`);
  };
  return { file, write };
}

test("sluice run: logs listeners, pools and the plane, and then ready with the real ports", async (t) => {
  const backend = await openBackend(t, "a");
  const cli = new RunningCli(t, [
    ...["--listen", "127.0.0.1:0", "--listen", "127.0.0.1:0", "--backend", `${backend},weight=2,name=a`],
    ...["--policy", "random", "--affinity", "client"],
  ]);
  const ports = await cli.ready();
  assert.equal(ports.length, 2);
  assert.ok(ports.every((port) => port > 0));
  const line = (msg: string) => cli.log.find((entry) => entry.msg === msg);
  assert.equal(cli.log.filter(({ msg }) => msg === "listening").length, 2);
  assert.deepEqual(line("balancing")?.backends, [`${backend},name=a,weight=2`]);
  assert.equal(line("balancing")?.policy, "random");
  assert.equal(line("balancing")?.affinity, "client");
  assert.equal(typeof line("plane chosen")?.plane, "string");
  const client = await openSocket(t);
  for (const port of ports) assert.equal(await ask(client, port), "a");
});

test("sluice run: the pretty log says the same for people, without colours in a pipe", async (t) => {
  const backend = await openBackend(t, "a");
  const cli = new RunningCli(t, ["--listen", "127.0.0.1:0", "--backend", backend, "--log-format", "pretty"]);
  await cli.waitFor("ready", () => (/ ready .*127\.0\.0\.1:\d+/.test(cli.stderr) ? true : undefined));
  assert.match(
    cli.stderr,
    /^\[?\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}\]? INFO: balancing pool=default policy=round-robin affinity=none/m,
  );
  assert.ok(!cli.stderr.includes("\x1b"));
});

test("sluice run: an address in use is one clear line and exit 1", async (t) => {
  const other = await openSocket(t);
  const address = `127.0.0.1:${other.address().port}`;
  const { code, stderr } = await runCli(["run", "--listen", address, "--backend", "127.0.0.1:9"]);
  assert.equal(code, 1);
  assert.ok(stderr.includes(address), stderr);
  assert.match(stderr, /in use/);
  assert.doesNotMatch(stderr, /^\s+at /m);
});

test("sluice run: SIGTERM closes cleanly, exit 0, with a last summary", onlyWithSignals, async (t) => {
  const backend = await openBackend(t, "a");
  const cli = new RunningCli(t, ["--listen", "127.0.0.1:0", "--backend", backend, "--grace", "100ms"]);
  const [port] = await cli.ready();
  assert.equal(await ask(await openSocket(t), port!), "a");
  cli.signal("SIGTERM");
  const { code } = await cli.ended();
  assert.equal(code, 0);
  const summary = cli.log.find(({ msg }) => msg === "traffic");
  assert.equal(summary?.requests, 1);
  assert.equal(summary?.replies, 1);
  assert.equal(cli.log.at(-1)?.msg, "stopped");
});

test("sluice run: a second signal does not wait for active flows", onlyWithSignals, async (t) => {
  const backend = await openBackend(t, "a");
  const cli = new RunningCli(t, ["--listen", "127.0.0.1:0", "--backend", backend, "--grace", "60s"]);
  const [port] = await cli.ready();
  const client = await openSocket(t);
  // A flow that stays active would hold a graceful stop for a minute.
  const traffic = setInterval(() => client.send("x", port!, "127.0.0.1"), 20);
  t.after(() => clearInterval(traffic));
  await once(client, "message");
  cli.signal("SIGINT");
  await cli.waitForLog("stopping");
  assert.equal(await ask(client, port!), "a");
  cli.signal("SIGTERM");
  const { code } = await cli.ended();
  assert.equal(code, 0);
});

test(
  "sluice run: SIGHUP puts a good file in force and keeps the old config for a bad one",
  onlyWithSignals,
  async (t) => {
    const [a, b] = [await openBackend(t, "a"), await openBackend(t, "b")];
    const { file, write } = createConfigFile(t);
    write([a]);
    const cli = new RunningCli(t, [file]);
    const [port] = await cli.ready();
    const client = await openSocket(t);
    const answers: string[] = [];
    let sent = 0;
    let isSending = true;
    client.on("message", (bytes) => answers.push(bytes.toString()));
    const traffic = (async () => {
      while (isSending) {
        // No more than the sockets on the way hold, however busy the machine is.
        if (sent - answers.length < 100) client.send(`${sent++}`, port!, "127.0.0.1");
        await delay(2);
      }
    })();

    await once(client, "message");
    write([b]);
    cli.signal("SIGHUP");
    const reloaded = await cli.waitForLog("reloaded");
    const sentBefore = sent;
    assert.ok("backends" in reloaded);
    while (answers.at(-1) !== "b")
      await once(client, "message", { signal: AbortSignal.timeout(DEADLINE_MS) });

    write(["not-an-address", b, b]);
    cli.signal("SIGHUP");
    await cli.waitForLog("reload refused: the running config stays in force");
    const problems = cli.log.flatMap(({ problem }) => (problem === undefined ? [] : [problem as Problem]));
    assert.ok(problems.length >= 2, cli.stderr);
    assert.ok(problems.every((problem) => problem.file === file && typeof problem.line === "number"));
    await once(client, "message", { signal: AbortSignal.timeout(DEADLINE_MS) });

    isSending = false;
    await traffic;
    await eventually(() =>
      assert.equal(answers.length, sent, "every datagram sent while reloading was answered"),
    );
    assert.ok(answers.filter((name) => name === "a").length <= sentBefore, "none that was sent afterwards");
  },
);

test("sluice run: --watch follows the config file, written or replaced, and keeps the old one for a bad one", async (t) => {
  const [a, b, c] = [await openBackend(t, "a"), await openBackend(t, "b"), await openBackend(t, "c")];
  const { file, write } = createConfigFile(t);
  write([a]);
  const cli = new RunningCli(t, [file, "--watch"]);
  const [port] = await cli.ready();
  const client = await openSocket(t);
  assert.equal(await ask(client, port!), "a");

  write([b]);
  await cli.waitFor("b in force", () =>
    cli.log.find(({ msg, backends }) => msg === "reloaded" && JSON.stringify(backends)?.includes(b)),
  );
  assert.equal(await ask(client, port!), "b");

  writeFileSync(`${file}.new`, "listeners: [");
  renameSync(`${file}.new`, file);
  await cli.waitForLog("reload refused: the running config stays in force");
  assert.equal(await ask(client, port!), "b");

  writeFileSync(
    `${file}.new`,
    `listeners: [{ name: main, address: "127.0.0.1:0" }]\npools: [{ backends: [${c}] }]\n`,
  );
  renameSync(`${file}.new`, file);
  await cli.waitFor("c in force", () =>
    cli.log.find(({ msg, backends }) => msg === "reloaded" && JSON.stringify(backends)?.includes(c)),
  );
  assert.equal(await ask(client, port!), "c");
});

test("sluice run: --watch without a file is bad usage", async () => {
  const args = ["run", "--watch", "--listen", "127.0.0.1:0", "--backend", "127.0.0.1:9"];
  const { code, stderr } = await runCli(args);
  assert.equal(code, 2);
  assert.match(stderr, /^sluice: --watch needs a config file$/m);
});

test("sluice run: logs the sources of a pool, what they give and what fails", async (t) => {
  const [a, b] = [await openBackend(t, "a"), await openBackend(t, "b")];
  const { file } = createConfigFile(t);
  const list = `${file}.list`;
  writeFileSync(list, JSON.stringify([a]));
  writeFileSync(file, `listen: 127.0.0.1:0\ndiscover: [{ file: ${basename(list)} }]\n`);
  const cli = new RunningCli(t, [file]);
  const [port] = await cli.ready();
  const source = `file ${list}`;
  assert.deepEqual(cli.log.find(({ msg }) => msg === "balancing")?.discover, [`${source} (1 backend)`]);
  const client = await openSocket(t);
  assert.equal(await ask(client, port!), "a");
  writeFileSync(`${list}.new`, JSON.stringify([b]));
  renameSync(`${list}.new`, list);
  const { pool, source: named, added, removed, changed } = await cli.waitForLog("discovered");
  const expected = { pool: "default", named: source, added: [b], removed: [a], changed: undefined };
  assert.deepEqual({ pool, named, added, removed, changed }, expected);
  assert.equal(await ask(client, port!), "b");
  writeFileSync(list, "- x\n");
  const warning = await cli.waitFor("a warning", () => cli.log.find(({ code }) => code === "discovery"));
  assert.ok(warning.msg.startsWith(`${source}: ${list}:1:3: [0]: `), warning.msg);
  assert.ok(warning.msg.endsWith("its last answer stays, 1 backend"), warning.msg);
  assert.equal(await ask(client, port!), "b");
});

test("sluice run: SIGHUP without a file says that there is nothing to reload", onlyWithSignals, async (t) => {
  const backend = await openBackend(t, "a");
  const cli = new RunningCli(t, ["--listen", "127.0.0.1:0", "--backend", backend]);
  const [port] = await cli.ready();
  cli.signal("SIGHUP");
  await cli.waitForLog("nothing to reload: flags describe the config, not a file");
  assert.equal(await ask(await openSocket(t), port!), "a");
});

test("sluice run: goes on when nobody reads its log any more", onlyWithSignals, async (t) => {
  const backend = await openBackend(t, "a");
  const cli = new RunningCli(t, ["--listen", "127.0.0.1:0", "--backend", backend]);
  const [port] = await cli.ready();
  cli.closeStderr();
  const client = await openSocket(t);
  for (let i = 0; i < 3; i++) {
    cli.signal("SIGHUP");
    assert.equal(await ask(client, port!), "a");
  }
  cli.signal("SIGTERM");
  const { code } = await cli.ended();
  assert.equal(code, 0);
});

test("sluice run: replies that the kernel drops because their queue is full are counted", {
  skip: process.platform === "linux" ? false : "only the batched plane is told by its kernel",
}, async (t) => {
  let upstream = 0;
  const backend = await openSocket(t);
  backend.on("message", (_, { port }) => {
    upstream = port;
    backend.send("answer", port, "127.0.0.1");
  });
  const args = ["--affinity", "client", "--backend", `127.0.0.1:${backend.address().port}`];
  const cli = new RunningCli(t, ["--listen", "127.0.0.1:0", ...args]);
  const [port] = await cli.ready();
  const client = await openSocket(t);
  await ask(client, port);
  cli.signal("SIGSTOP"); // nobody reads: 6 MB do not fit
  const reply = Buffer.alloc(1000);
  const sent = Array.from({ length: 6000 }, () => new Promise((done) => backend.send(reply, upstream, done)));
  await Promise.all(sent);
  cli.signal("SIGCONT");
  await ask(client, port);
  // The kernel tells with a datagram that finds room: not before all that did fit is taken.
  await eventually(() => assert.equal(queuedBytes(upstream), 0));
  await ask(client, port);
  cli.signal("SIGTERM");
  await cli.ended();
  const drops = cli.log.reduce(
    (sum, { queueDrops }) => sum + (typeof queueDrops === "number" ? queueDrops : 0),
    0,
  );
  assert.ok(drops > 1000 && drops < 6000, `${drops}`);
});
