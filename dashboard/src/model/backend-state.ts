/** What to call the state of a backend, from what the operator asked and what health says. */
import type { BackendView } from "../api/views.js";
import { formatCount } from "../format.js";

/** In order of concern: what a person should look at first comes first. */
export const STATES = [
  "failing",
  "down",
  "ejected",
  "half-open",
  "draining",
  "easing",
  "disabled",
  "untried",
  "up",
] as const;
export type BackendState = (typeof STATES)[number];

/** How a state should strike the eye. */
export type Tone = "trouble" | "concern" | "calm";

export const STATE_TONES: Readonly<Record<BackendState, Tone>> = {
  failing: "trouble",
  down: "trouble",
  ejected: "trouble",
  "half-open": "concern",
  draining: "concern",
  easing: "concern",
  disabled: "calm",
  untried: "calm",
  up: "calm",
};

export const STATE_LABELS: Readonly<Record<BackendState, string>> = {
  failing: "Failing",
  down: "Down",
  ejected: "Ejected",
  "half-open": "Half-open",
  draining: "Draining",
  easing: "Easing in",
  disabled: "Disabled",
  untried: "Untried",
  up: "Up",
};

export const STATE_MEANINGS: Readonly<Record<BackendState, string>> = {
  failing: "the last evidence is bad, but it stays in rotation",
  down: "probes took it out of rotation",
  ejected: "refusals or silence took it out of rotation",
  "half-open": "it is being tried after an ejection",
  draining: "keeps its flows, takes no new ones",
  easing: "gets only a part of its weight: a slow start",
  disabled: "switched off by an operator or the config",
  untried: "takes traffic; there is no evidence of its health yet",
  up: "takes traffic, and the last evidence is good",
};

export function stateOf({
  admin,
  health,
  share,
}: Pick<BackendView, "admin" | "health" | "share">): BackendState {
  if (admin === "disabled") return "disabled";
  if (health !== "up" && health !== "untried") return health;
  if (admin === "draining") return "draining";
  return health === "up" && share < 1 ? "easing" : health;
}

/** How many are in each state. */
export function countStates(backends: readonly BackendView[]): Record<BackendState, number> {
  const counts = Object.fromEntries(STATES.map((state) => [state, 0])) as Record<BackendState, number>;
  for (const backend of backends) counts[stateOf(backend)]++;
  return counts;
}

/** `1 failing, 2 untried`, the worst first. */
export function describeCounts(
  counts: Readonly<Record<BackendState, number>>,
  states: readonly BackendState[] = STATES,
): string {
  return states
    .filter((state) => counts[state] > 0)
    .map((state) => `${formatCount(counts[state])} ${STATE_LABELS[state].toLowerCase()}`)
    .join(", ");
}

/** The name that is unique in a balancer, as the API and its events use it. */
export function fullName({ pool, name }: { readonly pool: string; readonly name: string }): string {
  return `${pool}/${name}`;
}
