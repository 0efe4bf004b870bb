/** `least-flows`: the backend with the fewest live flows for its weight; equals have their turn. */
import type { LoadView, Policy, PolicyInput } from "./policy.js";

export class LeastFlowsPolicy implements Policy {
  readonly name = "least-flows";
  readonly #slots: Uint16Array;
  readonly #weights: Uint16Array;
  readonly #load: LoadView;
  /** Where the search begins: behind the candidate chosen last, so that it is the last of its equals. */
  #start = 0;

  constructor({ candidates, load }: PolicyInput) {
    this.#slots = Uint16Array.from(candidates, (candidate) => candidate.slot);
    this.#weights = Uint16Array.from(candidates, (candidate) => candidate.weight);
    this.#load = load;
  }

  choose(_keyHash: number): number {
    const count = this.#slots.length;
    if (count === 0) return -1;
    let best = -1;
    let bestFlows = 0;
    for (let i = 0, index = this.#start; i < count; i++, index = index + 1 === count ? 0 : index + 1) {
      const flows = this.#load.activeFlows(this.#slots[index]);
      // flows / weight < bestFlows / bestWeight, without a rounding division
      if (best < 0 || flows * this.#weights[best] < bestFlows * this.#weights[index]) {
        best = index;
        bestFlows = flows;
      }
    }
    this.#start = best + 1 === count ? 0 : best + 1;
    return this.#slots[best];
  }
}
