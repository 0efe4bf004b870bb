/** The seed of the lab's losses: the one that was asked for, or any. */
import { randomInt } from "node:crypto";

export const MAX_SEED = 2 ** 32 - 1;
/** Chosen seeds are short, so that people can type them. */
const MAX_CHOSEN_SEED = 99_999;

export function chooseSeed(asked: number | undefined): number {
  return asked ?? randomInt(1, MAX_CHOSEN_SEED + 1);
}
