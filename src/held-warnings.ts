/**
 * Warnings on their way to the balancer's subscribers. What comes before anybody can subscribe, while the balancer
 * still starts, is held for the first who does.
 */
import type { EventEmitter } from "node:events";
import type { Balancer, BalancerEvents } from "./api.js";

type Warning = BalancerEvents["warning"][0];

/** More than a start gives rise to; a program that never subscribes must not gather them for ever. */
const MOST_HELD = 50;

export class HeldWarnings {
  readonly #emit: (warning: Warning) => void;
  #held: Warning[] | undefined = [];
  readonly #watchers = new Set<(warning: Warning) => void>();

  constructor(emit: (warning: Warning) => void) {
    this.#emit = emit;
  }

  push(warning: Warning): void {
    for (const watcher of this.#watchers) watcher(warning);
    if (this.#held === undefined) this.#emit(warning);
    else if (this.#held.length < MOST_HELD) this.#held.push(warning);
  }

  /** Tells each warning at once, those first that are held; for one who is no subscriber. */
  watch(watcher: (warning: Warning) => void): void {
    for (const warning of this.#held ?? []) watcher(warning);
    this.#watchers.add(watcher);
  }

  unwatch(watcher: (warning: Warning) => void): void {
    this.#watchers.delete(watcher);
  }

  /** Somebody subscribes: what was held is emitted once this turn's code is done, and what comes later at once. */
  release(): void {
    if (this.#held === undefined) return;
    queueMicrotask(() => {
      const held = this.#held ?? [];
      this.#held = undefined;
      for (const warning of held) this.#emit(warning);
    });
  }
}

/** A balancer's events for one who is no subscriber: warnings that are held stay held for the first who is. */
export function watchQuietly(events: EventEmitter, warnings: HeldWarnings): Pick<Balancer, "on" | "off"> {
  const watcher: Pick<Balancer, "on" | "off"> = {
    on(event, listener) {
      if (event === "warning") warnings.watch(listener as Parameters<HeldWarnings["watch"]>[0]);
      else events.on(event, listener);
      return watcher as Balancer;
    },
    off(event, listener) {
      if (event === "warning") warnings.unwatch(listener as Parameters<HeldWarnings["watch"]>[0]);
      else events.off(event, listener);
      return watcher as Balancer;
    },
  };
  return watcher;
}
