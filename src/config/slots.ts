/**
 * Hands out slots: the small integers by which counters and flows know a listener, pool or backend. A slot belongs
 * to an identity, not to a config: as long as it is not released, the same identity gets the same slot, so
 * counters and flows survive a reload.
 */
import { SluiceError } from "../core/errors.js";
import { MAX_BACKENDS, MAX_LISTENERS, MAX_POOLS } from "../core/snapshot.js";

export type SlotKind = "listener" | "pool" | "backend";

const CAPACITY: Readonly<Record<SlotKind, number>> = {
  listener: MAX_LISTENERS,
  pool: MAX_POOLS,
  backend: MAX_BACKENDS,
};

/** One kind: which identity holds which slot. */
interface Table {
  readonly slots: Map<string, number>;
  /** By slot; undefined when it is free. */
  readonly holders: (string | undefined)[];
}

/** One per balancer. */
export class SlotRegistry {
  readonly #tables: Readonly<Record<SlotKind, Table>> = {
    listener: { slots: new Map(), holders: [] },
    pool: { slots: new Map(), holders: [] },
    backend: { slots: new Map(), holders: [] },
  };

  /**
   * The slot of the identity: the one it has, else the lowest free one.
   * @param identity what tells one from another, such as a pool's name, a backend's name and its address
   * @throws SluiceError with code `TOO_MANY` when all slots are taken
   */
  acquire(kind: SlotKind, identity: readonly string[]): number {
    const { slots, holders } = this.#tables[kind];
    const key = JSON.stringify(identity);
    const held = slots.get(key);
    if (held !== undefined) return held;
    const free = holders.indexOf(undefined);
    const slot = free === -1 ? holders.length : free;
    if (slot >= CAPACITY[kind]) throw tooMany(kind);
    holders[slot] = key;
    slots.set(key, slot);
    return slot;
  }

  /** One that knows the same, to try things out. */
  clone(): SlotRegistry {
    const copy = new SlotRegistry();
    for (const kind of Object.keys(CAPACITY) as SlotKind[]) {
      const { slots, holders } = this.#tables[kind];
      for (const [key, slot] of slots) copy.#tables[kind].slots.set(key, slot);
      copy.#tables[kind].holders.push(...holders);
    }
    return copy;
  }

  /** Whether the identity has a slot. */
  has(kind: SlotKind, identity: readonly string[]): boolean {
    return this.#tables[kind].slots.has(JSON.stringify(identity));
  }

  /** Frees a slot for the next identity; a free slot stays free. Only when no flow or counter uses it any more. */
  release(kind: SlotKind, slot: number): void {
    const { slots, holders } = this.#tables[kind];
    const key = holders[slot];
    if (key === undefined) return;
    slots.delete(key);
    holders[slot] = undefined;
  }

  /** The slots that are taken, in ascending order. */
  inUse(kind: SlotKind): number[] {
    return this.#tables[kind].holders.flatMap((key, slot) => (key === undefined ? [] : [slot]));
  }
}

function tooMany(kind: SlotKind): SluiceError {
  const rest = `at most ${CAPACITY[kind]} at once, with those that were removed but still have flows`;
  return new SluiceError("TOO_MANY", `no room for another ${kind}: ${rest}`);
}
