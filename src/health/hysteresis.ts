/** When results change a state: only several in a row do, so that one lost datagram does not. */

export interface Thresholds {
  /** Successes in a row that bring a backend up, from 1. */
  readonly rise: number;
  /** Failures in a row that take it down, from 1. */
  readonly fall: number;
}

export interface Hysteresis {
  /** `unproven`: something else took it out, and results in a row of either kind are to decide. */
  readonly state: "up" | "down" | "unproven";
  /** Results in a row that speak for another state: successes above 0, failures below. While there are any, it is changing. */
  readonly run: number;
}

/** What probes say of a backend until it has failed. */
export const INITIAL_HYSTERESIS: Hysteresis = { state: "up", run: 0 };
/** Whatever was known does not count any more. */
export const UNPROVEN: Hysteresis = { state: "unproven", run: 0 };

/** The state after one more result. */
export function addResult(before: Hysteresis, ok: boolean, { rise, fall }: Thresholds): Hysteresis {
  const { state } = before;
  if (state === (ok ? "up" : "down")) return { state, run: 0 };
  const run = ok ? Math.max(0, before.run) + 1 : Math.min(0, before.run) - 1;
  if (ok ? run < rise : -run < fall) return { state, run };
  return { state: ok ? "up" : "down", run: 0 };
}

export function isChanging({ state, run }: Hysteresis): boolean {
  return run !== 0 || state === "unproven";
}
