/** The batched plane without a balancer around it, for tests that make its workers die. Loads FFI only when used. */
import type { TestContext } from "node:test";
import type { Stats } from "#src/api.js";
import { formatEndpoint, parseEndpoint } from "#src/core/address.js";
import type { Snapshot } from "#src/core/snapshot.js";
import type { BatchedPlane } from "#src/planes/batched/batched-plane.js";
import { InheritedSockets } from "#src/planes/inherited-sockets.js";
import { createStats } from "#src/stats.js";
import { type Backend, openBackends } from "./backends.js";
import { buildBackend, buildListener, buildPool, buildSnapshot, CLIENT } from "./snapshots.js";

export interface OpenPlane {
  readonly plane: BatchedPlane;
  /** Every warning so far, as `code: message`. */
  readonly warnings: string[];
  /** Slots of backends of which it said that they refuse, in the order of the calls. */
  readonly refused: readonly number[];
  /** Where its listener is. */
  readonly to: string;
  readonly backends: readonly Backend[];
  /** Puts another version in force, with some of the backends. */
  readonly apply: (version: number, backends: readonly Backend[]) => Promise<void>;
  readonly stats: () => Stats;
}

/** One listener with affinity client over tagging backends a, b and c. It closes with the test. */
export async function openPlane(t: TestContext, workers: number): Promise<OpenPlane> {
  const { BatchedPlane } = await import("#src/planes/batched/batched-plane.js");
  const backends = await openBackends(t, "a", "b", "c");
  const warnings: string[] = [];
  const refused: number[] = [];
  const warn = (code: string, message: string) => warnings.push(`${code}: ${message}`);
  const plane = new BatchedPlane({
    warn,
    refused: (slot) => refused.push(slot),
    random: Math.random,
    workers,
    inherited: new InheritedSockets(),
    receiving: true,
  });
  t.after(() => plane.close());
  let snapshot = snapshotOf(1, backends);
  const [{ port }] = await plane.apply(snapshot);
  const to = formatEndpoint({ ...snapshot.listeners[0].address, port });
  return {
    plane,
    warnings,
    refused,
    to,
    backends,
    apply: async (version, list) => {
      snapshot = snapshotOf(version, list);
      await plane.apply(snapshot);
    },
    stats: () =>
      createStats({
        plane: plane.name,
        planeNotes: [],
        snapshot,
        configVersion: 1,
        uptimeMs: 0,
        health: new Map(),
        addresses: new Map([[0, to]]),
        sources: [],
        ready: { isReady: true, awaiting: [] },
        workers: [],
        probes: new Map(),
        flowLog: undefined,
        counters: plane.counters,
      }),
  };
}

/** A backend's slot comes from its name: a is 0, b is 1. */
function snapshotOf(version: number, backends: readonly Backend[]): Snapshot {
  const entries = backends.map(({ name, peer }) => {
    const slot = name.charCodeAt(0) - "a".charCodeAt(0);
    return buildBackend(slot, { name, address: parseEndpoint(peer.address) });
  });
  return buildSnapshot({
    version,
    listeners: [buildListener()],
    pools: [
      buildPool({
        affinity: CLIENT,
        backends: entries,
        passive: { refusals: true, silence: "keep", maxEjected: 100 },
      }),
    ],
    limits: { maxFlows: 10_000 },
  });
}
