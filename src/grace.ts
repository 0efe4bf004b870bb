/** How long a balancer that closes waits for its flows: until datagrams no longer pass, or until its grace is over. */
import type { HandoverControl } from "./handover-control.js";
import type { Plane } from "./planes/plane.js";

/** A flow is active while datagrams pass; after this much quiet a closing balancer need not wait. */
const QUIET_MS = 1000;
const QUIET_POLL_MS = 50;

export class Grace {
  readonly #plane: Pick<Plane, "quietMs">;
  readonly #handover: Pick<HandoverControl, "awaitsReplies">;
  #untilMs = Number.POSITIVE_INFINITY;

  constructor(plane: Pick<Plane, "quietMs">, handover: Pick<HandoverControl, "awaitsReplies">) {
    this.#plane = plane;
    this.#handover = handover;
  }

  /** Lasts this long from now, unless it is over sooner already. While `wait` waits, too. */
  shorten(graceMs: number): void {
    this.#untilMs = Math.min(this.#untilMs, performance.now() + graceMs);
  }

  async wait(): Promise<void> {
    while (performance.now() < this.#untilMs && this.#isActive()) {
      await new Promise((resolve) => setTimeout(resolve, QUIET_POLL_MS));
    }
  }

  #isActive(): boolean {
    return this.#plane.quietMs() < QUIET_MS || this.#handover.awaitsReplies;
  }
}
