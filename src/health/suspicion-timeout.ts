/**
 * The timeout of a probe that follows a suspicion: a backend that has gone silent is to be confirmed dead much sooner than the configured
 * timeout, by how long its probes took of late.
 */

/** It may take so many times as long as the slowest of the last ones. */
const PATIENCE = 10;
/** Nor is it given less: pauses as short as this are no failure. */
export const SHORTEST_TIMEOUT_MS = 100;
/** On fewer successes nothing is known. */
const FEWEST = 2;
const REMEMBERED = 16;

export class SuspicionTimeout {
  readonly #tookMs: number[] = [];

  /** A probe succeeded after this time. */
  learn(elapsedMs: number): void {
    this.#tookMs.push(elapsedMs);
    if (this.#tookMs.length > REMEMBERED) this.#tookMs.shift();
  }

  /** @param configuredMs never more than that */
  timeoutMs(configuredMs: number): number {
    if (this.#tookMs.length < FEWEST) return configuredMs;
    const slowMs = Math.ceil(Math.max(...this.#tookMs) * PATIENCE);
    return Math.min(configuredMs, Math.max(SHORTEST_TIMEOUT_MS, slowMs));
  }
}
