/**
 * Health states: the one vocabulary of what people see of a backend's health. Written by the health monitor, read by figures, events,
 * metrics and pages. Planes read `BackendEntry.admitted` instead.
 */

/**
 * In order of concern: what a person should look at first comes first.
 *
 * - `failing`: the last evidence is bad, but the backend stays in rotation: requests are lost there.
 * - `down`: probes took it out of rotation.
 * - `ejected`: passive signals took it out of rotation.
 * - `half-open`: after an ejection it is being tried, by probes or by single requests.
 * - `untried`: there is no evidence yet; it takes keys.
 * - `up`: the last evidence is good: a reply passed, or a probe succeeded.
 */
export const HEALTH_STATES = ["failing", "down", "ejected", "half-open", "untried", "up"] as const;
export type HealthState = (typeof HEALTH_STATES)[number];

/** Whether nothing speaks against sending it new keys. */
export function isWell(state: HealthState): boolean {
  return state === "up" || state === "untried";
}
