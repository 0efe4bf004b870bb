import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { BACKEND, backendAt, createCounters, LISTENER, listenerAt } from "./core/counters.js";
import { ForwarderRig } from "./core/forwarder-rig.testing.js";
import { record } from "./core/histogram.js";
import {
  buildBackend,
  buildListener,
  buildPool,
  buildSnapshot,
  CLIENT,
} from "./core/snapshot-builder.testing.js";
import { createStats, type StatsInput } from "./stats.js";

const snapshot = buildSnapshot({
  version: 7,
  listeners: [buildListener({ slot: 1, name: "dns" }), buildListener({ slot: 2, name: "lost", poolSlot: 9 })],
  pools: [
    buildPool({
      name: "servers",
      affinity: CLIENT,
      backends: [buildBackend(0, { weight: 2 }), buildBackend(3)],
    }),
  ],
});

function statsOf(parts: Partial<StatsInput>) {
  const addresses = new Map([[1, "127.0.0.1:5353"]]);
  return createStats({
    plane: "test",
    planeNotes: ["why"],
    snapshot,
    configVersion: 7,
    uptimeMs: 9,
    health: new Map(),
    addresses,
    sources: [],
    ready: { isReady: true, awaiting: [] },
    workers: [],
    probes: new Map(),
    flowLog: undefined,
    counters: [createCounters()],
    ...parts,
  });
}

describe("createStats", () => {
  it("names what a forwarder counted", () => {
    const rig = new ForwarderRig(snapshot);
    const flow = rig.request("192.0.2.1:1", 1, 100);
    rig.request("192.0.2.2:1", 1, 10);
    rig.nowMs = 4;
    rig.reply(flow, 30);
    rig.forwarder.fail(flow);
    rig.reply(flow, 30);
    rig.send("192.0.2.1:1", 2);
    const stats = statsOf({ counters: [rig.counters] });
    const { plane, planeNotes, configVersion, uptimeMs } = stats;
    assert.deepEqual(
      { plane, planeNotes, configVersion, uptimeMs },
      { plane: "test", planeNotes: ["why"], configVersion: 7, uptimeMs: 9 },
    );
    const { ended, ...flows } = stats.flows;
    assert.deepEqual(flows, { active: 1, opened: 2, moved: 0, max: 1000 });
    assert.equal(ended.failed, 1);
    assert.deepEqual([stats.drops.no_backend, stats.replyDrops.late_reply], [1, 1]);
    const [dns, lost] = stats.listeners;
    assert.deepEqual(
      [dns.name, dns.address, dns.pool, dns.activeFlows],
      ["dns", "127.0.0.1:5353", "servers", 1],
    );
    assert.deepEqual(dns.requests, { datagrams: 2, bytes: 110 });
    assert.deepEqual(dns.replies, { datagrams: 1, bytes: 30 });
    assert.deepEqual([dns.drops.no_backend, dns.replyDrops.late_reply], [0, 1]);
    assert.deepEqual([lost.address, lost.pool, lost.drops.no_backend], ["127.0.0.1:0", "", 1]);
    const { replyTime, ...backend } = stats.backends[0];
    assert.deepEqual(backend, {
      pool: "servers",
      name: "b0",
      address: "127.0.0.1:9000",
      weight: 2,
      admin: "enabled",
      health: "untried",
      reason: "",
      stateForMs: 0,
      share: 1,
      backup: false,
      requests: { datagrams: 1, bytes: 100 },
      replies: { datagrams: 1, bytes: 30 },
      activeFlows: 0,
      openedFlows: 1,
      outstanding: 0,
      refused: 0,
      refusedBy: { port: 0, host: 0, network: 0, protocol: 0, prohibited: 0, no_route: 0 },
      queueDrops: 0,
      probes: undefined,
    });
    assert.deepEqual([replyTime.samples, replyTime.meanMs, replyTime.maxMs], [1, 4, 4]);
    assert.deepEqual(
      [stats.backends[1].name, stats.backends[1].weight, stats.backends[1].outstanding],
      ["b3", 1, 1],
    );
  });

  it("adds workers up, and takes the longest of their reply times", () => {
    const workers = [createCounters(), createCounters(), createCounters()];
    workers.forEach((counters, i) => {
      counters[listenerAt(1) + LISTENER.requests] = 10 ** i;
      counters[listenerAt(1) + LISTENER.queueDrops] = i;
      counters[backendAt(3) + BACKEND.refused] = 1;
    });
    record(workers[0], backendAt(3) + BACKEND.replyTime, 30);
    record(workers[2], backendAt(3) + BACKEND.replyTime, 10);
    const stats = statsOf({ counters: workers });
    assert.deepEqual([stats.listeners[0].requests.datagrams, stats.listeners[0].queueDrops], [111, 3]);
    assert.equal(stats.backends[1].refused, 3);
    const { samples, meanMs, maxMs } = stats.backends[1].replyTime;
    assert.deepEqual([samples, meanMs, maxMs], [2, 20, 30]);
  });

  it("has no reply time without samples, and each reason is there as 0", () => {
    const stats = statsOf({});
    assert.ok(Number.isNaN(stats.backends[0].replyTime.p99Ms));
    assert.ok(Object.values(stats.drops).every((count) => count === 0));
    assert.equal(stats.drops.too_big, 0);
    assert.equal(stats.flows.ended.evicted, 0);
  });
});
