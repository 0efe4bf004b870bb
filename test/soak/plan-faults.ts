/** Which fault comes when, by a seed: the same seed gives the same plan. One at a time, so that others can always serve. */
import { createSeededRandom } from "#src/lab/seeded-random.js";

export const FAULTS = ["reload", "remove", "drain", "weight", "kill", "crash", "pause", "upgrade"] as const;
export type FaultKind = (typeof FAULTS)[number];

export interface Fault {
  readonly kind: FaultKind;
  readonly atMs: number;
  /** Until it is undone: enabled again, started again, resumed. */
  readonly lastsMs: number;
  /** Which backend or worker, and a weight. */
  readonly target: number;
  readonly weight: number;
}

export interface PlanOptions {
  readonly seed: number;
  readonly durationMs: number;
  readonly backends: number;
  /** Whether the plane has workers that can die. */
  readonly workers: boolean;
  /** Whether another process takes the balancer's place now and then. */
  readonly upgrades: boolean;
}

/** What must be over before the next fault. */
const QUIET_MS = { least: 200, spread: 600 };
const LASTS_MS = { least: 200, spread: 1300 };
/** Longer than the flows' idle timeout, so that a pause ends them all. */
export const LONGEST_PAUSE_MS = 2500;

/** A worker that lives for a minute starts again at once; one that dies more often waits longer and longer, by design. */
const CRASHES_APART_MS = 65_000;
/** A process must live long enough for its memory to show a trend. */
const UPGRADES_APART_MS = 100_000;

export function planFaults({ seed, durationMs, backends, workers, upgrades }: PlanOptions): Fault[] {
  const draw = createSeededRandom(seed);
  const kinds = FAULTS.filter((kind) => (workers || kind !== "crash") && (upgrades || kind !== "upgrade"));
  const plan: Fault[] = [];
  let bag: FaultKind[] = [];
  let lastCrashMs = Number.NEGATIVE_INFINITY;
  let lastUpgradeMs = Number.NEGATIVE_INFINITY;
  for (let atMs = 500; ; ) {
    // Every kind once, in any order, then again.
    if (bag.length === 0) bag = [...kinds];
    let [kind] = bag.splice(draw(bag.length), 1);
    if (kind === "crash" && atMs - lastCrashMs < CRASHES_APART_MS) kind = "reload";
    if (kind === "upgrade" && atMs - lastUpgradeMs < UPGRADES_APART_MS) kind = "reload";
    if (kind === "crash") lastCrashMs = atMs;
    if (kind === "upgrade") lastUpgradeMs = atMs;
    const lastsMs = kind === "pause" ? draw(LONGEST_PAUSE_MS) : LASTS_MS.least + draw(LASTS_MS.spread);
    const next = { kind, atMs, lastsMs, target: draw(backends), weight: 1 + draw(9) };
    if (atMs + lastsMs > durationMs) return plan;
    plan.push(next);
    atMs += lastsMs + QUIET_MS.least + draw(QUIET_MS.spread);
  }
}
