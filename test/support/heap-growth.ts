/**
 * How much heap a piece of code takes, for programs that tests start with `HEAP_FLAGS`: a young generation so large that
 * nothing is collected while it is measured, and a collector that can be called before.
 */

export const HEAP_FLAGS = ["--expose-gc", "--min-semi-space-size=256", "--max-semi-space-size=256"];

/** Code that is not compiled for good yet puts numbers on the heap, and on a busy machine the compiler takes its time. */
const MOST_ROUNDS = 200;
/** Less than one smallest object, of 16 bytes, for every hundred times. */
const NOTHING = 0.16;

/**
 * Bytes of heap for each of the `times` that `run` does something: the least of several rounds, ended by the first that takes
 * nothing. What allocates by itself does so in each.
 */
export function bytesEach(times: number, run: (round: number) => void): number {
  if (globalThis.gc === undefined) throw new Error(`needs node ${HEAP_FLAGS.join(" ")}`);
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < MOST_ROUNDS && least > NOTHING; round++) {
    globalThis.gc();
    const before = process.memoryUsage().heapUsed;
    run(round);
    const grown = process.memoryUsage().heapUsed - before;
    if (grown >= 0) least = Math.min(least, grown / times); // else something was collected after all
  }
  return least;
}
