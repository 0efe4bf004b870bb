/**
 * The last few minutes, a sample a second: one row of figures for each moment, kept in rings so that 500 backends cost a
 * few megabytes and no garbage. NaN is "not known then"; charts show it as a gap.
 */

export interface TimelineColumns {
  /** Seconds since 1970, oldest first. */
  readonly seconds: number[];
  /** For each key asked for, a value or null at each of these times. */
  readonly values: (number | null)[][];
}

/** A pause longer than this between two samples is shown as a gap. */
const GAP_MS = 2500;

export class Timeline {
  readonly #capacity: number;
  readonly #timesMs: Float64Array;
  readonly #columns = new Map<string, Float64Array>();
  /** Samples ever taken: the next goes to `#taken % #capacity`. */
  #taken = 0;

  constructor(capacity = 300) {
    this.#capacity = capacity;
    this.#timesMs = new Float64Array(capacity);
  }

  get length(): number {
    return Math.min(this.#taken, this.#capacity);
  }

  get lastAtMs(): number {
    return this.#taken === 0 ? Number.NaN : this.#timesMs[(this.#taken - 1) % this.#capacity];
  }

  /** Samples must come in the order of their times; one that is not newer than the last is left out. */
  add(atMs: number, figures: Iterable<readonly [key: string, value: number | null | undefined]>): void {
    if (atMs <= this.lastAtMs) return;
    if (atMs - this.lastAtMs > GAP_MS) this.#addRow(atMs - 1, []);
    this.#addRow(atMs, figures);
  }

  /** The whole timeline of some keys; a key that was never seen is all null. */
  columns(keys: readonly string[]): TimelineColumns {
    const seconds = this.#inOrder(this.#timesMs).map((ms) => ms / 1000);
    const values = keys.map((key) => {
      const column = this.#columns.get(key);
      if (column === undefined) return seconds.map(() => null);
      return this.#inOrder(column).map((value) => (Number.isNaN(value) ? null : value));
    });
    return { seconds, values };
  }

  /** The newest figure of a key; null when it is not known. */
  last(key: string): number | null {
    const value = this.#columns.get(key)?.[(this.#taken - 1) % this.#capacity];
    return value === undefined || Number.isNaN(value) ? null : value;
  }

  /** Sum of a key over the samples of the last so many milliseconds; what is not known counts as nothing. */
  sum(key: string, lastMs: number): number {
    const column = this.#columns.get(key);
    if (column === undefined) return 0;
    const fromMs = this.lastAtMs - lastMs;
    let sum = 0;
    for (let at = 0; at < this.length; at++) {
      if (this.#timesMs[at] > fromMs && !Number.isNaN(column[at])) sum += column[at];
    }
    return sum;
  }

  clear(): void {
    this.#taken = 0;
    this.#columns.clear();
  }

  #addRow(atMs: number, figures: Iterable<readonly [string, number | null | undefined]>): void {
    const at = this.#taken++ % this.#capacity;
    if (at === 0) this.#forgetEmpty();
    this.#timesMs[at] = atMs;
    for (const column of this.#columns.values()) column[at] = Number.NaN;
    for (const [key, value] of figures) this.#column(key)[at] = value ?? Number.NaN;
  }

  /** Once in a whole turn: what has had no figure for so long, such as a backend that left, goes. */
  #forgetEmpty(): void {
    for (const [key, column] of this.#columns) if (column.every(Number.isNaN)) this.#columns.delete(key);
  }

  #column(key: string): Float64Array {
    let column = this.#columns.get(key);
    if (column === undefined) {
      column = new Float64Array(this.#capacity).fill(Number.NaN);
      this.#columns.set(key, column);
    }
    return column;
  }

  #inOrder(ring: Float64Array): number[] {
    if (this.#taken <= this.#capacity) return Array.from(ring.subarray(0, this.#taken));
    const split = this.#taken % this.#capacity;
    return [...ring.subarray(split), ...ring.subarray(0, split)];
  }
}
