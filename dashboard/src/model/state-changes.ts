/** Says in words which backends changed their state, for people who cannot see the colours. */
import type { BackendView } from "../api/views.js";
import { countStates, fullName, STATE_LABELS, STATES, stateOf } from "./backend-state.js";

/** More changes than this at once are told as numbers. */
const MOST_NAMED = 3;

/** Empty when nothing changed. */
export function describeStateChanges(before: readonly BackendView[], after: readonly BackendView[]): string {
  const states = new Map(before.map((backend) => [fullName(backend), stateOf(backend)]));
  const changed = after.filter((backend) => {
    const was = states.get(fullName(backend));
    return was !== undefined && was !== stateOf(backend);
  });
  if (changed.length > MOST_NAMED) {
    const counts = countStates(changed);
    const parts = STATES.filter((state) => counts[state] > 0).map(
      (state) => `${counts[state]} ${STATE_LABELS[state].toLowerCase()}`,
    );
    return `${changed.length} backends changed: ${parts.join(", ")}.`;
  }
  return changed
    .map(
      (backend) =>
        `${fullName(backend)}: ${STATE_LABELS[stateOf(backend)].toLowerCase()}, ${backend.reason}.`,
    )
    .join(" ");
}
