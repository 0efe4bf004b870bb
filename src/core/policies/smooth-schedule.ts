/**
 * The order of smooth weighted round robin, as nginx defines it: at each step every candidate's credit grows by its
 * weight, the candidate with the most credit (the first of equals) has the turn and pays the sum of all weights. The
 * turns of one candidate are spread out, and after a period (the sum of the weights, divided by their greatest common
 * divisor) every credit is back at 0.
 *
 * So the order repeats, and is kept as it is first walked: a step costs O(candidates) in the first period and O(1)
 * after. Nothing is computed ahead, since a schedule is made on the packet path whenever a backend's health changes.
 */

/** Longer periods are not kept (the table is 128 KiB at most); each of their steps is computed. */
const MAX_KEPT_PERIOD = 65_536;

export class SmoothSchedule {
  readonly #weights: Int32Array;
  readonly #period: number;
  /** As of step `#position` while that is not kept yet. */
  readonly #credits: Int32Array;
  /** The turns of one period, known up to `#known`; empty when the period is too long to keep. */
  #turns: Uint16Array;
  #known = 0;
  #position = 0;

  /** `weights` are whole numbers above 0, 1 to 65,536 of them, with a sum below 2^30. */
  constructor(weights: readonly number[]) {
    const divisor = weights.reduce(greatestCommonDivisor);
    this.#weights = Int32Array.from(weights, (weight) => weight / divisor);
    this.#period = this.#weights.reduce((sum, weight) => sum + weight, 0);
    this.#credits = new Int32Array(weights.length);
    this.#turns = new Uint16Array(this.#period <= MAX_KEPT_PERIOD ? this.#period : 0);
    if (this.#period === weights.length) {
      this.#turns.forEach((_, index, turns) => {
        turns[index] = index; // equal weights: strictly in turn
      });
      this.#known = this.#period;
    }
  }

  /** A schedule of the same weights at the same step. The two share what they keep: both write the same turns. */
  clone(): SmoothSchedule {
    const copy = new SmoothSchedule([...this.#weights]);
    copy.#credits.set(this.#credits);
    copy.#turns = this.#turns;
    copy.#known = this.#known;
    copy.#position = this.#position;
    return copy;
  }

  /** Hot. The index of the candidate whose turn it is. */
  next(): number {
    const position = this.#position;
    this.#position = position + 1 === this.#period ? 0 : position + 1;
    if (position < this.#known) return this.#turns[position];
    const turn = this.#step();
    if (this.#turns.length > 0) {
      this.#turns[position] = turn;
      this.#known = position + 1;
    }
    return turn;
  }

  #step(): number {
    const weights = this.#weights;
    const credits = this.#credits;
    let best = 0;
    for (let i = 0; i < credits.length; i++) {
      credits[i] += weights[i];
      if (credits[i] > credits[best]) best = i;
    }
    credits[best] -= this.#period;
    return best;
  }
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
