/** What a soak found, as text and as a judgement: where every lost reply went, and whether anything leaks. */
import type { Drops, Stats } from "#src/api.js";
import type { Fault } from "./plan-faults.js";

export interface SoakReport {
  readonly plane: string;
  readonly seed: number;
  readonly durationMs: number;
  readonly done: readonly (Fault & { readonly happenedAtMs: number })[];
  readonly sent: number;
  readonly answered: number;
  /** Replies that nobody should have had, by what they are. */
  readonly wrong: Readonly<Record<"crossed" | "doubled" | "broken", number>>;
  /** Datagrams that clients had from somebody else than the balancer. */
  readonly strays: number;
  /** How the first broken ones begin. */
  readonly broken: readonly string[];
  /** Replies after their requests had been given up as lost. */
  readonly late: number;
  readonly clients: number;
  readonly lostAtMs: readonly number[];
  /** At the end, after all flows had ended. */
  readonly stats: Stats;
  /** One each second or so. */
  readonly rssMiB: readonly number[];
  readonly descriptors: { readonly before: number; readonly highest: number; readonly afterClose: number };
  readonly warnings: readonly string[];
}

/** Requests sent from so long before a backend or worker dies until so long after may have been in its hands. */
const WINDOW_MS = { before: 100, after: 300 };
/** Most that one death may cost: what waits in a killed process's queue, or in a worker's hands and its sockets. */
const MOST_LOST = { kill: 64, crash: 256 };
/** What Node opens once and keeps, such as the pipes of its first worker. */
const SPARE_DESCRIPTORS = 4;
const MOST_GROWTH_MIB = 24;
/** Of fewer samples a trend says nothing: the heap is still finding its size. */
const FEWEST_SAMPLES = 60;

export interface Losses {
  readonly lost: number;
  readonly inFlightAtKills: number;
  readonly mostAtOnce: number;
  /** Dropped with a reason, requests and replies; refused and not sent again, on the portable plane; full queues. */
  readonly counted: number;
  readonly unaccounted: number;
}

export function accountFor({ lostAtMs, done, stats, plane }: SoakReport): Losses {
  const deaths = done.filter(({ kind }) => kind === "kill" || kind === "crash");
  const near = deaths.map(
    ({ happenedAtMs }) =>
      lostAtMs.filter(
        (atMs) => atMs >= happenedAtMs - WINDOW_MS.before && atMs <= happenedAtMs + WINDOW_MS.after,
      ).length,
  );
  const inFlightAtKills = near.reduce((sum, count) => sum + count, 0);
  const queueDrops = [...stats.listeners, ...stats.backends].reduce(
    (sum, { queueDrops: drops }) => sum + drops,
    0,
  );
  const refused =
    plane === "portable" ? stats.backends.reduce((sum, backend) => sum + backend.refused, 0) : 0;
  const counted =
    total(stats.drops) + total(stats.replyDrops) - stats.replyDrops.late_reply + queueDrops + refused;
  return {
    lost: lostAtMs.length,
    inFlightAtKills,
    mostAtOnce: Math.max(0, ...near),
    counted,
    unaccounted: Math.max(0, lostAtMs.length - inFlightAtKills - counted),
  };
}

/** Everything that is not as it should be. */
export function judgeSoak(report: SoakReport): string[] {
  const { stats, descriptors } = report;
  const faults: string[] = [];
  const expect = (holds: boolean, fault: string) => holds || faults.push(fault);
  const losses = accountFor(report);
  expect(
    report.answered + losses.lost === report.sent,
    `${report.sent} sent, but ${report.answered} + ${losses.lost}`,
  );
  expect(losses.unaccounted === 0, `${losses.unaccounted} lost replies are not accounted for`);
  const most = report.done.some(({ kind }) => kind === "crash") ? MOST_LOST.crash : MOST_LOST.kill;
  expect(losses.mostAtOnce <= most, `${losses.mostAtOnce} lost at one death`);
  for (const [kind, count] of Object.entries(report.wrong)) expect(count === 0, `${count} ${kind} replies`);
  for (const text of report.broken) faults.push(`broken: ${JSON.stringify(text)}`);
  const leaked = descriptors.afterClose - descriptors.before;
  expect(leaked <= SPARE_DESCRIPTORS, `${leaked} descriptors are left after close`);
  expect(stats.flows.active === 0, `${stats.flows.active} flows did not end`);
  const ended = Object.values(stats.flows.ended).reduce((sum, count) => sum + count, 0);
  // A listener that comes and goes takes its counts with it; no traffic goes there.
  expect(stats.flows.opened === ended, `${stats.flows.opened} flows opened, ${ended} ended`);
  for (const { name, outstanding, requests } of stats.backends) {
    expect(outstanding === 0 && requests.datagrams >= 0, `${name}: ${outstanding} outstanding`);
  }
  const growthMiB = growthOf(report.rssMiB);
  if (report.rssMiB.length >= FEWEST_SAMPLES) {
    expect(growthMiB <= MOST_GROWTH_MIB, `memory grew by ${growthMiB.toFixed(0)} MiB`);
  }
  return faults;
}

/** From the median of the second quarter to the median of the last: what comes before is warming up. */
function growthOf(samples: readonly number[]): number {
  const quarter = (n: number) =>
    samples
      .slice(Math.floor((samples.length * n) / 4), Math.floor((samples.length * (n + 1)) / 4))
      .sort((a, b) => a - b);
  const median = (of: readonly number[]) => of[of.length >> 1] ?? 0;
  return median(quarter(3)) - median(quarter(1));
}

export function formatSoak(report: SoakReport): string {
  const { stats, descriptors, done, rssMiB } = report;
  const losses = accountFor(report);
  const kinds = [...new Set(done.map(({ kind }) => kind))].sort();
  const happened = kinds.map((kind) => `${done.filter((fault) => fault.kind === kind).length} ${kind}`);
  return [
    `plane ${report.plane}, ${(report.durationMs / 60_000).toFixed(1)} minutes, seed ${report.seed}`,
    `faults: ${done.length} (${happened.join(", ")})`,
    `traffic: ${report.sent} sent, ${report.answered} answered, ${list(report.wrong)} wrong, ${report.late} late, ${report.strays} strays, ${report.clients} clients, ${stats.flows.opened} flows`,
    `lost: ${losses.lost}; ${losses.inFlightAtKills} in flight at a death (${losses.mostAtOnce} at most at one), ${losses.counted} counted drops, ${losses.unaccounted} unaccounted for`,
    `drops: ${list(stats.drops)}; of replies: ${list(stats.replyDrops)}`,
    `memory: ${rssMiB[0]?.toFixed(0)} MiB at first, ${Math.max(...rssMiB).toFixed(0)} at most, ${rssMiB.at(-1)?.toFixed(0)} at last, trend ${growthOf(rssMiB).toFixed(1)} MiB`,
    `descriptors: ${descriptors.before} before the start, ${descriptors.highest} at most, ${descriptors.afterClose} after close`,
    `warnings: ${report.warnings.length}`,
  ].join("\n");
}

function total(drops: Drops): number {
  return Object.values(drops).reduce((sum, drop) => sum + drop, 0);
}

function list(counts: Readonly<Record<string, number>>): string {
  const happened = Object.entries(counts).filter(([, count]) => count !== 0);
  return happened.map(([what, count]) => `${what} ${count}`).join(", ") || "none";
}
