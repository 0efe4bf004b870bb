/** Counts what the probes of each backend found, for those who look. Who is up follows from `Hysteresis`, not from here. */
import type { ProbeResult } from "./probe.js";

export interface ProbeCount {
  readonly ok: number;
  readonly failed: number;
  readonly lastMs: number | undefined;
  readonly lastError: string | undefined;
  /** By the clock of whoever counts; undefined before the first result. */
  readonly lastAtMs: number | undefined;
}

const NOTHING_YET: ProbeCount = {
  ok: 0,
  failed: 0,
  lastMs: undefined,
  lastError: undefined,
  lastAtMs: undefined,
};

export class ProbeFigures {
  readonly #counts = new Map<number, ProbeCount>();

  /** These backends are probed from now on; all others are forgotten. */
  keep(slots: Iterable<number>): void {
    const kept = new Set(slots);
    for (const slot of this.#counts.keys()) if (!kept.has(slot)) this.#counts.delete(slot);
    for (const slot of kept) if (!this.#counts.has(slot)) this.#counts.set(slot, NOTHING_YET);
  }

  /** A failure for want of something on this machine is shown, but counted neither way. */
  add(slot: number, { ok, isOurs = false, reason, elapsedMs }: ProbeResult, nowMs: number): void {
    const before = this.#counts.get(slot) ?? NOTHING_YET;
    this.#counts.set(slot, {
      ok: before.ok + (ok ? 1 : 0),
      failed: before.failed + (ok || isOurs ? 0 : 1),
      lastMs: elapsedMs,
      lastError: ok ? undefined : reason,
      lastAtMs: nowMs,
    });
  }

  /** By slot. */
  get all(): ReadonlyMap<number, ProbeCount> {
    return this.#counts;
  }
}
