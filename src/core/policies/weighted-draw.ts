/**
 * Random choice by weight: candidate i holds as many of a row of numbered tickets as its weight is, and the holder of
 * a random ticket is found by binary search.
 */
import type { Candidate } from "./policy.js";

export class WeightedDraw {
  /** Where each candidate's tickets end: the sum of the weights up to and with its own. */
  readonly #ends: Uint32Array;
  readonly #random: () => number;

  /** At least one candidate; `random` gives a number from 0 up to but not 1. */
  constructor(candidates: readonly Candidate[], random: () => number) {
    let end = 0;
    this.#ends = Uint32Array.from(candidates, ({ weight }) => {
      end += weight;
      return end;
    });
    this.#random = random;
  }

  /** Hot. The index of a candidate. */
  draw(): number {
    return this.#holderOf(Math.floor(this.#random() * this.#ends[this.#ends.length - 1]));
  }

  /** Hot. The index of a candidate other than `index`, in one draw however heavy that one is. Needs two candidates. */
  drawOther(index: number): number {
    const start = index === 0 ? 0 : this.#ends[index - 1];
    const held = this.#ends[index] - start;
    const ticket = Math.floor(this.#random() * (this.#ends[this.#ends.length - 1] - held));
    return this.#holderOf(ticket < start ? ticket : ticket + held);
  }

  #holderOf(ticket: number): number {
    const ends = this.#ends;
    let low = 0;
    let high = ends.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (ends[middle] > ticket) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
