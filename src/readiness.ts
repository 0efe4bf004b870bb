/** What a balancer still waits for before traffic should be sent to it. */
import type { ProbeStats, Readiness } from "./api.js";
import type { Snapshot } from "./core/snapshot.js";

export interface ReadinessInput {
  readonly snapshot: Snapshot;
  /** Listener slot → address really bound. */
  readonly addresses: ReadonlyMap<number, string>;
  /** Backend slot → what its probes found. */
  readonly probes: ReadonlyMap<number, ProbeStats>;
  /** False while another process receives the requests. */
  readonly receives: boolean;
  readonly closes: boolean;
}

export function createReadiness(input: ReadinessInput): Readiness {
  const { snapshot, addresses, probes, receives, closes } = input;
  const unopened = snapshot.listeners.filter(({ slot }) => !addresses.has(slot));
  const unprobed = snapshot.pools.flatMap((pool) =>
    pool.backends
      .filter(({ slot }) => probes.has(slot) && probes.get(slot)?.sinceMs === undefined)
      .map(({ name }) => `first probe of ${pool.name}/${name}`),
  );
  const awaiting = [
    ...(closes ? ["its end: it is closing"] : []),
    ...(receives ? [] : ["requests: another process receives them"]),
    ...unopened.map(({ name }) => `listener ${name}`),
    ...unprobed,
  ];
  return { isReady: awaiting.length === 0, awaiting };
}
