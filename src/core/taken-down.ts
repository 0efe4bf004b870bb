/**
 * Backends whose unanswered requests are to be sent again: those that refusals or silence have taken down, in pools that say so
 * (`failover.unanswered: resend`).
 */
import type { BackendEntry, Snapshot } from "./snapshot.js";

/** Older requests are not sent again: by then their clients have asked anew, or given up. */
export const RESENT_WITHIN_MS = 1000;

/** Slots of all backends of such pools. */
export function resentBackends(snapshot: Snapshot): number[] {
  return resent(snapshot).map(({ slot }) => slot);
}

/** Slots of those that are down in `after` and were not in `before`. */
export function takenDown(before: Snapshot, after: Snapshot): number[] {
  const down = new Set(
    before.pools.flatMap(({ backends }) => backends.filter(isEjected).map(({ slot }) => slot)),
  );
  return resent(after).flatMap((backend) =>
    isEjected(backend) && !down.has(backend.slot) ? [backend.slot] : [],
  );
}

function resent({ pools }: Snapshot): BackendEntry[] {
  return pools.flatMap(({ failover, backends }) => (failover.unanswered === "resend" ? backends : []));
}

function isEjected({ ejected = false }: BackendEntry): boolean {
  return ejected;
}
