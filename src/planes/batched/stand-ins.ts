/**
 * Which worker serves the clients of one that is down and waits out its back-off. It reads the other's sockets beside its own, so
 * that the kernel goes on choosing sockets as before: clients of living workers stay where they are. What kills a worker may
 * be a request; so whose stand-in dies has none for a while, lest it takes one worker after the other with it.
 */

/** How long a worker whose stand-in died is left to itself. */
export const ALONE_MS = 60_000;

export class StandIns {
  /** Worker that is down → the one that stands in. */
  readonly #standIns = new Map<number, number>();
  /** Worker → until when it is left to itself. */
  readonly #aloneUntilMs = new Map<number, number>();

  /**
   * A worker died and starts again after a pause. Answers who stands in for it, or -1.
   * @param living workers that run
   */
  down(worker: number, pauseMs: number, living: readonly number[], nowMs: number): number {
    for (const other of this.servedBy(worker)) {
      this.#standIns.delete(other);
      this.#aloneUntilMs.set(other, nowMs + ALONE_MS);
    }
    if (pauseMs === 0 || nowMs < (this.#aloneUntilMs.get(worker) ?? 0)) return -1;
    const [standIn = -1] = living.toSorted((a, b) => this.servedBy(a).length - this.servedBy(b).length);
    if (standIn >= 0) this.#standIns.set(worker, standIn);
    return standIn;
  }

  /** A worker is back. Answers who stood in for it until now, or -1. */
  up(worker: number): number {
    const standIn = this.standInFor(worker);
    this.#standIns.delete(worker);
    return standIn;
  }

  /** Who stands in for a worker, or -1. */
  standInFor(worker: number): number {
    return this.#standIns.get(worker) ?? -1;
  }

  /** For whom a worker stands in. */
  servedBy(worker: number): number[] {
    return [...this.#standIns].flatMap(([down, standIn]) => (standIn === worker ? [down] : []));
  }
}
