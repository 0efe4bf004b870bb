/**
 * Slots of backends and listeners that left the config. They are given out again only when no flow uses them and no late
 * reply can still be counted on them; then their counters start from 0.
 */

/** As long as an upstream rests, and a little more. */
const RETIRE_MS = 35_000;

export class RetiredSlots {
  readonly #sinceMs = new Map<number, number>();

  /** `taken` are all slots that have an owner, `used` those in the config: the others retire, those back come out again. */
  update(taken: Iterable<number>, used: ReadonlySet<number>, nowMs: number): void {
    for (const slot of taken) if (!used.has(slot)) this.#sinceMs.set(slot, this.#sinceMs.get(slot) ?? nowMs);
    for (const slot of used) this.#sinceMs.delete(slot);
  }

  /** Slots that may be given out again, as `isUnused` agrees. They are forgotten here. */
  take(nowMs: number, isUnused: (slot: number) => boolean): number[] {
    const free: number[] = [];
    for (const [slot, sinceMs] of this.#sinceMs) {
      if (nowMs - sinceMs >= RETIRE_MS && isUnused(slot)) free.push(slot);
    }
    for (const slot of free) this.#sinceMs.delete(slot);
    return free;
  }
}
