/** A clock for tests that stands still until it is told to go on. */
import { setImmediate as turn } from "node:timers/promises";
import type { Cancel, Clock } from "./clock.js";

interface Timer {
  readonly dueMs: number;
  readonly run: () => void;
}

export class FakeClock implements Clock {
  #nowMs = 0;
  readonly #timers = new Set<Timer>();

  now(): number {
    return this.#nowMs;
  }

  after(ms: number, run: () => void): Cancel {
    const timer = { dueMs: this.#nowMs + Math.max(0, ms), run };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  every(ms: number, run: () => void): Cancel {
    let cancel: Cancel = () => {};
    const again = () => {
      cancel = this.after(Math.max(1, ms), () => {
        again();
        run();
      });
    };
    again();
    return () => cancel();
  }

  /** No jitter. */
  random(): number {
    return 0;
  }

  get pending(): number {
    return this.#timers.size;
  }

  /** Lets time pass, with every timer at its time and what it leads to. */
  async pass(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    for (;;) {
      const next = this.#nextUntil(untilMs);
      if (next === undefined) break;
      this.#timers.delete(next);
      this.#nowMs = next.dueMs;
      next.run();
      await settle();
    }
    this.#nowMs = untilMs;
    await settle();
  }

  /** The first that is due by then; of those that are due at the same time, the one that was set first. */
  #nextUntil(untilMs: number): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.dueMs <= untilMs && (next === undefined || timer.dueMs < next.dueMs)) next = timer;
    }
    return next;
  }
}

/** Lets promises that have all they wait for go as far as they can. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 3; i++) await turn();
}
