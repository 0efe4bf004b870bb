/**
 * A small seeded source of whole numbers, so that a run of the lab can be repeated. Not for anything secret.
 */

/** Draws a whole number from 0 to `below - 1`, each equally likely. */
export type DrawBelow = (below: number) => number;

/**
 * A generator of its own for every seed: the counter-and-mix design of Tommy Ettinger's mulberry32.
 * @param seed a whole number; its lowest 32 bits count
 */
export function createSeededRandom(seed: number): DrawBelow {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}
