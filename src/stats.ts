/** Turns a plane's counters into the figures that users see: slots become names, offsets become fields. */
import type {
  BackendStats,
  Drops,
  ListenerStats,
  ProbeStats,
  Readiness,
  SourceStats,
  Stats,
  WorkerStats,
} from "./api.js";
import { formatEndpoint } from "./core/address.js";
import {
  BACKEND,
  backendAt,
  type Counters,
  FLOW_ENDS,
  type FlowEnd,
  LISTENER,
  listenerAt,
} from "./core/counters.js";
import { DROP_REASONS } from "./core/drop-reason.js";
import type { HealthState } from "./core/health-state.js";
import { countsUpTo, HISTOGRAM_BUCKETS, summarize } from "./core/histogram.js";
import { REFUSAL_KINDS } from "./core/refusal-kind.js";
import {
  type BackendEntry,
  type ListenerEntry,
  MAX_LISTENERS,
  type PoolEntry,
  type Snapshot,
} from "./core/snapshot.js";
import type { HealthStatus } from "./health/monitor.js";

export interface StatsInput {
  readonly plane: string;
  readonly planeNotes: readonly string[];
  readonly snapshot: Snapshot;
  readonly configVersion: number;
  readonly uptimeMs: number;
  /** Listener slot → address really bound. */
  readonly addresses: ReadonlyMap<number, string>;
  readonly sources: readonly SourceStats[];
  readonly ready: Readiness;
  readonly workers: readonly WorkerStats[];
  readonly flowLog: Stats["flowLog"];
  /** Backend slot → what its probes found, where it is probed. */
  readonly probes: ReadonlyMap<number, ProbeStats>;
  /** One array for each worker. */
  readonly counters: readonly Counters[];
  /** Backend slot → how it is, why, and for how long. */
  readonly health: ReadonlyMap<number, HealthStatus>;
}

/** Where `ReplyTime.buckets` has its counts. */
const REPLY_TIME_BOUNDS_MS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000];

export function createStats(input: StatsInput): Stats {
  const { snapshot, counters } = input;
  const listeners = snapshot.listeners.map((entry) => listenerStats(entry, input));
  const sum = (offset: number) =>
    snapshot.listeners.reduce((total, { slot }) => total + add(counters, listenerAt(slot) + offset), 0);
  return {
    plane: input.plane,
    planeNotes: input.planeNotes,
    configVersion: input.configVersion,
    uptimeMs: input.uptimeMs,
    ready: input.ready,
    workers: input.workers,
    flows: {
      active: sum(LISTENER.activeFlows),
      opened: sum(LISTENER.openedFlows),
      moved: sum(LISTENER.movedFlows),
      max: snapshot.limits.maxFlows,
      ended: named(FLOW_ENDS, (i) => sum(LISTENER.ended + i)) as Record<FlowEnd, number>,
    },
    drops: named(DROP_REASONS, (i) => sum(LISTENER.drops + i)) as Drops,
    replyDrops: named(DROP_REASONS, (i) => sum(LISTENER.replyDrops + i)) as Drops,
    listeners,
    backends: snapshot.pools.flatMap((pool) =>
      pool.backends.map((backend) => backendStats(pool, backend, input)),
    ),
    sources: input.sources,
    flowLog: input.flowLog,
  };
}

export function countActiveFlows(counters: readonly Counters[]): number {
  let count = 0;
  for (let slot = 0; slot < MAX_LISTENERS; slot++)
    count += add(counters, listenerAt(slot) + LISTENER.activeFlows);
  return count;
}

function listenerStats(entry: ListenerEntry, input: StatsInput): ListenerStats {
  const at = listenerAt(entry.slot);
  const get = (offset: number) => add(input.counters, at + offset);
  return {
    name: entry.name,
    address: input.addresses.get(entry.slot) ?? formatEndpoint(entry.address),
    pool: input.snapshot.pools.find((pool) => pool.slot === entry.poolSlot)?.name ?? "",
    requests: { datagrams: get(LISTENER.requests), bytes: get(LISTENER.requestBytes) },
    replies: { datagrams: get(LISTENER.replies), bytes: get(LISTENER.replyBytes) },
    activeFlows: get(LISTENER.activeFlows),
    openedFlows: get(LISTENER.openedFlows),
    movedFlows: get(LISTENER.movedFlows),
    ended: named(FLOW_ENDS, (i) => get(LISTENER.ended + i)) as Record<FlowEnd, number>,
    queueDrops: get(LISTENER.queueDrops),
    drops: named(DROP_REASONS, (i) => get(LISTENER.drops + i)) as Drops,
    replyDrops: named(DROP_REASONS, (i) => get(LISTENER.replyDrops + i)) as Drops,
  };
}

function backendStats(
  pool: PoolEntry,
  backend: BackendEntry,
  { counters, health, probes }: StatsInput,
): BackendStats {
  const at = backendAt(backend.slot);
  const get = (offset: number) => add(counters, at + offset);
  const status = health.get(backend.slot);
  return {
    pool: pool.name,
    name: backend.name,
    address: formatEndpoint(backend.address),
    weight: backend.weight,
    admin: backend.admin,
    health: healthInForce(backend, status),
    reason: status?.reason ?? "",
    stateForMs: status?.forMs ?? 0,
    share: backend.share ?? 1,
    backup: backend.backup ?? false,
    requests: { datagrams: get(BACKEND.requests), bytes: get(BACKEND.requestBytes) },
    replies: { datagrams: get(BACKEND.replies), bytes: get(BACKEND.replyBytes) },
    activeFlows: get(BACKEND.activeFlows),
    openedFlows: get(BACKEND.openedFlows),
    outstanding: get(BACKEND.outstanding),
    refused: get(BACKEND.refused),
    refusedBy: named(REFUSAL_KINDS, (i) => get(BACKEND.refusedBy + i)) as BackendStats["refusedBy"],
    queueDrops: get(BACKEND.queueDrops),
    replyTime: replyTime(counters, at + BACKEND.replyTime),
    probes: probes.get(backend.slot),
  };
}

/** As the monitor has it, unless planes have not heard of that yet. */
export function healthInForce(
  { health = "untried", admitted }: BackendEntry,
  status: HealthStatus | undefined,
): HealthState {
  return status?.admitted === admitted ? status.health : health;
}

/** The histogram's layout is [sum, max, bucket 0, …]: the sums add up, the largest maximum counts. */
function replyTime(counters: readonly Counters[], at: number): BackendStats["replyTime"] {
  const buckets = new Float64Array(HISTOGRAM_BUCKETS);
  for (let i = 0; i < HISTOGRAM_BUCKETS; i++) buckets[i] = add(counters, at + 2 + i);
  const maxMs = Math.max(...counters.map((worker) => worker[at + 1]));
  const sumMs = add(counters, at);
  const counts = countsUpTo(buckets, REPLY_TIME_BOUNDS_MS);
  return {
    ...summarize(buckets, sumMs, maxMs),
    sumMs,
    buckets: REPLY_TIME_BOUNDS_MS.map((upToMs, i) => ({ upToMs, samples: counts[i] })),
  };
}

function add(all: readonly Counters[], at: number): number {
  let sum = 0;
  for (const counters of all) sum += counters[at];
  return sum;
}

function named(names: readonly string[], value: (index: number) => number): Record<string, number> {
  return Object.fromEntries(names.map((name, i) => [name, value(i)]));
}
