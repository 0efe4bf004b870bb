/**
 * What came of a load. Every datagram sent ends in `answered` or `lost`; what arrives beside that is counted as
 *
 *   late        a reply to one that was already lost      crossed   a reply to another client
 *   duplicate   a second reply                            bad       not a reply of ours, or of the wrong size
 */
import { bucketMidMs, bucketUpperMs, HISTOGRAM_BUCKETS } from "../core/histogram.js";
import { getMeasure, LOAD_COUNTERS, type LoadCounter, type LoadMemory } from "./load-memory.js";
import type { CompletePlan } from "./load-options.js";

/** Reply times in milliseconds; null when there was no reply. */
export interface LatencySummary {
  readonly meanMs: number;
  readonly p50Ms: number;
  readonly p90Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly maxMs: number;
}

/** `refused` counts ECONNREFUSED, `sendFailed` calls that the kernel turned down for other reasons. */
export type LoadCounts = Readonly<Record<LoadCounter, number>>;

export interface LoadResult extends LoadCounts {
  readonly plan: CompletePlan;
  /** The time that the rates, reply times and CPU figures are taken over: without warm-up and drain. */
  readonly measuredMs: number;
  readonly requestsPerSecond: number;
  readonly repliesPerSecond: number;
  readonly latency: LatencySummary | null;
  /** Reply times by bucket, those with any; a bucket ends below `belowMs`. */
  readonly histogram: readonly { readonly belowMs: number; readonly count: number }[];
  /** Replies by the tag that the echo servers wrote; empty when they write none. */
  readonly byTag: readonly { readonly tag: number; readonly count: number }[];
  /** Clients that more than one server answered, by the tags: 0 where the target keeps a client on one. */
  readonly clientsOnSeveralServers: number;
  /** CPU time of the generator's thread; null when the kernel keeps no account. */
  readonly cpuMs: number | null;
  /** Of the generator, a datagram sent and its reply being two; null when unknown. */
  readonly cpuNsPerDatagram: number | null;
}

export function readCounts(memory: LoadMemory): LoadCounts {
  return Object.fromEntries(LOAD_COUNTERS.map((name, i) => [name, memory.counters[i]])) as LoadCounts;
}

export function readResult(plan: CompletePlan, memory: LoadMemory): LoadResult {
  const measuredMs = getMeasure(memory, "measuredMs");
  const sent = getMeasure(memory, "measuredSent");
  const answered = getMeasure(memory, "measuredAnswered");
  const cpuMs = getMeasure(memory, "cpuMs");
  const perSecond = (count: number) => (measuredMs > 0 ? (count / measuredMs) * 1000 : 0);
  const buckets = memory.histogram.subarray(2, 2 + HISTOGRAM_BUCKETS);
  return {
    plan,
    ...readCounts(memory),
    measuredMs,
    requestsPerSecond: perSecond(sent),
    repliesPerSecond: perSecond(answered),
    latency: summarizeLatency(buckets, memory.histogram[0], memory.histogram[1]),
    histogram: listUsed(buckets).map(({ index, count }) => ({ belowMs: bucketUpperMs(index), count })),
    byTag: listUsed(memory.tags).map(({ index, count }) => ({ tag: index, count })),
    clientsOnSeveralServers: getMeasure(memory, "clientsOnSeveralServers"),
    cpuMs: Number.isNaN(cpuMs) ? null : cpuMs,
    cpuNsPerDatagram: Number.isNaN(cpuMs) || sent === 0 ? null : (cpuMs * 1e6) / (sent + answered),
  };
}

function listUsed(counts: Float64Array): { index: number; count: number }[] {
  return Array.from(counts, (count, index) => ({ index, count })).filter(({ count }) => count > 0);
}

/** As the core's `summarize`, and the 99.9th percentile, which only many samples can tell. */
function summarizeLatency(buckets: Float64Array, sumMs: number, maxMs: number): LatencySummary | null {
  const samples = buckets.reduce((sum, count) => sum + count, 0);
  if (samples === 0) return null;
  const percentileMs = (percent: number) =>
    Math.min(maxMs, bucketMidMs(bucketAtRank(buckets, Math.ceil((samples * percent) / 100))));
  return {
    meanMs: sumMs / samples,
    p50Ms: percentileMs(50),
    p90Ms: percentileMs(90),
    p99Ms: percentileMs(99),
    p999Ms: percentileMs(99.9),
    maxMs,
  };
}

/** The bucket of the value that has `rank - 1` values before it. */
function bucketAtRank(buckets: Float64Array, rank: number): number {
  let seen = 0;
  return buckets.findIndex((count) => {
    seen += count;
    return seen >= rank;
  });
}
