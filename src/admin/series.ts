/** Rows of numbers, one for each sample, in a ring of fixed size: the oldest makes room for the newest. */
export class Series {
  readonly #rows: Float64Array;
  readonly #capacity: number;
  readonly #width: number;

  /** @param capacity samples kept; @param width numbers of each */
  constructor(capacity: number, width: number) {
    this.#capacity = capacity;
    this.#width = width;
    this.#rows = new Float64Array(capacity * width).fill(Number.NaN);
  }

  /** The row of a sample, by its number from 0 up; to read, and for the newest to fill. */
  row(sample: number): Float64Array {
    const at = (sample % this.#capacity) * this.#width;
    return this.#rows.subarray(at, at + this.#width);
  }
}
