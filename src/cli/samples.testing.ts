/** Answers of the admin API as a small balancer would give them, for tests. */
import type {
  BackendView,
  CountersView,
  EventView,
  ExplanationView,
  FlowView,
  HistoryView,
  ListenerView,
  PoolView,
  StatusView,
} from "../admin/schemas.js";
import { FLOW_ENDS } from "../core/counters.js";
import { DROP_REASONS } from "../core/drop-reason.js";

const AT = "2026-03-01T12:00:00.000Z";

export const traffic = (datagrams: number) => ({ datagrams, bytes: datagrams * 100 });

export const drops = (some: Partial<StatusView["drops"]> = {}): StatusView["drops"] => ({
  ...(Object.fromEntries(DROP_REASONS.map((reason) => [reason, 0])) as StatusView["drops"]),
  ...some,
});

const ended = Object.fromEntries(FLOW_ENDS.map((end) => [end, 0])) as StatusView["flows"]["ended"];

export function statusSample(some: Partial<StatusView> = {}): StatusView {
  return {
    version: "1.2.3",
    pid: 4711,
    node: "v20.19.0",
    plane: "batched",
    planeNotes: [],
    configVersion: 3,
    configSource: "file",
    startedAt: AT,
    uptimeMs: 3_725_000,
    ready: true,
    awaiting: [],
    flows: { active: 120, opened: 1000, moved: 0, max: 100_000, ended },
    drops: drops({ no_backend: 7 }),
    replyDrops: drops({ late_reply: 12 }),
    totals: { requests: traffic(5000), replies: traffic(4900) },
    workers: [
      { index: 0, state: "running", restarts: 0, cpuMs: 100 },
      { index: 1, state: "running", restarts: 0, cpuMs: 100 },
    ],
    sources: [],
    flowLog: null,
    warnings: [],
    ...some,
  };
}

export function backendSample(name: string, some: Partial<BackendView> = {}): BackendView {
  return {
    pool: "web",
    name,
    address: "192.0.2.1:9001",
    weight: 1,
    admin: "enabled",
    health: "up",
    reason: "probes succeed",
    stateForMs: 61_000,
    share: 1,
    backup: false,
    requests: traffic(2500),
    replies: traffic(2450),
    activeFlows: 60,
    openedFlows: 500,
    outstanding: 2,
    refused: 0,
    refusedBy: { port: 0, host: 0, network: 0, protocol: 0, prohibited: 0, no_route: 0 },
    queueDrops: 0,
    replyTime: {
      ...{ samples: 100, meanMs: 1, p50Ms: 0.8, p90Ms: 2, p99Ms: 9.5, maxMs: 12 },
      ...{ sumMs: 100, buckets: [] },
    } as BackendView["replyTime"],
    probes: null,
    ...some,
  };
}

export function listenerSample(some: Partial<ListenerView> = {}): ListenerView {
  return {
    name: "main",
    address: "127.0.0.1:8000",
    pool: "web",
    requests: traffic(5000),
    replies: traffic(4900),
    activeFlows: 120,
    queueDrops: 0,
    drops: drops({ no_backend: 7 }),
    replyDrops: drops({ late_reply: 12 }),
    ...some,
  } as ListenerView;
}

export function poolSample(some: Partial<PoolView> = {}): PoolView {
  return {
    name: "web",
    policy: "maglev",
    affinity: "client-ip",
    failOpen: true,
    backends: ["a", "b"],
    total: 2,
    up: 2,
    states: {
      ...{ failing: 0, down: 0, ejected: 0, "half-open": 0, untried: 0, up: 2, draining: 0, disabled: 0 },
    },
    requests: traffic(5000),
    replies: traffic(4900),
    activeFlows: 120,
    openedFlows: 1000,
    outstanding: 4,
    refused: 0,
    queueDrops: 0,
    ...some,
  };
}

/** Over two seconds. */
export function countersSample(names: readonly string[], requests = 200, replies = 190): CountersView {
  return {
    fromAt: AT,
    toAt: "2026-03-01T12:00:02.000Z",
    listeners: [{ name: "main", requests: traffic(requests), replies: traffic(replies), queueDrops: 0 }],
    backends: names.map((name, i) => ({
      ...{ pool: "web", name, openedFlows: 1, refused: 0, queueDrops: 0 },
      ...{ requests: traffic(requests * (i + 1)), replies: traffic(replies * (i + 1)) },
    })),
    drops: drops({ no_backend: 4 }),
    replyDrops: drops(),
    flows: { opened: 5, moved: 0, ended },
  };
}

export function historySample(names: readonly string[]): HistoryView {
  return {
    atMs: [1, 2, 3],
    requests: [100, 100, 100],
    replies: [95, 95, 95],
    requestBytes: [1, 1, 1],
    replyBytes: [1, 1, 1],
    flows: [120, 120, 120],
    drops: {},
    replyDrops: {},
    backends: names.map((name, i) => ({
      ...{ pool: "web", name, requests: [null, 50, 50], replies: [null, 50, 50 - 10 * i] },
      ...{ p50Ms: [null, 0.7, null], p99Ms: [null, 8 + i, null], outstanding: [null, 1, 1] },
    })),
  };
}

export function flowSample(some: Partial<FlowView> = {}): FlowView {
  return {
    ...{ id: "0-7-k50000", client: "192.0.2.7:40000", listener: "main", pool: "web", backend: "a" },
    ...{ requests: traffic(12), replies: traffic(11), ageMs: 65_000, idleMs: 900, open: true },
    ...some,
  };
}

export function explanationSample(some: Partial<ExplanationView> = {}): ExplanationView {
  const candidate = { admin: "enabled", health: "up", weight: 1, share: 1, backup: false } as const;
  return {
    client: "192.0.2.7:40000",
    listener: "main",
    pool: "web",
    affinity: "client-ip",
    key: "192.0.2.7",
    policy: "maglev",
    hash: 12345,
    verdict: "chosen",
    backend: "a",
    reason: "maglev gives this key to a",
    dropReason: null,
    candidates: [
      { ...candidate, name: "a", takesKeys: true, why: "it is up", chance: 1 },
      { ...candidate, name: "b", health: "down", takesKeys: false, why: "it is down", chance: 0 },
    ],
    flow: null,
    notes: ["maglev's table has 65537 places"],
    ...some,
  };
}

export function eventSamples(): EventView[] {
  return [
    { id: 1, at: AT, type: "warning", data: { code: "discovery", message: "dns fails" } },
    {
      id: 2,
      at: AT,
      type: "backend",
      data: {
        ...{ pool: "web", backend: "b", admin: "enabled", health: "down", weight: 1, share: 1 },
        reason: "refused",
      },
    },
    {
      id: 3,
      at: AT,
      type: "operator",
      data: { action: "drain", target: "web/a", by: "token", from: "192.0.2.9", detail: "deadline 30000 ms" },
    },
  ];
}
