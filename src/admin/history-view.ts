/** What the API tells of the history: the samples of the last seconds, and what was counted since a moment. */
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Stats, Traffic } from "../api.js";
import { FLOW_ENDS } from "../core/counters.js";
import { DROP_REASONS } from "../core/drop-reason.js";
import { backendKey, type History, PART, type Part, TOTAL } from "./history.js";
import type { CountersView, HistoryView } from "./schemas.js";

type Column = (number | null)[];

/** So many backends take about as long as this thread may be kept from anything else. */
const BACKENDS_AT_ONCE = 20;

/**
 * With many backends it takes a tenth of a second, in pieces, so that a plane on this thread moves datagrams in between.
 * @param seconds how many of the newest samples, as far as there are
 */
export async function viewHistory(history: History, seconds: number): Promise<HistoryView> {
  const first = Math.max(history.firstSample, history.samples - seconds);
  const samples = Array.from({ length: history.samples - first }, (_, i) => first + i);
  const total = (column: number): Column => samples.map((sample) => increase(history, sample, column));
  const byReason = (column: number) =>
    Object.fromEntries(
      DROP_REASONS.map((reason, i) => [reason, total(column + i)] as const).filter(([, counts]) =>
        counts.some((count) => count !== null && count > 0),
      ),
    );
  const view = {
    atMs: samples.map((sample) => history.totals.row(sample)[TOTAL.atMs]),
    requests: total(TOTAL.requests),
    replies: total(TOTAL.replies),
    requestBytes: total(TOTAL.requestBytes),
    replyBytes: total(TOTAL.replyBytes),
    flows: samples.map((sample) => history.totals.row(sample)[TOTAL.activeFlows]),
    drops: byReason(TOTAL.drops),
    replyDrops: byReason(TOTAL.replyDrops),
    backends: [] as HistoryView["backends"],
  };
  const parts = [...history.backends.values()].filter(({ lastSample }) => lastSample >= first);
  for (const [index, part] of parts.entries()) {
    if (index % BACKENDS_AT_ONCE === BACKENDS_AT_ONCE - 1) await nextTurn();
    // A sample that was taken meanwhile may have the place of the oldest one.
    view.backends.push(viewBackend(part, part.pool, part.name, samples, history.firstSample));
  }
  return view;
}

function viewBackend(
  part: Part,
  pool: string,
  name: string,
  samples: readonly number[],
  kept: number,
): HistoryView["backends"][0] {
  const gauge = (column: number): Column =>
    samples.map((sample) => toNumber(rowOf(part, sample, kept)?.[column]));
  const counts = (column: number): Column =>
    samples.map((sample) =>
      difference(rowOf(part, sample, kept)?.[column], rowOf(part, sample - 1, kept)?.[column]),
    );
  return {
    pool,
    name,
    requests: counts(PART.requests),
    replies: counts(PART.replies),
    p50Ms: gauge(PART.p50Ms),
    p99Ms: gauge(PART.p99Ms),
    outstanding: gauge(PART.outstanding),
  };
}

/** The row of a sample that is kept and that the part was there for. */
function rowOf(part: Part, sample: number, kept: number): Float64Array | undefined {
  const isThere = sample >= Math.max(part.firstSample, kept) && sample <= part.lastSample;
  return isThere ? part.series.row(sample) : undefined;
}

function increase(history: History, sample: number, column: number): number | null {
  if (sample === history.firstSample) return null;
  return difference(history.totals.row(sample)[column], history.totals.row(sample - 1)[column]);
}

function toNumber(value: number | undefined): number | null {
  return value === undefined || Number.isNaN(value) ? null : value;
}

/** Counts of what is new, or began anew, are taken whole; null where one of both samples is not there. */
function difference(now: number | undefined, before: number | undefined): number | null {
  if (now === undefined || before === undefined || Number.isNaN(now) || Number.isNaN(before)) return null;
  return now >= before ? now - before : now;
}

/** What was counted from the sample at `sinceMs`, or the oldest, to `stats`, which are of `nowMs`. */
export function viewCounters(
  history: History,
  stats: Stats,
  { sinceMs, nowMs }: { readonly sinceMs: number; readonly nowMs: number },
): CountersView {
  const sample = history.sampleAt(sinceMs);
  const then = sample === undefined ? undefined : history.totals.row(sample);
  const since = (now: number, column: number) => difference(now, then?.[column] ?? 0) ?? now;
  const kept = history.firstSample;
  const partOf = (part: Part | undefined) =>
    part === undefined || sample === undefined ? undefined : rowOf(part, sample, kept);
  return {
    fromAt: toMoment(then?.[TOTAL.atMs] ?? nowMs - stats.uptimeMs),
    toAt: toMoment(nowMs),
    listeners: stats.listeners.map((listener) => ({
      name: listener.name,
      ...trafficSince(listener, partOf(history.listeners.get(listener.name))),
    })),
    backends: stats.backends.map((backend) => {
      const { pool, name, openedFlows, refused } = backend;
      const row = partOf(history.backends.get(backendKey(pool, name)));
      return {
        ...{ pool, name, ...trafficSince(backend, row) },
        openedFlows: countSince(openedFlows, row, PART.openedFlows),
        refused: countSince(refused, row, PART.refused),
      };
    }),
    drops: byName(DROP_REASONS, (reason, i) => since(stats.drops[reason], TOTAL.drops + i)),
    replyDrops: byName(DROP_REASONS, (reason, i) => since(stats.replyDrops[reason], TOTAL.replyDrops + i)),
    flows: {
      opened: since(stats.flows.opened, TOTAL.openedFlows),
      moved: since(stats.flows.moved, TOTAL.movedFlows),
      ended: byName(FLOW_ENDS, (end, i) => since(stats.flows.ended[end], TOTAL.ended + i)),
    },
  };
}

interface TrafficCounts {
  readonly requests: Traffic;
  readonly replies: Traffic;
  readonly queueDrops: number;
}

function trafficSince({ requests, replies, queueDrops }: TrafficCounts, row: Float64Array | undefined) {
  return {
    requests: {
      datagrams: countSince(requests.datagrams, row, PART.requests),
      bytes: countSince(requests.bytes, row, PART.requestBytes),
    },
    replies: {
      datagrams: countSince(replies.datagrams, row, PART.replies),
      bytes: countSince(replies.bytes, row, PART.replyBytes),
    },
    queueDrops: countSince(queueDrops, row, PART.queueDrops),
  };
}

function countSince(now: number, row: Float64Array | undefined, column: number): number {
  return difference(now, row?.[column] ?? 0) ?? now;
}

function byName<Name extends string>(
  names: readonly Name[],
  value: (name: Name, index: number) => number,
): Record<Name, number> {
  return Object.fromEntries(names.map((name, i) => [name, value(name, i)])) as Record<Name, number>;
}

function toMoment(ms: number): string {
  return new Date(ms).toISOString();
}
