/**
 * `maglev`: the affinity key's hash picks an entry of a table, so the same key gets the same backend for as long as
 * that is a candidate, in every process and after a restart.
 */
import { byName, createMaglevTable } from "./maglev-table.js";
import type { Candidate, Policy, PolicyInput } from "./policy.js";

export class MaglevPolicy implements Policy {
  readonly name = "maglev";
  readonly #candidates: readonly Candidate[];
  readonly #slots: Uint16Array;
  readonly #table: Uint16Array;

  constructor({ candidates, maglevTableSize, previous }: PolicyInput) {
    this.#candidates = candidates.toSorted(byName);
    this.#slots = Uint16Array.from(this.#candidates, (candidate) => candidate.slot);
    if (candidates.length === 0) this.#table = new Uint16Array(0);
    else if (previous instanceof MaglevPolicy && this.#fits(previous, maglevTableSize)) {
      this.#table = previous.#table;
    } else this.#table = createMaglevTable(this.#candidates, maglevTableSize);
  }

  /** Which candidate, by name, has each place. An unchanged table is the former policy's own. */
  get table(): Readonly<Uint16Array> {
    return this.#table;
  }

  choose(keyHash: number): number {
    if (this.#table.length === 0) return -1;
    return this.#slots[this.#table[(keyHash >>> 0) % this.#table.length]];
  }

  /** Whether the former table is the one that would be made now. Slots do not matter: the table has none. */
  #fits(previous: MaglevPolicy, size: number): boolean {
    const former = previous.#candidates;
    return (
      previous.#table.length === size &&
      former.length === this.#candidates.length &&
      this.#candidates.every(({ name, weight }, i) => name === former[i].name && weight === former[i].weight)
    );
  }
}
