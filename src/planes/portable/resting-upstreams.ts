/**
 * Upstreams whose flow has ended while replies could still come. They stay open, so that the system gives their port to
 * nobody, until the replies can no longer be expected; see "Ended flows and late replies" in ARCHITECTURE.md.
 */
import type { Upstream } from "./upstream.js";

/** After its last request an upstream's port rests this long. */
export const REST_MS = 30_000;
/** Where every reply has come, only a doubled one could still follow. */
export const ANSWERED_REST_MS = 1000;

export class RestingUpstreams {
  /** Oldest first. */
  readonly #resting = new Set<Upstream>();

  get size(): number {
    return this.#resting.size;
  }

  add(upstream: Upstream, untilMs: number): void {
    upstream.restUntilMs = untilMs;
    this.#resting.add(upstream);
  }

  /** Closes those whose time has come. */
  expire(nowMs: number): void {
    for (const upstream of this.#resting) {
      if (upstream.restUntilMs > nowMs) break;
      this.remove(upstream);
    }
  }

  /** Closes the oldest early, to make room for another descriptor. False when there is none. */
  closeOldest(): boolean {
    for (const upstream of this.#resting) return this.remove(upstream);
    return false;
  }

  /** Closes one; false when it does not rest here. */
  remove(upstream: Upstream): boolean {
    if (!this.#resting.delete(upstream)) return false;
    upstream.close();
    return true;
  }

  /** Closes those whose rest is over by then. */
  closeUntil(untilMs: number): void {
    for (const upstream of this.#resting) if (upstream.restUntilMs <= untilMs) this.remove(upstream);
  }

  closeAll(): void {
    for (const upstream of this.#resting) this.remove(upstream);
  }
}
