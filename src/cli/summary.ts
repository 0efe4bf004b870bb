/**
 * The line that `sluice run` logs every ten seconds while there is traffic: what happened since the last one.
 */
import type { Drops, Stats } from "../api.js";
import type { DropReason } from "../core/drop-reason.js";

export const SUMMARY_INTERVAL_MS = 10_000;

export interface Summary {
  readonly requests: number;
  readonly replies: number;
  /** Active now. */
  readonly flows: number;
  /** Dropped requests and replies together, by reason; reasons that did not happen are left out. */
  readonly drops?: Readonly<Partial<Record<DropReason, number>>>;
  /** Datagrams the kernel dropped because a receive queue was full: requests and replies together. */
  readonly queueDrops?: number;
  /** Times a backend's host said that nobody listens there, by `pool/backend`. */
  readonly refused?: Readonly<Record<string, number>>;
}

/** What happened between two looks at the same balancer; undefined when nothing did. `before` undefined: since start. */
export function summarize(before: Stats | undefined, after: Stats): Summary | undefined {
  const requests = growth(
    before?.listeners,
    after.listeners,
    nameOf,
    (listener) => listener.requests.datagrams,
  );
  const replies = growth(
    before?.listeners,
    after.listeners,
    nameOf,
    (listener) => listener.replies.datagrams,
  );
  const queueDrops =
    growth(before?.listeners, after.listeners, nameOf, (listener) => listener.queueDrops) +
    growth(before?.backends, after.backends, backendName, (backend) => backend.queueDrops);
  const drops = sumDrops(before, after);
  const refused = growthByName(before?.backends, after.backends, backendName, (backend) => backend.refused);
  const hasRefused = Object.keys(refused).length > 0;
  const hasDrops = Object.keys(drops).length > 0;
  if (requests === 0 && replies === 0 && queueDrops === 0 && !hasDrops && !hasRefused) return undefined;
  return {
    requests,
    replies,
    flows: after.flows.active,
    ...(hasDrops && { drops }),
    ...(queueDrops > 0 && { queueDrops }),
    ...(hasRefused && { refused }),
  };
}

/** Late replies are a matter of course with UDP; every other drop is worth a warning. */
export function isWorrying(summary: Summary): boolean {
  const reasons = Object.keys(summary.drops ?? {}).filter((reason) => reason !== "late_reply");
  return reasons.length > 0 || summary.queueDrops !== undefined || summary.refused !== undefined;
}

const nameOf = ({ name }: { readonly name: string }): string => name;
const backendName = ({ pool, name }: { readonly pool: string; readonly name: string }): string =>
  `${pool}/${name}`;

/** A listener or backend that a reload has removed counts for nothing, one that it has added from 0. */
function growthByName<T>(
  before: readonly T[] | undefined,
  after: readonly T[],
  nameOfItem: (item: T) => string,
  count: (item: T) => number,
): Record<string, number> {
  const earlier = new Map(before?.map((item) => [nameOfItem(item), count(item)]));
  const grown = after.map(
    (item) => [nameOfItem(item), growthOf(earlier.get(nameOfItem(item)), count(item))] as const,
  );
  return Object.fromEntries(grown.filter(([, by]) => by > 0));
}

function growth<T>(...items: Parameters<typeof growthByName<T>>): number {
  return Object.values(growthByName(...items)).reduce((sum, by) => sum + by, 0);
}

/** A count that is smaller than before began anew: the name was removed and came back. */
function growthOf(before: number | undefined, after: number): number {
  return before === undefined || after < before ? after : after - before;
}

function sumDrops(before: Stats | undefined, after: Stats): Partial<Record<DropReason, number>> {
  const sum: Partial<Record<DropReason, number>> = {};
  const add = (earlier: Drops | undefined, later: Drops): void => {
    for (const [reason, count] of Object.entries(later) as [DropReason, number][]) {
      const by = growthOf(earlier?.[reason], count);
      if (by > 0) sum[reason] = (sum[reason] ?? 0) + by;
    }
  };
  add(before?.drops, after.drops);
  add(before?.replyDrops, after.replyDrops);
  return sum;
}
