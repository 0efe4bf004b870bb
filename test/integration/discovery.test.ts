/** Discovery as a whole: real name servers and files, real datagrams, on both planes. */
import assert from "node:assert/strict";
import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { Balancer, BalancerEvents } from "#src/api.js";
import { createBalancer } from "#src/balancer.js";
import type { DiscoverInput } from "#src/config/discover.js";
import { type Backend, openBackend } from "../support/backends.js";
import { freePorts } from "../support/free-ports.js";
import { NameServer } from "../support/name-server.js";
import { needs } from "../support/needs.js";
import { openSteadyTraffic } from "../support/steady-traffic.js";
import { UdpPeer } from "../support/udp-peer.js";
import { eventually } from "../support/waiting.js";

const PLANES = process.platform === "linux" ? (["portable", "batched"] as const) : (["portable"] as const);

type Change = BalancerEvents["discovery"][0];

interface Rig {
  readonly balancer: Balancer;
  readonly address: string;
  readonly changes: Change[];
  readonly warnings: string[];
}

async function openRig(
  t: TestContext,
  plane: "portable" | "batched",
  discover: readonly DiscoverInput[],
  backends: readonly string[] = [],
): Promise<Rig> {
  const balancer = await createBalancer(createConfig(plane, discover, backends));
  t.after(() => balancer.close({ graceMs: 0 }));
  const changes: Change[] = [];
  const warnings: string[] = [];
  balancer.on("discovery", (change) => changes.push(change));
  balancer.on("warning", ({ message }) => warnings.push(message));
  return { balancer, address: balancer.listeners[0].address, changes, warnings };
}

function createConfig(
  plane: "portable" | "batched",
  discover: readonly DiscoverInput[],
  backends: readonly string[] = [],
) {
  return {
    plane,
    workers: 1,
    listeners: [{ name: "main", address: "127.0.0.1:0" }],
    pools: [{ affinity: "client", backends, discover }],
  };
}

/** Backends on one port of 127.0.0.2 and up, named b2 and up. Nobody else is given that port. */
async function openOnOnePort(t: TestContext, count: number): Promise<Backend[]> {
  const [port] = await freePorts(1);
  const backends = Array.from({ length: count }, (_, i) =>
    openBackend(t, `b${i + 2}`, { ip: `127.0.0.${i + 2}`, port: port! }),
  );
  return Promise.all(backends);
}

const namesOf = ({ balancer }: Rig) => balancer.stats().backends.map(({ name }) => name);

function createFile(t: TestContext): { path: string; replace: (text: string) => void } {
  const folder = mkdtempSync(join(tmpdir(), "sluice-discover-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, "backends.yaml");
  const replace = (text: string): void => {
    writeFileSync(`${path}.new`, text);
    renameSync(`${path}.new`, path);
  };
  return { path, replace };
}

for (const plane of PLANES) {
  test(`discovery on ${plane}: a backend that leaves DNS costs no datagram`, needs("dnsmasq"), async (t) => {
    const [b2, b3, b4] = await openOnOnePort(t, 3);
    const server = await NameServer.open(t, { hosts: { "game.test": ["127.0.0.2", "127.0.0.3"] } });
    const source = { dns: `game.test:${b2.peer.port}`, resolvers: [server.address], minInterval: "1s" };
    const rig = await openRig(t, plane, [source]);
    assert.deepEqual(namesOf(rig), [b2.address, b3.address]);

    const traffic = await openSteadyTraffic(t, rig.address, { clients: 8 });
    await traffic.answered(200);
    server.setHosts({ "game.test": ["127.0.0.3", "127.0.0.4"] });
    await eventually(() => assert.equal(rig.changes.length, 1));
    assert.deepEqual(rig.changes[0], {
      ...{ pool: "default", source: `dns ${source.dns}` },
      ...{ added: [b4.address], removed: [b2.address], changed: [] },
    });
    // What was under way to it then has been answered after so many more.
    await traffic.answered(200);
    const before = b2.got.length;
    await traffic.answered(200);
    const { sent, missing, twice } = await traffic.stop();
    assert.deepEqual([missing, twice], [[], []], `of ${sent} requests`);
    assert.equal(b2.got.length, before, "the removed backend's flows have moved");
    assert.ok(b2.got.length > 0 && b3.got.length > 0);
    assert.deepEqual(namesOf(rig), [b3.address, b4.address]);
    assert.deepEqual(rig.warnings, []);
  });

  test(`discovery on ${plane}: a file replaced 50 times under load costs no datagram`, async (t) => {
    const backends = await openOnOnePort(t, 3);
    const file = createFile(t);
    const list = (i: number) =>
      JSON.stringify(backends.filter((_, j) => j !== i % 3).map(({ entry }) => entry));
    file.replace(list(0));
    const rig = await openRig(t, plane, [{ file: file.path }]);
    assert.deepEqual(namesOf(rig), ["b3", "b4"]);
    const traffic = await openSteadyTraffic(t, rig.address, { clients: 8 });
    for (let i = 1; i <= 50; i++) {
      file.replace(list(i));
      await traffic.answered(40);
      // Most are replaced before they are read; every fifth may come into force.
      const names = ["b2", "b3", "b4"].filter((_, j) => j !== i % 3);
      if (i % 5 === 0) await eventually(() => assert.deepEqual(namesOf(rig), names));
    }
    const { sent, missing, twice } = await traffic.stop();
    assert.deepEqual([missing, twice], [[], []], `of ${sent} requests`);
    assert.ok(rig.changes.length >= 10, `${rig.changes.length} changes were seen`);
    assert.deepEqual(rig.warnings, []);
    for (const { got, name } of backends) assert.ok(got.length > 0, name);
  });
}

test(
  "discovery: when the name server dies the last answer stays, and status says so",
  needs("dnsmasq"),
  async (t) => {
    const [b2] = await openOnOnePort(t, 1);
    const hosts = { "game.test": ["127.0.0.2"] };
    const server = await NameServer.open(t, { hosts });
    const source = { dns: `game.test:${b2.peer.port}`, resolvers: [server.address], minInterval: "1s" };
    const rig = await openRig(t, "portable", [source]);
    const status = () => rig.balancer.stats().sources[0];
    assert.deepEqual([status().state, status().backends, status().lastError], ["ok", 1, undefined]);

    await server.stop();
    await eventually(() => assert.equal(status().state, "failing"));
    const reason = "nothing answers at the address of the name server";
    assert.equal(status().lastError, reason);
    assert.ok((status().sinceChangeMs ?? 0) > 500);
    assert.deepEqual(rig.warnings, [`dns ${source.dns}: ${reason}; its last answer stays, 1 backend`]);
    const client = await UdpPeer.open(t);
    assert.equal((await client.ask("x", rig.address)).text, "b2:x");

    await server.start({ hosts });
    await eventually(() => assert.equal(status().state, "ok"));
    assert.deepEqual(rig.changes, []);
  },
);

test("discovery: SRV records give ports, weights and backups", needs("dnsmasq"), async (t) => {
  const server = await NameServer.open(t, {
    hosts: { "a.test": ["127.0.0.2"], "b.test": ["127.0.0.3"], "c.test": ["127.0.0.4"] },
    srv: [
      "_g._udp.test,a.test,1001,10,60",
      "_g._udp.test,b.test,1002,10,40",
      "_g._udp.test,c.test,1003,20,1",
    ],
  });
  const source = { srv: "_g._udp.test", resolvers: [server.address], minInterval: "1s", namePrefix: "g-" };
  const rig = await openRig(t, "portable", [source]);
  const figures = () => rig.balancer.stats().backends.map(({ name, weight }) => [name, weight]);
  assert.deepEqual(figures(), [
    ["g-127.0.0.2:1001", 60],
    ["g-127.0.0.3:1002", 40],
    ["g-127.0.0.4:1003", 1],
  ]);
  await server.stop();
  await server.start({ hosts: { "a.test": ["127.0.0.2"] }, srv: ["_g._udp.test,a.test,1001,10,7"] });
  await eventually(() => assert.deepEqual(figures(), [["g-127.0.0.2:1001", 7]]));
  const { added, removed, changed } = rig.changes[0];
  assert.deepEqual(
    { added, removed, changed },
    {
      added: [],
      removed: ["g-127.0.0.3:1002", "g-127.0.0.4:1003"],
      changed: ["g-127.0.0.2:1001"],
    },
  );
});

test(
  "discovery: the targets of a later SRV priority get nothing until the first ones are gone",
  needs("dnsmasq"),
  async (t) => {
    const [b2, b3] = await openOnOnePort(t, 2);
    const hosts = { "a.test": ["127.0.0.2"], "b.test": ["127.0.0.3"] };
    const records = [`_g._udp.test,a.test,${b2.peer.port},10,1`, `_g._udp.test,b.test,${b3.peer.port},20,1`];
    const server = await NameServer.open(t, { hosts, srv: records });
    const rig = await openRig(t, "portable", [
      { srv: "_g._udp.test", resolvers: [server.address], minInterval: "1s" },
    ]);
    for (let i = 0; i < 4; i++) {
      const client = await UdpPeer.open(t);
      assert.equal((await client.ask("x", rig.address)).text, "b2:x");
    }
    await server.stop();
    await server.start({ hosts, srv: records.slice(1) });
    await eventually(() => assert.equal(namesOf(rig).length, 1));
    assert.equal((await (await UdpPeer.open(t)).ask("x", rig.address)).text, "b3:x");
  },
);

test("discovery: it starts without an answer, drops with no_backend, and works once there is one", async (t) => {
  const [b2] = await openOnOnePort(t, 1);
  const file = createFile(t);
  const rig = await openRig(t, "portable", [{ file: file.path }]);
  await eventually(() => assert.equal(rig.warnings.length, 1));
  assert.equal(
    rig.warnings[0],
    `file ${file.path}: ${file.path}: no such file; there are no backends from it`,
  );
  const client = await UdpPeer.open(t);
  client.send("lost", rig.address);
  await eventually(() => assert.equal(rig.balancer.stats().drops.no_backend, 1));
  file.replace(JSON.stringify([b2.entry]));
  await eventually(() => assert.deepEqual(namesOf(rig), ["b2"]));
  assert.equal((await client.ask("x", rig.address)).text, "b2:x");
});

test("discovery: localhost works without a name server", async (t) => {
  const backend = await openBackend(t, "a", { ip: "127.0.0.1" });
  const rig = await openRig(t, "portable", [{ dns: `localhost:${backend.peer.port}`, family: "ipv4" }]);
  assert.deepEqual(namesOf(rig), [backend.address]);
});

test("discovery: a reload keeps sources that stay, and one that is refused changes nothing", async (t) => {
  const [b2, b3] = await openOnOnePort(t, 2);
  const file = createFile(t);
  file.replace(JSON.stringify([b2.entry]));
  const rig = await openRig(t, "portable", [{ file: file.path }]);
  const result = await rig.balancer.reload(createConfig("portable", [{ file: file.path }], [b3.address]));
  assert.deepEqual(result.backends, { added: [`default/${b3.address}`], removed: [], changed: [] });
  assert.deepEqual(namesOf(rig), [b3.address, "b2"]);

  const other = createConfig("portable", [{ file: `${file.path}.other` }]);
  const taken = { ...other, listeners: [{ name: "taken", address: b2.address }] };
  await assert.rejects(rig.balancer.reload(taken), { code: "LISTEN_FAILED" });
  assert.deepEqual(
    rig.balancer.stats().sources.map(({ source }) => source),
    [`file ${file.path}`],
  );
  file.replace(JSON.stringify([{ ...b2.entry, weight: 9 }]));
  await eventually(() => assert.equal(rig.changes.length, 1));
  assert.deepEqual(rig.changes[0].changed, ["b2"]);
  assert.deepEqual(namesOf(rig), [b3.address, "b2"]);
});
