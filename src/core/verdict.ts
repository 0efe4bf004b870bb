/**
 * What the core says about one datagram, as a number so that it costs nothing: for a request a flow number (0 and
 * up) or a drop; for a reply one of the three below. `dropOf` and `reasonOf` turn a drop reason into a verdict and back.
 */
import { DROP_REASONS, type DropReason } from "./drop-reason.js";

/** Send the reply to the flow's client. */
export const FORWARD = 0;
/** Send it, then call `endAnswered`: it was the last one that the flow expected. */
export const FORWARD_LAST = 1;

/** The drop verdict for the reason at `number` in DROP_REASONS: -1 for the first. */
export function dropOf(number: number): number {
  return -1 - number;
}

/** The number in DROP_REASONS of a drop verdict. */
export function reasonOf(verdict: number): number {
  return -1 - verdict;
}

/** The number of a reason by name; resolve it once, not per datagram. */
export function reasonNumber(reason: DropReason): number {
  return DROP_REASONS.indexOf(reason);
}
