/**
 * Finds backends that used to answer and have gone silent while others of their pool answer. Pure: it is fed counter readings
 * and judges them. A pool that is one-way, or as a whole silent, is never judged.
 */

/** Counter readings of one backend; they only grow. */
export interface Reading {
  readonly slot: number;
  readonly requests: number;
  readonly replies: number;
}

/** Readings kept: the window is this many intervals of the caller's clock. */
const WINDOW = 6;
/** A backend is called silent when chance explains its silence with a smaller probability than this. */
const UNLIKELY = 1e-7;
/** And never on fewer requests. */
const FEWEST_REQUESTS = 10;

export class SilenceDetector {
  /** By backend slot, oldest first. */
  readonly #readings = new Map<number, Reading[]>();

  /** Takes one reading of each backend of a pool; answers the slots that have gone silent. */
  observe(pool: readonly Reading[]): number[] {
    for (const reading of pool) this.#push(reading);
    return pool.filter((reading) => this.#isSilent(reading, pool)).map(({ slot }) => slot);
  }

  /** Judge it from now on only by what comes: it was down, or its counters start anew. */
  forget(slot: number): void {
    this.#readings.delete(slot);
  }

  #push(reading: Reading): void {
    const kept = this.#readings.get(reading.slot) ?? [];
    kept.push(reading);
    if (kept.length > WINDOW + 1) kept.shift();
    this.#readings.set(reading.slot, kept);
  }

  #isSilent(reading: Reading, pool: readonly Reading[]): boolean {
    const own = this.#window(reading.slot);
    if (reading.replies === 0 || own.replies > 0 || own.requests < FEWEST_REQUESTS) return false;
    const others = pool.filter(({ slot }) => slot !== reading.slot).map(({ slot }) => this.#window(slot));
    const requests = others.reduce((sum, window) => sum + window.requests, 0);
    const replies = others.reduce((sum, window) => sum + window.replies, 0);
    if (requests === 0) return false;
    const answered = Math.min(1, replies / requests);
    return (1 - answered) ** own.requests < UNLIKELY;
  }

  /** What came within the window; nothing before it is full, so that slow answers have time to come. */
  #window(slot: number): { readonly requests: number; readonly replies: number } {
    const kept = this.#readings.get(slot) ?? [];
    if (kept.length < WINDOW + 1) return { requests: 0, replies: 0 };
    const last = kept[kept.length - 1];
    return { requests: last.requests - kept[0].requests, replies: last.replies - kept[0].replies };
  }
}
