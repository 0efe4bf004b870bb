/**
 * Trials of half-open backends: single live requests, one at a time over all workers. The control plane puts a token out for each
 * backend that may be tried; the worker that takes it sends the next new key there.
 */
import { MAX_BACKENDS } from "./snapshot.js";

/** By backend slot: 1 while a trial may begin. All threads share it. */
export type TrialTokens = Int32Array<SharedArrayBuffer>;

export function createTrialTokens(): TrialTokens {
  return new Int32Array(new SharedArrayBuffer(MAX_BACKENDS * 4));
}

/** The half-open backends of one pool. */
export class Trials {
  readonly #slots: Uint16Array;
  readonly #tokens: TrialTokens;

  constructor(slots: readonly number[], tokens: TrialTokens) {
    this.#slots = Uint16Array.from(slots);
    this.#tokens = tokens;
  }

  /** Hot while a backend is half-open. The slot of a backend to try now, or -1. */
  take(): number {
    const tokens = this.#tokens;
    for (let i = 0; i < this.#slots.length; i++) {
      const slot = this.#slots[i];
      if (Atomics.load(tokens, slot) === 1 && Atomics.compareExchange(tokens, slot, 1, 0) === 1) return slot;
    }
    return -1;
  }
}
