/** The clock that all processes of a run share: CLOCK_MONOTONIC, so that one process can date what another saw. */

/** Milliseconds since some moment before this run. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint() / 1000n) / 1000;
}
