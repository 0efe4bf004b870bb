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
  /** Of each process of the balancer at its end, after all flows had ended; more than one where there were upgrades. */
  readonly generations: readonly Stats[];
  /** By process, one each second or so. */
  readonly rssMiB: readonly (readonly number[])[];
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

export function accountFor({ lostAtMs, done, generations, plane, late }: SoakReport): Losses {
  const deaths = done.filter(({ kind }) => kind === "kill" || kind === "crash");
  const near = deaths.map(
    ({ happenedAtMs }) =>
      lostAtMs.filter(
        (atMs) => atMs >= happenedAtMs - WINDOW_MS.before && atMs <= happenedAtMs + WINDOW_MS.after,
      ).length,
  );
  const inFlightAtKills = near.reduce((sum, count) => sum + count, 0);
  const counted = generations.reduce((sum, stats) => sum + countDrops(stats, plane), 0);
  return {
    lost: lostAtMs.length,
    inFlightAtKills,
    mostAtOnce: Math.max(0, ...near),
    counted,
    // A late reply shows that its request was not lost.
    unaccounted: Math.max(0, lostAtMs.length - inFlightAtKills - counted - late),
  };
}

function countDrops({ listeners, backends, drops, replyDrops }: Stats, plane: string): number {
  const queueDrops = [...listeners, ...backends].reduce((sum, one) => sum + one.queueDrops, 0);
  const refused = plane === "portable" ? backends.reduce((sum, backend) => sum + backend.refused, 0) : 0;
  return total(drops) + total(replyDrops) - replyDrops.late_reply + queueDrops + refused;
}

/** Everything that is not as it should be. */
export function judgeSoak(report: SoakReport): string[] {
  const { descriptors } = report;
  const faults: string[] = report.generations.flatMap(judgeGeneration);
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
  for (const samples of report.rssMiB) {
    const growthMiB = growthOf(samples);
    if (samples.length >= FEWEST_SAMPLES)
      expect(growthMiB <= MOST_GROWTH_MIB, `memory grew by ${growthMiB.toFixed(0)} MiB`);
  }
  return faults;
}

function judgeGeneration({ flows, backends }: Stats): string[] {
  const faults: string[] = [];
  const expect = (holds: boolean, fault: string) => holds || faults.push(fault);
  expect(flows.active === 0, `${flows.active} flows did not end`);
  const ended = Object.values(flows.ended).reduce((sum, count) => sum + count, 0);
  // A listener that comes and goes takes its counts with it; no traffic goes there.
  expect(flows.opened === ended, `${flows.opened} flows opened, ${ended} ended`);
  for (const { name, outstanding, requests } of backends) {
    expect(outstanding === 0 && requests.datagrams >= 0, `${name}: ${outstanding} outstanding`);
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
  const { generations, descriptors, done } = report;
  const rssMiB = report.rssMiB.flat();
  const drops = sumOf(generations.map((stats) => stats.drops));
  const replyDrops = sumOf(generations.map((stats) => stats.replyDrops));
  const opened = generations.reduce((sum, { flows }) => sum + flows.opened, 0);
  const losses = accountFor(report);
  const kinds = [...new Set(done.map(({ kind }) => kind))].sort();
  const happened = kinds.map((kind) => `${done.filter((fault) => fault.kind === kind).length} ${kind}`);
  return [
    `plane ${report.plane}, ${(report.durationMs / 60_000).toFixed(1)} minutes, seed ${report.seed}`,
    `faults: ${done.length} (${happened.join(", ")})`,
    `traffic: ${report.sent} sent, ${report.answered} answered, ${list(report.wrong)} wrong, ${report.late} late, ${report.strays} strays, ${report.clients} clients, ${opened} flows`,
    `lost: ${losses.lost}; ${losses.inFlightAtKills} in flight at a death (${losses.mostAtOnce} at most at one), ${losses.counted} counted drops, ${losses.unaccounted} unaccounted for`,
    `drops: ${list(drops)}; of replies: ${list(replyDrops)}`,
    `memory: ${rssMiB[0]?.toFixed(0)} MiB at first, ${Math.max(...rssMiB).toFixed(0)} at most, ${rssMiB.at(-1)?.toFixed(0)} at last, trend ${Math.max(...report.rssMiB.map(growthOf)).toFixed(1)} MiB`,
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

function sumOf(counts: readonly Drops[]): Record<string, number> {
  const sum: Record<string, number> = {};
  for (const one of counts)
    for (const [what, count] of Object.entries(one)) sum[what] = (sum[what] ?? 0) + count;
  return sum;
}
