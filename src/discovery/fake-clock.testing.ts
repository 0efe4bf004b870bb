/** A clock for tests that stands still until it is told to go on. */
import { setImmediate as turn } from "node:timers/promises";
import type { Clock } from "./clock.js";

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

  after(ms: number, run: () => void): () => void {
    const timer = { dueMs: this.#nowMs + ms, run };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
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
      const due = [...this.#timers].filter(({ dueMs }) => dueMs <= untilMs);
      const next = due.reduce<Timer | undefined>((a, b) => (a && a.dueMs <= b.dueMs ? a : b), undefined);
      if (next === undefined) break;
      this.#timers.delete(next);
      this.#nowMs = next.dueMs;
      next.run();
      await settle();
    }
    this.#nowMs = untilMs;
    await settle();
  }
}

/** Lets promises that have all they wait for go as far as they can. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 3; i++) await turn();
}
