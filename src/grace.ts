/** How long a balancer that closes waits for its flows: until datagrams no longer pass, or until its grace is over. */
import type { Clock } from "./core/clock.js";
import type { HandoverControl } from "./handover-control.js";
import type { Plane } from "./planes/plane.js";

/** A flow is active while datagrams pass; after this much quiet a closing balancer need not wait. */
const QUIET_MS = 1000;
const QUIET_POLL_MS = 50;

export class Grace {
  readonly #plane: Pick<Plane, "quietMs">;
  readonly #handover: Pick<HandoverControl, "awaitsReplies">;
  readonly #clock: Clock;
  #untilMs = Number.POSITIVE_INFINITY;

  constructor(plane: Pick<Plane, "quietMs">, handover: Pick<HandoverControl, "awaitsReplies">, clock: Clock) {
    this.#clock = clock;
    this.#plane = plane;
    this.#handover = handover;
  }

  /** Lasts this long from now, unless it is over sooner already. While `wait` waits, too. */
  shorten(graceMs: number): void {
    this.#untilMs = Math.min(this.#untilMs, this.#clock.now() + graceMs);
  }

  async wait(): Promise<void> {
    while (this.#clock.now() < this.#untilMs && this.#isActive()) {
      await new Promise<void>((resolve) => this.#clock.after(QUIET_POLL_MS, resolve));
    }
  }

  #isActive(): boolean {
    return this.#plane.quietMs() < QUIET_MS || this.#handover.awaitsReplies;
  }
}
