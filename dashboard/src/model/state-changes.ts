/** Says in words which backends changed their state, for people who cannot see the colours. */
import type { BackendView } from "../api/views.js";
import { countStates, describeCounts, fullName, STATE_LABELS, stateOf } from "./backend-state.js";

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
    return `${changed.length} backends changed: ${describeCounts(countStates(changed))}.`;
  }
  return changed
    .map(
      (backend) =>
        `${fullName(backend)}: ${STATE_LABELS[stateOf(backend)].toLowerCase()}, ${backend.reason}.`,
    )
    .join(" ");
}
