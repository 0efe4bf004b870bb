/** Rates from counters: what happened between two readings of the API, for each second. */
import type { BackendView, ListenerView, PoolView, StatusView } from "../api/views.js";
import { fullName } from "./backend-state.js";

/** One poll: everything as it was at one moment. */
export interface Reading {
  /** By this machine's clock, milliseconds since 1970. */
  readonly atMs: number;
  readonly status: StatusView;
  readonly listeners: readonly ListenerView[];
  readonly pools: readonly PoolView[];
  readonly backends: readonly BackendView[];
}

/** Datagrams a second; null where it cannot be told, as for something new. */
export interface TrafficRate {
  readonly requests: number | null;
  readonly replies: number | null;
}

export interface ListenerRate extends TrafficRate {
  readonly dropped: number | null;
}

/** Everything a second. */
export interface Rates {
  readonly totals: TrafficRate;
  readonly listeners: ReadonlyMap<string, ListenerRate>;
  readonly backends: ReadonlyMap<string, TrafficRate>;
  /** Only reasons that happened. */
  readonly drops: ReadonlyMap<string, number>;
  readonly replyDrops: ReadonlyMap<string, number>;
}

/** Before the second reading: nothing is known. */
export const NO_RATES: Rates = {
  totals: { requests: null, replies: null },
  listeners: new Map(),
  backends: new Map(),
  drops: new Map(),
  replyDrops: new Map(),
};

export function ratesBetween(before: Reading, after: Reading): Rates {
  // The server's own clock: this machine's may be set, and answers take a varying time to come.
  const seconds = (after.status.uptimeMs - before.status.uptimeMs) / 1000;
  if (!isSameRun(before, after) || seconds <= 0) return NO_RATES;
  const perSecond = (from: number | undefined, to: number) => rate(from, to, seconds);
  const traffic = (from: Counted | undefined, to: Counted): TrafficRate => ({
    requests: perSecond(from?.requests.datagrams, to.requests.datagrams),
    replies: perSecond(from?.replies.datagrams, to.replies.datagrams),
  });
  const listeners = new Map(before.listeners.map((listener) => [listener.name, listener]));
  const backends = new Map(before.backends.map((backend) => [fullName(backend), backend]));
  return {
    totals: traffic(before.status.totals, after.status.totals),
    listeners: new Map(
      after.listeners.map((listener) => {
        const from = listeners.get(listener.name);
        const dropped = perSecond(from && sumOf(from.drops), sumOf(listener.drops));
        return [listener.name, { ...traffic(from, listener), dropped }];
      }),
    ),
    backends: new Map(
      after.backends.map((backend) => [fullName(backend), traffic(backends.get(fullName(backend)), backend)]),
    ),
    drops: dropRates(before.status.drops, after.status.drops, seconds),
    replyDrops: dropRates(before.status.replyDrops, after.status.replyDrops, seconds),
  };
}

/** False after a restart: its counters begin anew. */
export function isSameRun(before: Reading, after: Reading): boolean {
  return before.status.pid === after.status.pid && before.status.uptimeMs <= after.status.uptimeMs;
}

export function sumOf(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

/** Several rates together; null only when none of them is known. */
export function addRates(rates: Iterable<TrafficRate | undefined>): TrafficRate {
  let requests: number | null = null;
  let replies: number | null = null;
  for (const rate of rates) {
    if (rate === undefined) continue;
    if (rate.requests !== null) requests = (requests ?? 0) + rate.requests;
    if (rate.replies !== null) replies = (replies ?? 0) + rate.replies;
  }
  return { requests, replies };
}

export function total(rates: ReadonlyMap<string, number>): number {
  let sum = 0;
  for (const rate of rates.values()) sum += rate;
  return sum;
}

type Counted = Pick<BackendView, "requests" | "replies">;

/** A counter that went back belongs to something new under an old name. */
function rate(from: number | undefined, to: number, seconds: number): number | null {
  return from === undefined || to < from ? null : (to - from) / seconds;
}

function dropRates(
  before: Readonly<Record<string, number>>,
  after: Readonly<Record<string, number>>,
  seconds: number,
): Map<string, number> {
  const rates = new Map<string, number>();
  for (const [reason, count] of Object.entries(after)) {
    const perSecond = rate(before[reason] ?? 0, count, seconds);
    if (perSecond !== null && perSecond > 0) rates.set(reason, perSecond);
  }
  return rates;
}
