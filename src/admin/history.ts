/**
 * The last ten minutes, one sample a second, in memory that is bounded and allocated once for each listener and backend.
 * Counts are kept as they stand; what happened between two samples is their difference.
 */
import type { BackendStats, ListenerStats, Stats } from "../api.js";
import { FLOW_ENDS } from "../core/counters.js";
import { DROP_REASONS } from "../core/drop-reason.js";
import { IntervalTimes } from "./interval-times.js";
import { Series } from "./series.js";

/** Samples kept: ten minutes. */
export const KEPT_SAMPLES = 600;
/** Backends, and listeners, that have a history: about 50 kB each. Further ones have none. */
const MAX_SERIES = 500;

const REASONS = DROP_REASONS.length;
/** Where the figures of the whole balancer are in a row. */
export const TOTAL = {
  atMs: 0,
  requests: 1,
  requestBytes: 2,
  replies: 3,
  replyBytes: 4,
  activeFlows: 5,
  openedFlows: 6,
  movedFlows: 7,
  drops: 8,
  replyDrops: 8 + REASONS,
  ended: 8 + 2 * REASONS,
} as const;
const TOTAL_WIDTH = 8 + 2 * REASONS + FLOW_ENDS.length;
/** The first four are the same for listeners and backends. */
export const PART = {
  requests: 0,
  requestBytes: 1,
  replies: 2,
  replyBytes: 3,
  queueDrops: 4,
  openedFlows: 5,
  refused: 6,
  outstanding: 7,
  p50Ms: 8,
  p99Ms: 9,
} as const;
const LISTENER_WIDTH = 5;
const BACKEND_WIDTH = 10;

/** One listener's or backend's samples. */
export interface Part {
  readonly series: Series;
  /** Numbers of its first and its newest sample. */
  readonly firstSample: number;
  lastSample: number;
}

export interface BackendPart extends Part {
  readonly pool: string;
  readonly name: string;
  readonly times: IntervalTimes;
}

export class History {
  readonly totals = new Series(KEPT_SAMPLES, TOTAL_WIDTH);
  readonly listeners = new Map<string, Part>();
  /** By pool and name. */
  readonly backends = new Map<string, BackendPart>();
  #samples = 0;

  /** Samples taken so far; the newest one's number is one less. */
  get samples(): number {
    return this.#samples;
  }

  /** Number of the oldest sample that is kept. */
  get firstSample(): number {
    return Math.max(0, this.#samples - KEPT_SAMPLES);
  }

  /** @param atMs milliseconds since 1970 */
  record(stats: Stats, atMs: number): void {
    const sample = this.#samples++;
    fillTotals(this.totals.row(sample), stats, atMs);
    for (const listener of stats.listeners) this.#recordListener(listener, sample);
    for (const backend of stats.backends) this.#recordBackend(backend, sample);
    forgetOld(this.listeners, this.firstSample);
    forgetOld(this.backends, this.firstSample);
  }

  /** The number of the newest sample that is not younger than `atMs`, else of the oldest. Undefined without any. */
  sampleAt(atMs: number): number | undefined {
    for (let sample = this.#samples - 1; sample >= this.firstSample; sample--) {
      if (this.totals.row(sample)[TOTAL.atMs] <= atMs) return sample;
    }
    return this.#samples === 0 ? undefined : this.firstSample;
  }

  #recordListener(listener: ListenerStats, sample: number): void {
    let part = this.listeners.get(listener.name);
    if (part === undefined) {
      if (this.listeners.size >= MAX_SERIES) return;
      part = { series: new Series(KEPT_SAMPLES, LISTENER_WIDTH), firstSample: sample, lastSample: sample };
      this.listeners.set(listener.name, part);
    }
    fillTraffic(openRow(part, sample), listener);
  }

  #recordBackend(backend: BackendStats, sample: number): void {
    const { pool, name } = backend;
    const key = backendKey(pool, name);
    let part = this.backends.get(key);
    if (part === undefined) {
      if (this.backends.size >= MAX_SERIES) return;
      const series = new Series(KEPT_SAMPLES, BACKEND_WIDTH);
      part = { pool, name, series, times: new IntervalTimes(), firstSample: sample, lastSample: sample };
      this.backends.set(key, part);
    }
    const row = openRow(part, sample);
    fillTraffic(row, backend);
    row[PART.openedFlows] = backend.openedFlows;
    row[PART.refused] = backend.refused;
    row[PART.outstanding] = backend.outstanding;
    part.times.next(backend.replyTime);
    row[PART.p50Ms] = part.times.percentile(50);
    row[PART.p99Ms] = part.times.percentile(99);
  }
}

export function backendKey(pool: string, name: string): string {
  return JSON.stringify([pool, name]);
}

/** The row of this sample. Those of samples when it was not there say so. */
function openRow(part: Part, sample: number): Float64Array {
  for (let missed = part.lastSample + 1; missed < sample; missed++) part.series.row(missed).fill(Number.NaN);
  part.lastSample = sample;
  return part.series.row(sample);
}

function fillTotals(row: Float64Array, { listeners, flows, drops, replyDrops }: Stats, atMs: number): void {
  row.fill(0);
  row[TOTAL.atMs] = atMs;
  for (const { requests, replies } of listeners) {
    row[TOTAL.requests] += requests.datagrams;
    row[TOTAL.requestBytes] += requests.bytes;
    row[TOTAL.replies] += replies.datagrams;
    row[TOTAL.replyBytes] += replies.bytes;
  }
  row[TOTAL.activeFlows] = flows.active;
  row[TOTAL.openedFlows] = flows.opened;
  row[TOTAL.movedFlows] = flows.moved;
  DROP_REASONS.forEach((reason, i) => {
    row[TOTAL.drops + i] = drops[reason];
    row[TOTAL.replyDrops + i] = replyDrops[reason];
  });
  FLOW_ENDS.forEach((end, i) => {
    row[TOTAL.ended + i] = flows.ended[end];
  });
}

function fillTraffic(
  row: Float64Array,
  { requests, replies, queueDrops }: Pick<ListenerStats, "requests" | "replies" | "queueDrops">,
): void {
  row[PART.requests] = requests.datagrams;
  row[PART.requestBytes] = requests.bytes;
  row[PART.replies] = replies.datagrams;
  row[PART.replyBytes] = replies.bytes;
  row[PART.queueDrops] = queueDrops;
}

/** What has left, once its last sample has. */
function forgetOld(parts: Map<string, Part>, firstSample: number): void {
  for (const [key, part] of parts) if (part.lastSample < firstSample) parts.delete(key);
}
