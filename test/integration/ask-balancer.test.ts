/** The commands that ask a balancer, against a real one with real traffic. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { BackendView, ExplanationView, FlowsView } from "#src/admin/schemas.js";
import { PcapngBlocks } from "#src/cli/pcapng-blocks.js";
import type { StatusAnswers } from "#src/cli/view/status-view.js";
import { createAsker } from "../support/admin-client.js";
import { openBackends } from "../support/backends.js";
import { freePorts } from "../support/free-ports.js";
import { needs } from "../support/needs.js";
import { RunningCli, RunningProcess, runProgram, SLUICE } from "../support/run-cli.js";
import { createTemporaryFolder } from "../support/temporary-folder.js";
import { TmuxTerminal } from "../support/tmux.js";
import { UdpPeer } from "../support/udp-peer.js";
import { eventually } from "../support/waiting.js";

interface Running {
  readonly cli: RunningCli;
  readonly listener: string;
  readonly admin: string;
  readonly file: string;
  readonly write: (backends?: string) => void;
  /** Runs a command that asks this balancer; its output. */
  readonly ask: (...args: string[]) => Promise<string>;
  readonly askJson: <T>(...args: string[]) => Promise<T>;
}

/** `sluice run FILE --admin ADDRESS` over two backends, a and b. */
async function runBalancer(t: TestContext, { token }: { readonly token?: string } = {}): Promise<Running> {
  const backends = await openBackends(t, "a", "b");
  const folder = createTemporaryFolder((remove) => t.after(remove));
  const file = join(folder, "sluice.yaml");
  const [adminPort] = await freePorts(1);
  const admin = `127.0.0.1:${adminPort}`;
  const entries = backends.map(({ name, address }) => `{ name: ${name}, address: "${address}" }`);
  const write = (list = entries.join(", ")): void =>
    writeFileSync(
      file,
      `listeners:\n  - { name: main, address: "127.0.0.1:0", pool: web }\n` +
        `pools:\n  - name: web\n    affinity: client\n    backends: [${list}]\n` +
        (token === undefined ? "" : `admin: { listen: "${admin}", token: ${token} }\n`),
    );
  write();
  const flag = token === undefined ? ["--admin", admin] : [];
  const cli = new RunningCli(t, [file, "--grace", "0s", ...flag]);
  const [port] = await cli.ready();
  const ask = async (...args: string[]): Promise<string> => {
    const env = { SLUICE_ADMIN: admin, SLUICE_TOKEN: token ?? "" };
    const { code, stdout, stderr } = await runProgram(process.execPath, [SLUICE, ...args], { env });
    assert.equal(code, 0, `${args.join(" ")}\n${stderr}`);
    return stdout;
  };
  const askJson = async <T>(...args: string[]): Promise<T> => JSON.parse(await ask(...args, "--json"));
  return { cli, listener: `127.0.0.1:${port}`, admin, file, write, ask, askJson };
}

/** Requests of several clients, for as long as the test takes. */
async function startTraffic(t: TestContext, to: string, clients = 4): Promise<void> {
  const peers = await Promise.all(Array.from({ length: clients }, () => UdpPeer.open(t)));
  const timer = setInterval(() => {
    for (const peer of peers) peer.send("x", to);
  }, 10);
  t.after(() => clearInterval(timer));
}

/** Asked without a command, which takes a process each time. */
const backendOf = async ({ admin }: Running, name: string): Promise<BackendView> =>
  (await createAsker(admin)(`/api/v1/backends/web/${name}`)).json;

test("sluice status, flows and explain: what a real balancer says", async (t) => {
  const running = await runBalancer(t);
  await startTraffic(t, running.listener);
  await eventually(async () => {
    const { counters } = await running.askJson<StatusAnswers>("status");
    assert.ok(counters.listeners[0].requests.datagrams > 50);
  });
  const screen = await running.ask("status");
  assert.match(screen, /^sluice \d+\.\d+\.\d+ .* config 1 \(file\) {2}ready$/m);
  assert.match(screen, /^main +127\.0\.0\.1:\d+ +web +4 +[1-9]\d+/m);
  assert.match(screen, /^web\/a +127\.[\d.]+:\d+ +up /m);

  const { flows } = await running.askJson<FlowsView>("flows", "--backend", "web/a");
  assert.equal(flows.length, 2);
  const explanation = await running.askJson<ExplanationView>("explain", flows[0].client);
  assert.equal(explanation.verdict, "flow");
  assert.equal(explanation.backend, "a");
  assert.match(
    await running.ask("explain", flows[0].client),
    /goes to backend a: a live flow holds the client/,
  );

  await running.ask("end-flow", flows[0].id);
  await eventually(async () => {
    const after = await running.askJson<FlowsView>("flows");
    assert.ok(!after.flows.some(({ id }) => id === flows[0].id));
  });
});

test("sluice drain, enable, disable and weight: the backend is so, and the event says who did it", async (t) => {
  const running = await runBalancer(t);
  const becomes = (name: string, some: Partial<BackendView>) =>
    eventually(async () => {
      const { admin, weight } = await backendOf(running, name);
      assert.deepEqual({ admin, weight, ...some }, { admin, weight });
    });
  assert.match(await running.ask("drain", "a"), /^web\/a is draining/);
  await becomes("a", { admin: "draining" });
  assert.match(await running.ask("disable", "web/b"), /^web\/b is disabled/);
  await becomes("b", { admin: "disabled" });
  assert.match(await running.ask("enable", "a"), /^web\/a is untried/);
  await becomes("a", { admin: "enabled" });
  assert.match(await running.ask("weight", "a", "7"), /weight 7/);
  await becomes("a", { weight: 7 });
  assert.match(
    await running.ask("events", "--types", "operator"),
    /operator: drain web\/a.* by local from 127\.0\.0\.1/,
  );
});

test("sluice reload and config: the file again, another one, and what that would do", async (t) => {
  const running = await runBalancer(t, { token: "0123456789abcdef" });
  assert.match(await running.ask("config", "show"), /^pools:$/m);
  assert.ok(!(await running.ask("config", "show")).includes("0123456789abcdef"));
  running.write('{ name: c, address: "127.0.0.1:9" }');
  assert.match(
    await running.ask("config", "diff", running.file),
    /^\+ backend web\/c\n- backend web\/a\n- backend web\/b$/m,
  );
  assert.match(await running.ask("config", "apply", running.file), /^config 2 is in force$/m);
  assert.match(await running.ask("reload"), /^config 3 is in force\nno listener, pool or backend differs$/m);
  writeFileSync(running.file, "listeners: 7\n");
  const env = { SLUICE_ADMIN: running.admin, SLUICE_TOKEN: "0123456789abcdef" };
  const bad = await runProgram(process.execPath, [SLUICE, "config", "diff", running.file], { env });
  assert.equal(bad.code, 2);
  assert.ok(bad.stderr.includes(`sluice: ${running.file}:1:`), bad.stderr);
});

test("sluice run --admin: a reload of the file keeps the flag's address", async (t) => {
  const running = await runBalancer(t);
  await running.ask("reload");
  assert.match(await running.ask("status"), /config 2 \(file\)/);
});

test("sluice: a wrong token and none at all are told apart", async (t) => {
  const running = await runBalancer(t, { token: "0123456789abcdef" });
  const ask = (SLUICE_TOKEN: string, ...args: string[]) =>
    runProgram(process.execPath, [SLUICE, "status", ...args], {
      env: { SLUICE_ADMIN: running.admin, SLUICE_TOKEN },
    });
  assert.match((await ask("")).stderr, /wants a token: give it with --token-file or SLUICE_TOKEN/);
  assert.match((await ask("wrong-wrong-wrong")).stderr, /does not take the token of SLUICE_TOKEN/);
  assert.equal((await ask("", "--config", running.file)).code, 0);
});

test(
  "sluice: https with --ca or the balancer's own config, and a Unix socket",
  needs("openssl"),
  async (t) => {
    const [backend] = await openBackends(t, "a");
    const folder = createTemporaryFolder((remove) => t.after(remove));
    const at = (name: string) => join(folder, name);
    const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"];
    const keys = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", at("key.pem")];
    const made = await runProgram("openssl", [
      "req",
      "-x509",
      ...keys,
      "-out",
      at("cert.pem"),
      "-days",
      "2",
      ...subject,
    ]);
    assert.equal(made.code, 0, made.stderr);
    const [port] = await freePorts(1);
    const pools = `pools: [{ backends: [{ name: a, address: "${backend.address}" }] }]`;
    const admin = `admin: { listen: ["127.0.0.1:${port}", "unix:a.sock"], tls: { cert: cert.pem, key: key.pem } }`;
    writeFileSync(at("s.yaml"), `listeners: [{ address: "127.0.0.1:0" }]\n${pools}\n${admin}\n`);
    await new RunningCli(t, [at("s.yaml")]).ready();
    const ask = (...args: string[]) =>
      runProgram(process.execPath, [SLUICE, "completion", "--backends", ...args], {
        env: { SLUICE_ADMIN: "", SLUICE_TOKEN: "" },
      });
    const names = async (...args: string[]) => (await ask(...args)).stdout;
    assert.equal(await names("--admin", `https://localhost:${port}`, "--ca", at("cert.pem")), "a\n");
    assert.equal(await names("--config", at("s.yaml")), "a\n");
    assert.equal(await names("--admin", `unix:${at("a.sock")}`), "a\n");
    const status = ["status", "--admin", `https://localhost:${port}`];
    const distrusted = await runProgram(process.execPath, [SLUICE, ...status]);
    assert.equal(distrusted.code, 1);
    assert.match(
      distrusted.stderr,
      /not one that this machine trusts: give the one that signed it with --ca/,
    );
    const clear = await runProgram(process.execPath, [
      SLUICE,
      "status",
      "--admin",
      `http://localhost:${port}`,
    ]);
    assert.equal(clear.code, 1);
    assert.match(clear.stderr, /localhost:\d+/);
  },
);

test("sluice events -f: tells of a change while it happens", async (t) => {
  const running = await runBalancer(t);
  const follower = new RunningProcess(t, process.execPath, [SLUICE, "events", "-f", "--types", "operator"], {
    env: { SLUICE_ADMIN: running.admin, SLUICE_TOKEN: "" },
  });
  // Until it follows: nothing says when it does.
  await eventually(async () => {
    await running.ask("drain", "a");
    assert.match(follower.stdout, /drain web\/a/);
  });
});

test("sluice tap: whole blocks with the client's requests and replies", async (t) => {
  const running = await runBalancer(t);
  await startTraffic(t, running.listener);
  const file = join(
    createTemporaryFolder((remove) => t.after(remove)),
    "x.pcapng",
  );
  await running.ask("tap", "--listener", "main", "-w", file, "--max", "20", "--seconds", "120");
  const bytes = readFileSync(file);
  const blocks = new PcapngBlocks();
  assert.equal(blocks.push(bytes).length, bytes.length);
  assert.equal(blocks.datagrams, 20);
});

test("sluice completion --backends: the names that a real balancer has", async (t) => {
  const running = await runBalancer(t);
  assert.equal(await running.ask("completion", "--backends"), "a\nb\n");
});

const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
const openTop = (t: TestContext, admin: string, size: { readonly columns: number; readonly rows: number }) =>
  // What follows it shows that the terminal is as it was.
  TmuxTerminal.open(
    t,
    `${quote(process.execPath)} ${quote(SLUICE)} top; echo "ended with $?"; stty -a; sleep 60`,
    {
      ...size,
      env: { SLUICE_ADMIN: admin, SLUICE_TOKEN: "" },
    },
  );

test("sluice top: shows traffic, selects, and drains with d y", needs("tmux"), async (t) => {
  const running = await runBalancer(t);
  await startTraffic(t, running.listener);
  const terminal = await openTop(t, running.admin, { columns: 120, rows: 30 });
  await terminal.waitFor(/4 flows +[1-9]\d+ req\/s +[1-9]\d+ rep\/s/);
  await terminal.waitFor(/web\/a +127\.[\d.]+:\d+ +up /);
  assert.equal(await terminal.isAlternate(), true);

  await terminal.press("Down");
  await terminal.waitFor(/web\/b: up for/);
  await terminal.press("d");
  await terminal.waitFor(/^drain web\/b\? y\/n$/m);
  await terminal.press("n");
  await terminal.waitFor(/nothing was changed/);
  assert.equal((await backendOf(running, "b")).admin, "enabled");
  await terminal.press("d", "y");
  await eventually(async () => assert.equal((await backendOf(running, "b")).admin, "draining"));
  await terminal.waitFor(/web\/b +127\.[\d.]+:\d+ +draining /);
  await terminal.waitFor(/operator: drain web\/b/);
  assert.equal((await backendOf(running, "a")).admin, "enabled");

  await terminal.press("w", "9", "Enter", "y");
  await eventually(async () => assert.equal((await backendOf(running, "b")).weight, 9));
  await terminal.press("/", "n", "o", "n", "e");
  await terminal.waitFor(/no backend matches/);
  await terminal.press("Escape");
  await terminal.waitFor(/web\/a +127/);
  await terminal.resize(60, 15);
  const narrow = await terminal.waitFor(/^BACKEND\S* +STATE +.*LOSS$/m);
  assert.ok(narrow.split("\n").length <= 15);

  await terminal.press("q");
  await terminal.waitFor(/ended with 0/);
  await terminal.waitFor(/(^|[ ;])icanon/m);
  await terminal.waitFor(/(^|[ ;])echo[ ;]/m);
  assert.equal(await terminal.isAlternate(), false);
});

test("sluice top: Ctrl-C ends it, and a balancer that is gone does not", needs("tmux"), async (t) => {
  const running = await runBalancer(t);
  const terminal = await openTop(t, running.admin, { columns: 100, rows: 24 });
  await terminal.waitFor(/web\/a/);
  running.cli.signal("SIGTERM");
  await running.cli.ended();
  const text = await terminal.waitFor(/nothing listens on/);
  assert.match(text, /web\/a/);
  await terminal.press("C-c");
  await terminal.waitFor(/ended with 0/);
  await terminal.waitFor(/(^|[ ;])icanon/m);
});
