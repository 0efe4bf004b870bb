/** The admin side of a real balancer: its figures, its changes, its addresses. */
import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { type IncomingMessage, request } from "node:http";
import { get as getSecurely } from "node:https";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { openRequest } from "#src/admin/admin-rig.testing.js";
import { backendView } from "#src/admin/schema-figures.js";
import { countersView, historyView, statusView } from "#src/admin/schemas.js";
import { startBalancer } from "#src/balancer.js";
import type { ConfigInput } from "#src/config/config.js";
import { ConfigError } from "#src/config/config-error.js";
import { parseConfig } from "#src/config/parse-config.js";
import { ListenError } from "#src/core/errors.js";
import type { StartedBalancer } from "#src/started-balancer.js";
import { type Asker, answering, createAsker } from "../support/admin-client.js";
import { type Backend, openBackend, silent } from "../support/backends.js";
import { needs } from "../support/needs.js";
import { runProgram } from "../support/run-cli.js";
import { openSteadyTraffic } from "../support/steady-traffic.js";
import { createTemporaryFolder } from "../support/temporary-folder.js";
import { UdpPeer } from "../support/udp-peer.js";
import { eventually } from "../support/waiting.js";

interface Running {
  readonly balancer: StartedBalancer;
  readonly ask: Asker;
  readonly backend: Backend;
  /** Of the listener. */
  readonly address: string;
}

const folderOf = (t: TestContext): string => createTemporaryFolder((remove) => t.after(remove));

function configOf(backend: Backend, rest: Partial<ConfigInput>): ConfigInput {
  return {
    listeners: [{ name: "dns", address: "127.0.0.1:0" }],
    pools: [{ name: "web", affinity: "client", backends: [backend.entry] }],
    admin: { listen: "127.0.0.1:0" },
    ...rest,
  };
}

async function open(t: TestContext, rest: Partial<ConfigInput> = {}): Promise<Running> {
  const backend = await openBackend(t, "a");
  const balancer = await startBalancer(configOf(backend, rest), {});
  t.after(() => balancer.close({ graceMs: 0 }));
  const ask = createAsker(balancer.adminAddresses[0]!);
  return { balancer, ask, backend, address: balancer.listeners[0]!.address };
}

/** A port that somebody has. */
async function takePort(t: TestContext): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  return (server.address() as AddressInfo).port;
}

test("figures of real traffic: status, backends, counters, history", async (t) => {
  const { ask, address } = await open(t);
  const client = await UdpPeer.open(t);
  for (let i = 0; i < 20; i++) await client.ask(`question ${i}`, address);
  const status = statusView.parse((await ask("/api/v1/status")).json);
  assert.deepEqual([status.totals.requests.datagrams, status.totals.replies.datagrams], [20, 20]);
  assert.equal(status.flows.active, 1);
  assert.ok(status.workers.length > 0 && status.ready);
  const backend = backendView.parse((await ask("/api/v1/backends/web/a")).json);
  assert.equal(backend.requests.datagrams, 20);
  assert.ok(backend.replyTime.p50Ms !== null && backend.replyTime.p50Ms > 0);
  const counters = countersView.parse((await ask("/api/v1/counters?since=10m")).json);
  assert.equal(counters.backends[0]?.requests.datagrams, 20);
  await eventually(async () => {
    const history = historyView.parse((await ask("/api/v1/history")).json);
    assert.equal(
      history.requests.reduce<number>((sum, count) => sum + (count ?? 0), 0),
      20,
    );
  });
  const { json } = await ask("/api/v1/flows?client=127.0.0.1");
  assert.equal(json.flows.length, 1);
  assert.equal((await ask(`/api/v1/flows/${json.flows[0].id}`, { method: "DELETE" })).status, 204);
  assert.equal((await ask("/api/v1/flows")).json.flows.length, 0);
});

test("/metrics passes promtool, with traffic, drops, probes and odd names", needs("promtool"), async (t) => {
  const backend = await openBackend(t, "[2001:db8::1%eth0]:53");
  const { ask, address } = await open(t, {
    listeners: [{ name: "dns", address: "127.0.0.1:0", guard: { deny: ["127.0.0.2/32"] } }],
    pools: [{ name: "web", backends: [backend.entry], health: { probe: "ping", interval: "100ms" } }],
  });
  const client = await UdpPeer.open(t);
  const denied = await UdpPeer.open(t, { ip: "127.0.0.2" });
  await client.ask("question", address);
  denied.send("question", address);
  await eventually(async () => {
    const { text } = await ask("/metrics");
    assert.match(text, /sluice_listener_dropped_requests_total\{listener="dns",reason="denied"\} 1\n/);
    assert.match(
      text,
      /sluice_backend_probes_total\{pool="web",backend="\[2001:db8::1%eth0\]:53",result="failed"\} [1-9]/,
    );
  });
  const { text, headers } = await ask("/metrics");
  assert.match(String(headers["content-type"]), /^text\/plain; version=0\.0\.4/);
  const file = join(folderOf(t), "metrics");
  writeFileSync(file, text);
  const checked = await runProgram("sh", ["-c", `promtool check metrics < '${file}'`]);
  assert.deepEqual([checked.code, checked.stdout, checked.stderr], [0, "", ""]);
});

test("readyz: 503 until every probe has had its first results, then 200", async (t) => {
  const slow = await openBackend(t, "slow", { answer: silent });
  const { ask } = await open(t, {
    pools: [
      {
        name: "web",
        backends: [slow.entry],
        health: { probe: { type: "udp", send: "?", expect: "any" }, interval: "300ms", timeout: "250ms" },
      },
    ],
  });
  const before = await ask("/readyz");
  assert.equal(before.status, 503);
  assert.match(before.text, /slow/);
  assert.equal((await ask("/healthz")).status, 200);
  await answering(ask, "/readyz", 200);
});

test("drain and weight over HTTP change where datagrams go, and tell who did it", async (t) => {
  const other = await openBackend(t, "b");
  const backend = await openBackend(t, "a");
  const { ask, address } = await open(t, {
    pools: [{ name: "web", backends: [backend.entry, other.entry] }],
  });
  const patch = (body: object) => ask("/api/v1/backends/web/a", { method: "PATCH", body });
  assert.equal((await patch({ admin: "draining" })).json.admin, "draining");
  const client = await UdpPeer.open(t);
  await eventually(async () => {
    const { text } = await client.ask("?", address);
    assert.equal(text, "b:?");
  });
  const { json } = await ask("/api/v1/events?types=operator", { headers: { accept: "application/json" } });
  assert.deepEqual(json.events[0].data, {
    ...{
      action: "drain",
      target: "web/a",
      by: "local",
      from: "127.0.0.1",
      detail: json.events[0].data.detail,
    },
  });
});

test("PUT config: in force, with a new ETag, as source `api`; wrong ones change nothing", async (t) => {
  const { ask, balancer } = await open(t);
  const { json: document, headers } = await ask("/api/v1/config");
  const etag = String(headers.etag);
  document.pools[0].policy = "maglev";
  const put = (body: object, match = etag) =>
    ask("/api/v1/config", { method: "PUT", body, headers: { "if-match": match } });
  const planned = await ask("/api/v1/config?dryRun=1", { method: "PUT", body: document });
  assert.deepEqual(planned.json.pools.changed, ["web"]);
  assert.equal(balancer.config.version, 1);
  assert.deepEqual((await put(document)).json.pools.changed, ["web"]);
  assert.deepEqual([balancer.config.version, balancer.config.source], [2, "api"]);
  assert.equal((await put(document)).status, 412);
  const wrong = await put({ ...document, plane: "jet" }, '"v2"');
  assert.deepEqual([wrong.status, wrong.json.error.problems[0].path], [422, "plane"]);
  assert.ok(wrong.json.error.problems[0].line >= 1);
  assert.equal(balancer.config.version, 2);
});

test("PUT config that moves the API itself is answered, and one that leaves it out keeps it", async (t) => {
  const folder = folderOf(t);
  const [first, second] = [join(folder, "first.sock"), join(folder, "second.sock")];
  const { ask, balancer } = await open(t, { admin: { listen: ["127.0.0.1:0", `unix:${first}`] } });
  const { json: document } = await ask("/api/v1/config");
  const put = (path: string, body: object) =>
    createAsker(`unix:${path}`)("/api/v1/config", { method: "PUT", body, headers: { "if-match": "*" } });
  assert.equal((await put(first, { ...document, admin: { listen: `unix:${second}` } })).status, 200);
  assert.deepEqual(balancer.adminAddresses, [`unix:${second}`]);
  await assert.rejects(ask("/healthz"), /ECONNREFUSED/);
  await eventually(() => assert.ok(!existsSync(first)));
  const { admin, ...without } = document;
  assert.ok(admin);
  assert.equal((await put(second, without)).status, 200);
  assert.deepEqual(balancer.adminAddresses, [`unix:${second}`]);
});

test("a reload without admin closes the API", async (t) => {
  const path = join(folderOf(t), "admin.sock");
  const { balancer, backend } = await open(t, { admin: { listen: `unix:${path}` } });
  assert.ok(existsSync(path));
  const { admin, ...without } = configOf(backend, {});
  assert.ok(admin);
  await balancer.reload(without);
  assert.deepEqual(balancer.adminAddresses, []);
  await eventually(() => assert.ok(!existsSync(path)));
});

test("a port that is taken: ListenError at the start, and nothing is left open", async (t) => {
  const port = await takePort(t);
  const backend = await openBackend(t, "a");
  const mine = await UdpPeer.open(t);
  mine.close();
  const listeners = [{ name: "dns", address: mine.address }];
  const config = configOf(backend, { listeners, admin: { listen: ["127.0.0.1:0", `127.0.0.1:${port}`] } });
  await assert.rejects(startBalancer(config, {}), (error) => {
    assert.ok(error instanceof ListenError);
    assert.equal(error.address, `127.0.0.1:${port}`);
    return true;
  });
  const after = await startBalancer(configOf(backend, { listeners }), {});
  await after.close({ graceMs: 0 });
});

test("a reload whose admin address is taken, or whose token is none, is refused as a whole", async (t) => {
  const port = await takePort(t);
  const { balancer, backend, ask } = await open(t);
  const pools = [{ name: "other", backends: [backend.entry] }];
  await assert.rejects(
    balancer.reload(configOf(backend, { pools, admin: { listen: ["127.0.0.1:0", `127.0.0.1:${port}`] } })),
    ListenError,
  );
  await assert.rejects(
    balancer.reload(
      configOf(backend, { pools, admin: { listen: "127.0.0.1:0", token: { env: "NOWHERE" } } }),
    ),
    ConfigError,
  );
  const { json } = await ask("/api/v1/pools");
  assert.equal(json.pools[0].name, "web");
  assert.equal((await ask("/api/v1/status")).json.configVersion, 1);
});

test("a reload whose listener is taken leaves no new admin address open", async (t) => {
  const taken = await UdpPeer.open(t);
  const { balancer, backend } = await open(t);
  const path = join(folderOf(t), "admin.sock");
  const listeners = [{ name: "dns", address: taken.address }];
  await assert.rejects(
    balancer.reload(configOf(backend, { listeners, admin: { listen: `unix:${path}` } })),
    ListenError,
  );
  assert.ok(!existsSync(path));
});

test("a reload that leaves the address keeps its connections, and puts new tokens in force", async (t) => {
  const { balancer, backend, ask } = await open(t, {
    admin: { listen: "127.0.0.1:0", token: "a-token-of-some-length" },
  });
  const stream = await openRequest({ port: portOf(balancer) }, "/api/v1/events?types=reload", {
    token: "a-token-of-some-length",
  });
  const next = readUntil(stream, "event: reload");
  await balancer.reload(
    configOf(backend, { admin: { listen: "127.0.0.1:0", token: "another-token-for-all" } }),
  );
  await next;
  stream.destroy();
  assert.equal((await ask("/api/v1/status", { token: "a-token-of-some-length" })).status, 401);
  assert.equal((await ask("/api/v1/status", { token: "another-token-for-all" })).status, 200);
});

function portOf({ adminAddresses }: StartedBalancer): number {
  return Number(adminAddresses[0]!.split(":").at(-1));
}

async function readUntil(stream: IncomingMessage, words: string): Promise<void> {
  let text = "";
  for await (const chunk of stream) {
    text += chunk;
    if (text.includes(words)) return;
  }
  throw new Error(`ended before ${words}`);
}

test("TLS: the certificate of the config, and the new one after a reload", needs("openssl"), async (t) => {
  const folder = folderOf(t);
  const make = async (name: string) => {
    const cert = join(folder, `${name}.pem`);
    const key = join(folder, `${name}.key`);
    const args = [
      "req",
      "-x509",
      "-newkey",
      "ec",
      "-pkeyopt",
      "ec_paramgen_curve:P-256",
      "-nodes",
      "-days",
      "2",
    ];
    const names = ["-subj", `/CN=${name}`, "-addext", "subjectAltName=IP:127.0.0.1"];
    const { code, stderr } = await runProgram("openssl", [...args, ...names, "-keyout", key, "-out", cert]);
    assert.equal(code, 0, stderr);
    return { cert, key };
  };
  const first = await make("first");
  const second = await make("second");
  const { balancer, backend } = await open(t, { admin: { listen: "127.0.0.1:0", tls: first } });
  const port = portOf(balancer);
  const statusWith = (cert: string) =>
    new Promise<number>((resolve, reject) => {
      const options = { port, ca: readFileSync(cert), agent: false };
      getSecurely("https://127.0.0.1/healthz", options, (message) => {
        message.resume();
        resolve(message.statusCode ?? 0);
      }).once("error", reject);
    });
  assert.equal(await statusWith(first.cert), 200);
  await balancer.reload(configOf(backend, { admin: { listen: "127.0.0.1:0", tls: second } }));
  await assert.rejects(statusWith(first.cert));
  assert.equal(await statusWith(second.cert), 200);
  await assert.rejects(openRequest({ port }, "/healthz"));
  await assert.rejects(balancer.reload(configOf(backend, {})), /tls cannot be turned on or off/);
  assert.equal(await statusWith(second.cert), 200);
});

test("readers who do not read cost no datagram, and metrics are answered meanwhile", async (t) => {
  const { ask, address, balancer } = await open(t, { plane: "portable" });
  const traffic = await openSteadyTraffic(t, address, { clients: 4 });
  await traffic.answered(100);
  const port = portOf(balancer);
  const paths = ["/api/v1/events", "/metrics", "/api/v1/history", "/api/v1/openapi.json"];
  const readers = Array.from({ length: 40 }, (_, i) => {
    const asking = request({ host: "127.0.0.1", port, path: paths[i % paths.length]! }, (message) =>
      message.pause(),
    );
    asking.on("error", () => {});
    asking.end();
    return asking;
  });
  t.after(() => {
    for (const reader of readers) reader.destroy();
  });
  for (let i = 0; i < 5; i++) {
    assert.equal((await ask("/metrics")).status, 200);
    await traffic.answered(100);
  }
  const { missing, twice } = await traffic.stop();
  assert.deepEqual([missing, twice], [[], []]);
});

test("a web server is loaded with admin, and never without", async () => {
  const index = JSON.stringify(new URL("../../dist/index.js", import.meta.url).href);
  const countLoaded = async (admin: string) => {
    const program = `
      import { createBalancer } from ${index};
      import { createRequire } from "node:module";
      const listeners = [{ address: "127.0.0.1:0" }];
      const balancer = await createBalancer({ listeners, pools: [{ backends: ["127.0.0.1:9"] }], ${admin} });
      await balancer.close({ graceMs: 0 });
      const { cache } = createRequire(import.meta.url);
      console.log(Object.keys(cache).filter((file) => /fastify|prom-client|opentelemetry/.test(file)).length);`;
    const { stdout, stderr } = await runProgram(process.execPath, ["--input-type=module", "-e", program]);
    assert.match(stdout, /^\d+\n$/, stderr);
    return Number(stdout);
  };
  assert.equal(await countLoaded(""), 0);
  assert.ok((await countLoaded('admin: { listen: "127.0.0.1:0" }')) > 50);
});

test("a caller without a token changes nothing in admin, and sends no config past the checks", async (t) => {
  const { balancer, ask, backend } = await open(t);
  const actions: string[] = [];
  balancer.on("operator", ({ action, by, from, detail }) =>
    actions.push(`${action} ${by} ${from} ${detail}`),
  );
  const { document } = balancer.config;
  const put = (body: unknown, query = "") =>
    ask(`/api/v1/config${query}`, { method: "PUT", headers: { "if-match": "*" }, body: body as object });
  const token = { ...document, admin: { ...(document.admin as object), token: "t".repeat(20) } };
  const base = configOf(backend, {});
  const exec = { ...base.pools[0]!, health: { probe: { type: "exec", command: ["/bin/true"] } } };
  for (const body of [token, { ...document, pools: [exec] }]) {
    for (const query of ["", "?dryRun=1"]) {
      const { status, json } = await put(body, query);
      assert.deepEqual([status, json.error.code], [403, "TOKEN_NEEDED"]);
    }
  }
  // The form that checked configs have inside the program, which no schema would read.
  const inside = JSON.parse(JSON.stringify(parseConfig(configOf(backend, {}))));
  inside.pools[0].discover = [{ kind: "file", path: "/etc/passwd" }];
  delete inside.admin;
  assert.equal((await put(inside)).status, 422);
  assert.equal(balancer.config.version, 1);
  assert.equal((await put({ ...document, limits: { maxFlows: 99 } })).status, 200);
  assert.deepEqual(actions, ["reload local 127.0.0.1 version 2: limits changed"]);
});
