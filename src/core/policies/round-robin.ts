/**
 * `round-robin`: equal weights strictly in turn, others as `smooth-schedule.ts` defines. A reload does not begin again
 * at the first backend, or every change of a backend's health would send it one datagram too many.
 */
import type { Candidate, Policy, PolicyInput } from "./policy.js";
import { SmoothSchedule } from "./smooth-schedule.js";

/** Bounds the work of finding the place to go on from, in candidates looked at. */
const MAX_SEEK_WORK = 1 << 20;

export class RoundRobinPolicy implements Policy {
  readonly name = "round-robin";
  readonly #candidates: readonly Candidate[];
  readonly #slots: Uint16Array;
  #schedule: SmoothSchedule | undefined;
  /** The index of the candidate chosen last; -1 when none was. */
  #last = -1;

  constructor({ candidates, previous }: PolicyInput) {
    this.#candidates = candidates;
    this.#slots = Uint16Array.from(candidates, (candidate) => candidate.slot);
    if (candidates.length > 0) this.#schedule = new SmoothSchedule(candidates.map(({ weight }) => weight));
    if (previous instanceof RoundRobinPolicy) this.#continue(previous);
  }

  choose(_keyHash: number): number {
    if (this.#schedule === undefined) return -1;
    this.#last = this.#schedule.next();
    return this.#slots[this.#last];
  }

  #continue(previous: RoundRobinPolicy): void {
    if (previous.#last < 0) return;
    if (sameCandidates(this.#candidates, previous.#candidates)) {
      this.#schedule = previous.#schedule?.clone();
      this.#last = previous.#last;
      return;
    }
    const target = this.#lastStillThere(previous);
    if (target >= 0) this.#seek(target);
  }

  /** The index here of the candidate chosen last; where that one has left, of the nearest before it in order. */
  #lastStillThere(previous: RoundRobinPolicy): number {
    const count = previous.#candidates.length;
    for (let back = 0; back < count; back++) {
      const former = previous.#candidates[(previous.#last - back + count) % count];
      const index = this.#candidates.findIndex((candidate) => isSameBackend(candidate, former));
      if (index >= 0) return index;
    }
    return -1;
  }

  /** Takes turns until it has been `target`'s. With extreme weights that may be too far; any place is as good then. */
  #seek(target: number): void {
    const maxSteps = MAX_SEEK_WORK / this.#candidates.length;
    for (let step = 0; step < maxSteps && this.#last !== target; step++) this.choose(0);
  }
}

/** A slot alone does not tell: it may have passed from a removed backend to a new one. */
function isSameBackend(a: Candidate, b: Candidate): boolean {
  return a.slot === b.slot && a.name === b.name;
}

function sameCandidates(a: readonly Candidate[], b: readonly Candidate[]): boolean {
  return a.length === b.length && a.every((one, i) => isSameBackend(one, b[i]) && one.weight === b[i].weight);
}
