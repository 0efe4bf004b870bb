/** What to call the state of a backend, from what the operator asked and what health says. */
import type { BackendView } from "../api/views.js";

/** In order of concern: what a person should look at first comes first. */
export const STATES = ["down", "draining", "easing", "disabled", "up"] as const;
export type BackendState = (typeof STATES)[number];

export const STATE_LABELS: Readonly<Record<BackendState, string>> = {
  up: "Up",
  easing: "Easing in",
  draining: "Draining",
  disabled: "Disabled",
  down: "Down",
};

export const STATE_MEANINGS: Readonly<Record<BackendState, string>> = {
  up: "takes traffic",
  easing: "gets only a part of its weight: on trial or in a slow start",
  draining: "keeps its flows, takes no new ones",
  disabled: "switched off by an operator or the config",
  down: "not answering",
};

export function stateOf({
  admin,
  health,
  share,
}: Pick<BackendView, "admin" | "health" | "share">): BackendState {
  if (admin === "disabled") return "disabled";
  if (health === "down") return "down";
  if (admin === "draining") return "draining";
  return share < 1 ? "easing" : "up";
}

/** How many are in each state. */
export function countStates(backends: readonly BackendView[]): Record<BackendState, number> {
  const counts: Record<BackendState, number> = { down: 0, draining: 0, easing: 0, disabled: 0, up: 0 };
  for (const backend of backends) counts[stateOf(backend)]++;
  return counts;
}

/** The name that is unique in a balancer, as the API and its events use it. */
export function fullName({ pool, name }: { readonly pool: string; readonly name: string }): string {
  return `${pool}/${name}`;
}
