/** When results change a state: only several in a row do, so that one lost datagram does not. */

export interface Thresholds {
  /** Successes in a row that bring a backend up, from 1. */
  readonly rise: number;
  /** Failures in a row that take it down, from 1. */
  readonly fall: number;
}

export interface Hysteresis {
  readonly state: "up" | "down";
  /** Results in a row that speak against the state. While there are any, it is changing. */
  readonly against: number;
}

/** A backend counts as up until it has failed. */
export const INITIAL_HYSTERESIS: Hysteresis = { state: "up", against: 0 };

/** The state after one more result. */
export function addResult(before: Hysteresis, ok: boolean, { rise, fall }: Thresholds): Hysteresis {
  const { state } = before;
  if (ok === (state === "up")) return { state, against: 0 };
  const against = before.against + 1;
  if (against < (ok ? rise : fall)) return { state, against };
  return { state: ok ? "up" : "down", against: 0 };
}

export function isChanging({ against }: Hysteresis): boolean {
  return against > 0;
}
