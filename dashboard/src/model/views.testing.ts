/** Answers of the API for tests, with as much as a test cares about. */
import type { BackendView, ListenerView, PoolView, StatusView } from "../api/views.js";
import type { Reading } from "./rates.js";

const traffic = (datagrams: number) => ({ datagrams, bytes: datagrams * 64 });

export function backendView(change: Partial<BackendView> & { readonly sent?: number } = {}): BackendView {
  const { sent = 0, ...rest } = change;
  const none = { samples: 0, meanMs: null, p50Ms: null, p90Ms: null, p99Ms: null, maxMs: null };
  return {
    ...{ pool: "web", name: "a", address: "192.0.2.1:53", weight: 1, admin: "enabled", health: "up" },
    ...{ reason: "answers", stateForMs: 1000, share: 1, backup: false, activeFlows: 0, openedFlows: 0 },
    ...{ requests: traffic(sent), replies: traffic(sent), outstanding: 0, refused: 0, queueDrops: 0 },
    ...{ replyTime: none, probes: null },
    ...rest,
  } as BackendView;
}

export function listenerView(name: string, sent = 0, drops: Record<string, number> = {}): ListenerView {
  return {
    ...{ name, address: "192.0.2.100:53", pool: "web", requests: traffic(sent), replies: traffic(sent) },
    ...{ activeFlows: 0, queueDrops: 0, drops, replyDrops: {} },
  } as ListenerView;
}

export function poolView(name: string, up: number, total: number): PoolView {
  const sums = { requests: traffic(0), replies: traffic(0), activeFlows: 0, openedFlows: 0 };
  return {
    ...{ name, policy: "random", affinity: "none", failOpen: true, backends: [], up, total },
    ...{ ...sums, outstanding: 0, refused: 0, queueDrops: 0 },
    states: {
      ...{ failing: 0, down: total - up, ejected: 0, "half-open": 0, untried: 0, up },
      ...{ draining: 0, disabled: 0 },
    },
  };
}

export function reading(
  change: Partial<Omit<Reading, "status">> & { readonly status?: Partial<StatusView> } = {},
): Reading {
  const { status, ...rest } = change;
  return {
    ...{ atMs: 1_000_000, listeners: [], pools: [], backends: [] },
    ...rest,
    status: {
      ...{
        version: "0",
        pid: 1,
        node: "v20",
        plane: "batched",
        planeNotes: [],
        configVersion: 1,
        configSource: "file",
      },
      ...{
        startedAt: "2026-01-01T00:00:00Z",
        uptimeMs: 1000,
        ready: true,
        awaiting: [],
        drops: {},
        replyDrops: {},
      },
      ...{
        flows: { active: 0, opened: 0, moved: 0, max: 100, ended: {} },
        workers: [],
        sources: [],
        warnings: [],
      },
      ...{ totals: { requests: traffic(0), replies: traffic(0) } },
      ...status,
    } as StatusView,
  };
}
