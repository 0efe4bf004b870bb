/**
 * Memory in which the workers share what a listener's guard knows of clients: the kernel spreads the ports of one client
 * over all workers, and its rates must hold for all of them together. It outlives reloads that do not change the rates,
 * and workers that die.
 */
import { hasSameRates, limitsAnything } from "../../core/guard/guard.js";
import { tokenBucketBytes } from "../../core/guard/token-buckets.js";
import type { GuardEntry, GuardMemory, GuardRates, ListenerEntry, Snapshot } from "../../core/snapshot.js";

interface Kept {
  readonly settings: GuardEntry;
  readonly memory: GuardMemory;
}

export class GuardMemories {
  /** By listener slot. */
  #kept: ReadonlyMap<number, Kept> = new Map();
  readonly #random: () => number;

  /** @param random uniform in [0, 1) */
  constructor(random: () => number) {
    this.#random = random;
  }

  /** The snapshot with memory for each guard that limits rates; memory of listeners that are gone is let go. */
  share(snapshot: Snapshot): Snapshot {
    const kept = new Map<number, Kept>();
    const listeners = snapshot.listeners.map((entry) => this.#shareListener(entry, kept));
    this.#kept = kept;
    return { ...snapshot, listeners };
  }

  #shareListener(entry: ListenerEntry, kept: Map<number, Kept>): ListenerEntry {
    const { guard, slot } = entry;
    if (guard === undefined || !(limitsAnything(guard.perClient) || limitsAnything(guard.perNetwork))) {
      return entry;
    }
    const before = this.#kept.get(slot);
    const memory =
      before && hasSameRates(before.settings, guard) ? before.memory : createMemory(guard, this.#random);
    kept.set(slot, { settings: guard, memory });
    return { ...entry, guard: { ...guard, shared: memory } };
  }
}

function createMemory({ perClient, perNetwork, maxTracked }: GuardEntry, random: () => number): GuardMemory {
  const allocate = (rates: GuardRates) =>
    new SharedArrayBuffer(limitsAnything(rates) ? tokenBucketBytes(maxTracked) : 0);
  return {
    seed: Math.floor(random() * 2 ** 32),
    clients: allocate(perClient),
    networks: allocate(perNetwork),
  };
}
