/**
 * `least-outstanding`: of two backends drawn at random by weight, the one with fewer requests without a reply for its
 * weight. Two choices are nearly as even as looking at all (Mitzenmacher, "The Power of Two Choices in Randomized
 * Load Balancing", 2001), and a backend that answers nothing, or everything at once, does not draw the whole load.
 */
import type { LoadView, Policy, PolicyInput } from "./policy.js";
import { WeightedDraw } from "./weighted-draw.js";

export class LeastOutstandingPolicy implements Policy {
  readonly name = "least-outstanding";
  readonly #slots: Uint16Array;
  readonly #weights: Uint16Array;
  readonly #draw: WeightedDraw;
  readonly #load: LoadView;

  constructor({ candidates, load, random }: PolicyInput) {
    this.#slots = Uint16Array.from(candidates, (candidate) => candidate.slot);
    this.#weights = Uint16Array.from(candidates, (candidate) => candidate.weight);
    this.#draw = new WeightedDraw(candidates, random);
    this.#load = load;
  }

  choose(_keyHash: number): number {
    if (this.#slots.length === 0) return -1;
    if (this.#slots.length === 1) return this.#slots[0];
    const first = this.#draw.draw();
    const second = this.#draw.drawOther(first);
    return this.#slots[this.#isLighter(second, first) ? second : first];
  }

  /** Whether outstanding / weight of `a` is below that of `b`, without a rounding division. */
  #isLighter(a: number, b: number): boolean {
    const outstandingA = this.#load.outstanding(this.#slots[a]);
    const outstandingB = this.#load.outstanding(this.#slots[b]);
    return outstandingA * this.#weights[b] < outstandingB * this.#weights[a];
  }
}
