/** `random`: each choice is independent, in proportion to weight. */
import type { Policy, PolicyInput } from "./policy.js";
import { WeightedDraw } from "./weighted-draw.js";

export class RandomPolicy implements Policy {
  readonly name = "random";
  readonly #slots: Uint16Array;
  readonly #draw: WeightedDraw;

  constructor({ candidates, random }: PolicyInput) {
    this.#slots = Uint16Array.from(candidates, (candidate) => candidate.slot);
    this.#draw = new WeightedDraw(candidates, random);
  }

  choose(_keyHash: number): number {
    return this.#slots.length === 0 ? -1 : this.#slots[this.#draw.draw()];
  }
}
