/**
 * Backends whose unanswered requests are to be sent again: those that refusals or silence have taken down, in pools that say so
 * (`failover.unanswered: resend`).
 */
import type { BackendEntry, Snapshot } from "./snapshot.js";

/** Older requests are not sent again: by then their clients have asked anew, or given up. */
export const RESENT_WITHIN_MS = 1000;

const NO_FLOWS = 0;
const UNANSWERED_FLOWS = 1;
const ALL_FLOWS = 2;

/** Slots of all backends of such pools. */
export function resentBackends(snapshot: Snapshot): number[] {
  return resent(snapshot).map(({ slot }) => slot);
}

/** Slots of those that are down in `after` and were not in `before`, or give up more of their flows now. */
export function takenDown(before: Snapshot, after: Snapshot): number[] {
  const was = new Map(before.pools.flatMap(({ backends }) => backends.map((one) => [one.slot, lost(one)])));
  return resent(after)
    .filter((backend) => lost(backend) > (was.get(backend.slot) ?? NO_FLOWS))
    .map(({ slot }) => slot);
}

function resent({ pools }: Snapshot): BackendEntry[] {
  return pools.flatMap(({ failover, backends }) => (failover.unanswered === "resend" ? backends : []));
}

/** Which of its flows a backend gives up for good. */
function lost({ ejected = false, keepsAnswered = false }: BackendEntry): number {
  if (!ejected) return NO_FLOWS;
  return keepsAnswered ? UNANSWERED_FLOWS : ALL_FLOWS;
}
