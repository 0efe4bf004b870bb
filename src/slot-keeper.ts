/**
 * The slots of listeners, pools and backends over the life of a balancer: given out as configs are compiled, held while
 * anything can still be counted on them, then cleared and given out again.
 */
import { compileSnapshot } from "./config/compile.js";
import type { Config } from "./config/config.js";
import { SlotRegistry } from "./config/slots.js";
import { BACKEND, backendAt, type Counters, clearBackend, clearListener } from "./core/counters.js";
import type { Snapshot } from "./core/snapshot.js";
import { RetiredSlots } from "./retired-slots.js";

export class SlotKeeper {
  readonly #registry = new SlotRegistry();
  readonly #retired = { listener: new RetiredSlots(), pool: new RetiredSlots(), backend: new RetiredSlots() };

  /** @throws SluiceError with code `TOO_MANY` when there are no slots left */
  compile(config: Config, version: number, maxFlows: number): Snapshot {
    return compileSnapshot(config, this.#registry, version, maxFlows);
  }

  /** What `compile` would give, without giving out slots. @throws SluiceError with code `TOO_MANY` */
  preview(config: Config, version: number, maxFlows: number): Snapshot {
    return compileSnapshot(config, this.#registry.clone(), version, maxFlows);
  }

  /** Whatever has a slot and is not in the snapshot in force has left, or was in one that could not be applied. */
  retire({ listeners, pools }: Snapshot, nowMs: number): void {
    this.#retired.listener.update(this.#registry.inUse("listener"), slotsOf(listeners), nowMs);
    this.#retired.pool.update(this.#registry.inUse("pool"), slotsOf(pools), nowMs);
    const backends = slotsOf(pools.flatMap((pool) => pool.backends));
    this.#retired.backend.update(this.#registry.inUse("backend"), backends, nowMs);
  }

  /** Frees what has been retired long enough and that no flow uses. Answers the listeners' slots among it. */
  release(counters: readonly Counters[], nowMs: number): readonly number[] {
    const listeners = this.#retired.listener.take(nowMs, () => true);
    for (const slot of listeners) {
      for (const worker of counters) clearListener(worker, slot);
      this.#registry.release("listener", slot);
    }
    for (const slot of this.#retired.pool.take(nowMs, () => true)) this.#registry.release("pool", slot);
    const isUnused = (slot: number) =>
      counters.every((worker) => worker[backendAt(slot) + BACKEND.activeFlows] === 0);
    for (const slot of this.#retired.backend.take(nowMs, isUnused)) {
      for (const worker of counters) clearBackend(worker, slot);
      this.#registry.release("backend", slot);
    }
    return listeners;
  }
}

function slotsOf(entries: readonly { readonly slot: number }[]): Set<number> {
  return new Set(entries.map(({ slot }) => slot));
}
