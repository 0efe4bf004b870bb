/**
 * Each alert rule of docs/prometheus in the situation that it is named for: a real balancer and real traffic make it, `/metrics`
 * says it, promtool judges it. The cases beside the rules (alerts.test.yml) have thresholds and times.
 */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { startBalancer } from "#src/balancer.js";
import { FAULTS, type StartedBalancer } from "#src/started-balancer.js";
import { createAsker } from "../support/admin-client.js";
import { assertAlerts, type Phase, readScrape, type Scrape } from "../support/alert-rules.js";
import { type Backend, openBackend, openBackends, tag } from "../support/backends.js";
import { needs } from "../support/needs.js";
import { RunningCli } from "../support/run-cli.js";
import { createTemporaryFolder } from "../support/temporary-folder.js";
import { UdpPeer } from "../support/udp-peer.js";
import { eventually } from "../support/waiting.js";

const LINUX = { skip: process.platform === "linux" ? false : "needs Linux" };

interface Parts {
  readonly listener?: Record<string, unknown>;
  readonly pool?: Record<string, unknown>;
  readonly rest?: Record<string, unknown>;
}

/** A balancer on loopback whose admin side is open. */
async function openScene(t: TestContext, backends: readonly Backend[], parts: Parts = {}) {
  const config = {
    listeners: [{ name: "main", address: "127.0.0.1:0", ...parts.listener }],
    pools: [{ name: "web", affinity: "client", backends: backends.map(({ entry }) => entry), ...parts.pool }],
    plane: "portable",
    admin: { listen: "127.0.0.1:0" },
    ...parts.rest,
  };
  const balancer = await startBalancer(config as never, {});
  t.after(() => balancer.close({ graceMs: 0 }));
  const ask = createAsker(balancer.adminAddresses[0]!);
  const scrape = async (): Promise<Scrape> => readScrape((await ask("/metrics")).text);
  return { balancer, config, ask, scrape, to: balancer.listeners[0]!.address };
}

/** So many answers, from one client. */
async function ask(t: TestContext, to: string, count: number): Promise<void> {
  const client = await UdpPeer.open(t);
  for (let i = 0; i < count; i++) await client.ask(`${i}`, to);
}

/** Sends again and again until something has come of it. */
async function sendUntil(t: TestContext, to: string, check: () => void | Promise<void>): Promise<void> {
  const client = await UdpPeer.open(t);
  await eventually(async () => {
    client.send("?", to);
    await check();
  });
}

function adminSocket(t: TestContext): string {
  return `unix:${join(
    createTemporaryFolder((remove) => t.after(remove)),
    "admin",
  )}`;
}

const well = (scrape: Scrape | undefined, minutes = 20): Phase => ({ scrape, minutes, firing: [] });
const bad = (scrape: Scrape | undefined, ...firing: string[]): Phase => ({ scrape, minutes: 20, firing });

function healthOf(balancer: StartedBalancer): string {
  return balancer
    .stats()
    .backends.map(({ health }) => health)
    .join(" ");
}

describe("alert rules, with real traffic", needs("promtool"), () => {
  test("SluiceBackendDown and SluicePoolWithoutBackends: a backend that is dead and alone", async (t) => {
    const [a] = await openBackends(t, "a");
    const { balancer, scrape, to } = await openScene(t, [a]);
    const before = await scrape();
    await ask(t, to, 20);
    await eventually(() => assert.equal(healthOf(balancer), "up"));
    const up = await scrape();
    a.peer.close();
    await sendUntil(t, to, () => assert.equal(healthOf(balancer), "failing"));
    const dead = await scrape();
    await openBackend(t, "a", { ip: a.peer.ip, port: a.peer.port });
    await sendUntil(t, to, () => assert.equal(healthOf(balancer), "up"));
    await assertAlerts(t, [
      well(before),
      well(up),
      bad(dead, "SluiceBackendDown", "SluicePoolWithoutBackends"),
      well(await scrape()),
    ]);
  });

  test("SluiceBackendDown alone: one of two is dead, and tried again and again", async (t) => {
    const [a, b] = await openBackends(t, "a", "b");
    const { balancer, scrape, to } = await openScene(t, [a, b], { pool: { affinity: "none" } });
    await sendUntil(t, to, () => assert.equal(healthOf(balancer), "up up"));
    const up = await scrape();
    a.peer.close();
    const states = new Map<string, Scrape>();
    await sendUntil(t, to, async () => {
      const state = healthOf(balancer);
      const now = await scrape();
      if (state === healthOf(balancer)) states.set(state, now);
      assert.ok(states.has("ejected up") && states.has("half-open up"), [...states.keys()].join());
    });
    const [ejected, tried] = [states.get("ejected up"), states.get("half-open up")];
    await assertAlerts(t, [
      well(up),
      { scrape: ejected, minutes: 3, firing: ["SluiceBackendDown"] },
      { scrape: tried, minutes: 1, firing: ["SluiceBackendDown"] },
      { scrape: ejected, minutes: 3, firing: ["SluiceBackendDown"] },
    ]);
  });

  test("SluicePoolWithoutBackends: probes took all down; not for one that nobody has asked yet", async (t) => {
    const [a] = await openBackends(t, "a");
    const fresh = await openScene(t, [a]);
    const health = { probe: "ping", interval: "100ms", timeout: "50ms", fastInterval: "100ms" };
    const probed = await openScene(t, [a], { pool: { health, failOpen: false } });
    await eventually(() => assert.equal(healthOf(probed.balancer), "down"));
    assert.equal(healthOf(fresh.balancer), "untried");
    await assertAlerts(t, [
      well(await fresh.scrape()),
      bad(await probed.scrape(), "SluiceBackendDown", "SluicePoolWithoutBackends"),
    ]);
  });

  test("SluicePoolWithoutBackends: a source has given none", async (t) => {
    const file = join(
      createTemporaryFolder((remove) => t.after(remove)),
      "backends.yaml",
    );
    writeFileSync(file, "[]");
    const { balancer, scrape } = await openScene(t, [], { pool: { discover: [{ file }] } });
    await eventually(() => assert.equal(balancer.stats().sources[0]!.state, "failing"));
    assert.deepEqual(balancer.stats().ready.awaiting, ["pool web: it has no backends"]);
    await assertAlerts(t, [bad(await scrape(), "SluiceDiscoveryFailing", "SluicePoolWithoutBackends")]);
  });

  test("SluiceDown: nobody answers", async (t) => {
    const [a] = await openBackends(t, "a");
    const { balancer, ask: get, scrape, to } = await openScene(t, [a]);
    await ask(t, to, 1);
    const up = await scrape();
    await balancer.close({ graceMs: 0 });
    await assert.rejects(get("/metrics"));
    await assertAlerts(t, [well(up), bad(undefined, "SluiceDown")]);
  });

  test("SluiceKeepsRestarting: four starts in a quarter of an hour, and not one", async (t) => {
    const scrapes: Scrape[] = [];
    const admin = adminSocket(t);
    for (let start = 0; start < 4; start++) {
      const flags = ["--listen", "127.0.0.1:0", "--backend", "127.0.0.1:9", "--admin", admin];
      const sluice = new RunningCli(t, flags);
      await sluice.ready();
      scrapes.push(readScrape((await createAsker(admin)("/metrics")).text));
      sluice.signal("SIGTERM");
      await sluice.ended();
    }
    const [first, ...again] = scrapes;
    await assertAlerts(t, [
      well(first),
      { scrape: again[0], minutes: 5, firing: [] },
      { scrape: again[1], minutes: 4, firing: [] },
      { scrape: again[2], minutes: 2, firing: ["SluiceKeepsRestarting"] },
    ]);
  });

  test("SluiceWorkerRestarted: a worker has died", LINUX, async (t) => {
    const [a] = await openBackends(t, "a");
    const { balancer, scrape } = await openScene(t, [a], { rest: { plane: "batched", workers: 1 } });
    const before = await scrape();
    balancer[FAULTS]?.crashWorker(0);
    await eventually(() => assert.equal(balancer.stats().workers[0]!.restarts, 1));
    await assertAlerts(t, [well(before), { ...bad(await scrape(), "SluiceWorkerRestarted"), minutes: 10 }]);
  });

  test("SluiceRequestsDropped and SluiceFlowTableNearlyFull: the table is full", async (t) => {
    const [a] = await openBackends(t, "a");
    const { balancer, scrape, to } = await openScene(t, [a], { rest: { limits: { maxFlows: 8 } } });
    const before = await scrape();
    await ask(t, to, 20);
    const few = await scrape();
    for (let i = 0; i < 7; i++) await ask(t, to, 1);
    const full = await scrape();
    await sendUntil(t, to, () => assert.ok(balancer.stats().drops.flow_table_full > 3));
    await assertAlerts(t, [
      well(before),
      well(few),
      bad(full, "SluiceFlowTableNearlyFull"),
      bad(await scrape(), "SluiceFlowTableNearlyFull", "SluiceRequestsDropped"),
    ]);
  });

  test("SluiceGuardDrops: a client that is not let in", async (t) => {
    const [a] = await openBackends(t, "a");
    const { balancer, scrape, to } = await openScene(t, [a], {
      listener: { guard: { deny: ["127.0.0.9/32"] } },
    });
    const before = await scrape();
    await ask(t, to, 20);
    const few = await scrape();
    const denied = await UdpPeer.open(t, { ip: "127.0.0.9" });
    await eventually(() => {
      denied.send("?", to);
      assert.ok(balancer.stats().drops.denied > 10);
    });
    await assertAlerts(t, [well(before), well(few), bad(await scrape(), "SluiceGuardDrops")]);
  });

  test("SluiceRepliesDropped: answers that come when their flow has ended", async (t) => {
    const answers: (() => void)[] = [];
    const slow = await openBackend(t, "slow", {
      answer: (backend, datagram) => {
        if (datagram.text === "late") answers.push(() => tag(backend, datagram));
        else tag(backend, datagram);
      },
    });
    const { balancer, scrape, to } = await openScene(t, [slow]);
    const before = await scrape();
    await ask(t, to, 20);
    const fine = await scrape();
    for (let i = 0; i < 5; i++) (await UdpPeer.open(t)).send("late", to);
    await eventually(() => assert.equal(answers.length, 5));
    for (const { id } of balancer.flows()) await balancer.endFlow(id);
    for (const answer of answers) answer();
    await eventually(() => assert.equal(balancer.stats().replyDrops.late_reply, 5));
    await ask(t, to, 20);
    await assertAlerts(t, [well(before), well(fine), bad(await scrape(), "SluiceRepliesDropped")]);
  });

  test(
    "SluiceListenerQueueDrops and SluiceBackendQueueDrops: queues that nobody reads in time",
    LINUX,
    async (t) => {
      const chatty = await openBackend(t, "chatty");
      const admin = adminSocket(t);
      const file = join(
        createTemporaryFolder((remove) => t.after(remove)),
        "sluice.json",
      );
      const config = {
        listeners: [{ name: "main", address: "127.0.0.1:0", receiveBuffer: "4KiB" }],
        pools: [{ name: "web", affinity: "client", backends: [chatty.entry] }],
        plane: "batched",
        workers: 1,
        admin: { listen: admin },
      };
      writeFileSync(file, JSON.stringify(config));
      const sluice = new RunningCli(t, [file]);
      const [port] = await sluice.ready();
      const get = createAsker(admin);
      const scrape = async () => readScrape((await get("/metrics")).text);
      const to = `127.0.0.1:${port}`;
      const before = await scrape();
      const client = await UdpPeer.open(t);
      for (let i = 0; i < 20; i++) await client.ask("?", to);
      const fine = await scrape();
      const home = chatty.got[0]!.from;
      // A process that stands still reads nothing, and the kernel throws away what its queues do not hold. It tells how much with the
      // next datagram that it delivers.
      const flood = (send: () => void, of: string, count: number): Promise<Scrape> =>
        eventually(async () => {
          sluice.signal("SIGSTOP");
          for (let i = 0; i < count; i++) send();
          await new Promise((resolve) => setImmediate(resolve));
          sluice.signal("SIGCONT");
          send();
          const now = await scrape();
          const drops = [...now.values].find(([series]) => series.startsWith(of))?.[1];
          assert.ok((drops ?? 0) > 0, `${of}: ${drops}`);
          return now;
        });
      const payload = Buffer.alloc(8000);
      const requests = await flood(() => client.send(payload, to), "sluice_listener_queue_drops_total", 200);
      const replies = await flood(
        () => chatty.peer.send(payload, home),
        "sluice_backend_queue_drops_total",
        2000,
      );
      await assertAlerts(t, [
        well(before),
        well(fine),
        bad(requests, "SluiceListenerQueueDrops"),
        bad(replies, "SluiceBackendQueueDrops"),
      ]);
    },
  );

  test("SluiceReplyTimeUp: a backend that answers ten times as slowly", async (t) => {
    let delayMs = 0;
    const answer = (backend: Backend, datagram: Parameters<typeof tag>[1]) => {
      if (delayMs === 0) tag(backend, datagram);
      else setTimeout(() => backend.peer.isOpen && tag(backend, datagram), delayMs).unref();
    };
    const a = await openBackend(t, "a", { answer });
    const { balancer, scrape, to } = await openScene(t, [a]);
    const before = await scrape();
    const clients = await Promise.all(Array.from({ length: 250 }, () => UdpPeer.open(t)));
    // Two samples a second over twelve minutes.
    const ask1500 = async (atOnce: number): Promise<Scrape> => {
      const asking = clients.slice(0, atOnce);
      for (let asked = 0; asked < 1500; asked += atOnce)
        await Promise.all(asking.map((client) => client.ask("?", to)));
      return scrape();
    };
    const quick = await ask1500(10);
    // Far above what this machine, busy as it may be, needs now.
    delayMs = Math.max(100, 20 * balancer.stats().backends[0]!.replyTime.p99Ms);
    const slow = await ask1500(250);
    await assertAlerts(t, [
      { ...well(before), minutes: 60 },
      { ...well(quick), minutes: 15 },
      { ...well(quick), minutes: 45 },
      { ...bad(slow, "SluiceReplyTimeUp"), minutes: 12 },
    ]);
  });

  test("SluiceReloadFailed: a config that is not valid", async (t) => {
    const [a] = await openBackends(t, "a");
    const { balancer, config, scrape } = await openScene(t, [a]);
    await balancer.reload(config);
    const before = await scrape();
    await assert.rejects(balancer.reload({ ...config, pools: [] }));
    await assertAlerts(t, [well(before), { ...bad(await scrape(), "SluiceReloadFailed"), minutes: 10 }]);
  });

  test("SluiceDiscoveryFailing: a source whose answer cannot be read", async (t) => {
    const file = join(
      createTemporaryFolder((remove) => t.after(remove)),
      "backends.yaml",
    );
    const [a] = await openBackends(t, "a");
    writeFileSync(file, JSON.stringify([{ address: "127.0.0.1:9" }]));
    const { balancer, scrape } = await openScene(t, [a], { pool: { discover: [{ file }] } });
    await eventually(() => assert.equal(balancer.stats().sources[0]!.state, "ok"));
    const before = await scrape();
    writeFileSync(file, "{{{");
    await eventually(() => assert.equal(balancer.stats().sources[0]!.state, "failing"));
    await assertAlerts(t, [well(before), bad(await scrape(), "SluiceDiscoveryFailing")]);
  });

  test("SluiceFlowLogDropping: a flow log on a full disk", LINUX, async (t) => {
    const [a] = await openBackends(t, "a");
    const { balancer, scrape, to } = await openScene(t, [a], { rest: { flowLog: { file: "/dev/full" } } });
    const before = await scrape();
    await ask(t, to, 3);
    for (const { id } of balancer.flows()) await balancer.endFlow(id);
    await eventually(() => assert.ok((balancer.stats().flowLog?.dropped ?? 0) > 0));
    await assertAlerts(t, [well(before), { ...bad(await scrape(), "SluiceFlowLogDropping"), minutes: 5 }]);
  });
});
