/**
 * What a worker knows of a refusal before the monitor has decided: the backend counts as down here, at once and for a
 * second at most, so that the very next datagrams go elsewhere. A new snapshot overrides it.
 */
import { candidatesOf } from "./routing.js";
import type { PassiveLimits, PoolEntry, Snapshot } from "./snapshot.js";

/** How long a refusal counts when no snapshot comes. */
export const LOCALLY_DOWN_MS = 1000;

/** How many of a pool's backends passive signals may take down: a part of them, one at least unless that is nothing. */
export function mostEjected(backends: number, { maxEjected }: PassiveLimits): number {
  if (maxEjected === 0) return 0;
  return Math.max(1, Math.floor((backends * maxEjected) / 100));
}

export class LocalHealth {
  /** When the next backend counts as it stands in the snapshot again; Infinity while all do. */
  untilMs = Number.POSITIVE_INFINITY;
  #snapshot: Snapshot;
  /** Backend slot → until when it is locally down. */
  readonly #down = new Map<number, number>();
  /** Backends that are not to be taken down as things stand: see `#mayGoDown`. */
  readonly #settled = new Set<number>();

  constructor(snapshot: Snapshot) {
    this.#snapshot = snapshot;
  }

  /** A new snapshot: what was known locally is in it, or does not count any more. */
  reset(snapshot: Snapshot): void {
    this.#snapshot = snapshot;
    this.#down.clear();
    this.#changed();
  }

  /** Takes a backend down where its pool lets passive signals do that. Answers whether that changed anything. */
  refuse(slot: number, nowMs: number): boolean {
    if (this.#down.has(slot) || this.#settled.has(slot)) return false;
    if (!this.#mayGoDown(slot)) {
      this.#settled.add(slot);
      return false;
    }
    this.#down.set(slot, nowMs + LOCALLY_DOWN_MS);
    this.#changed();
    return true;
  }

  /** Forgets refusals whose time is over. */
  expire(nowMs: number): void {
    for (const [slot, untilMs] of this.#down) if (untilMs <= nowMs) this.#down.delete(slot);
    this.#changed();
  }

  /** The snapshot with what is locally down. */
  view(): Snapshot {
    if (this.#down.size === 0) return this.#snapshot;
    const pools = this.#snapshot.pools.map((pool) => this.#viewOf(pool));
    return { ...this.#snapshot, pools };
  }

  #changed(): void {
    this.#settled.clear();
    this.untilMs = Math.min(...this.#down.values());
  }

  /** Never the last candidate of a pool, one that is down already, or more than `passive` allows. */
  #mayGoDown(slot: number): boolean {
    const entry = this.#snapshot.pools.find(({ backends }) => backends.some((one) => one.slot === slot));
    if (entry === undefined || !entry.passive.refusals) return false;
    // What is only being tried takes no part in it: it is out already but for that.
    if (entry.backends.some((one) => one.slot === slot && one.onTrial)) return true;
    const ejected = entry.backends.filter(
      (one) => one.ejected || one.onTrial || this.#down.has(one.slot),
    ).length;
    if (ejected >= mostEjected(entry.backends.length, entry.passive)) return false;
    const pool = this.#viewOf(entry);
    if (pool.backends.some((one) => one.slot === slot && !one.admitted)) return false;
    const others = pool.backends.filter((one) => one.slot !== slot);
    return candidatesOf({ ...pool, failOpen: false, backends: others }).length > 0;
  }

  #viewOf(pool: PoolEntry): PoolEntry {
    if (!pool.backends.some(({ slot }) => this.#down.has(slot))) return pool;
    const backends = pool.backends.map((backend) =>
      this.#down.has(backend.slot) ? { ...backend, admitted: false, onTrial: false } : backend,
    );
    return { ...pool, backends };
  }
}
