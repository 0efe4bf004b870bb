/**
 * What a backend's own traffic says of it, from readings of its counters: it refused, it answered, or (where it never answers) it took
 * requests and refused none. Pure: the monitor feeds it on its tick.
 */

/** Counter readings of one backend; they only grow. */
export interface TrafficReading {
  readonly requests: number;
  readonly replies: number;
  /** Datagrams that did not get there. */
  readonly refused: number;
}

/**
 * `unrefused` is said only of a backend that has never answered anything: its traffic is one-way, and not to refuse is all that
 * it can do.
 */
export type TrafficSign = "refused" | "answered" | "unrefused";

/**
 * So long without an error means that there is none. Hosts send ICMP errors at least once a second while there is reason to; that no
 * host answers ARP or neighbour discovery is known after about 3 s (three tries, a second apart).
 */
export const UNREFUSED_AFTER_MS = 5000;

export class TrafficEvidence {
  /** What was counted before does not matter. */
  #from: TrafficReading;
  /** Since when requests have been sent without a refusal; undefined while none were. */
  #unrefusedSinceMs: number | undefined;

  constructor(from: TrafficReading) {
    this.#from = from;
  }

  /** Judge it from now on only by what comes. */
  restart(from: TrafficReading): void {
    this.#from = from;
    this.#unrefusedSinceMs = undefined;
  }

  /** What came since the last call. A refusal outweighs replies of the same interval: their order is not known. */
  judge(now: TrafficReading, nowMs: number): TrafficSign | undefined {
    if (now.refused > this.#from.refused) {
      this.restart(now);
      return "refused";
    }
    if (now.replies > this.#from.replies) {
      this.restart(now);
      return "answered";
    }
    if (now.replies > 0 || now.requests <= this.#from.requests) return undefined;
    this.#unrefusedSinceMs ??= nowMs;
    return nowMs - this.#unrefusedSinceMs >= UNREFUSED_AFTER_MS ? "unrefused" : undefined;
  }
}
