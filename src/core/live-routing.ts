/**
 * The routing that a worker goes by: that of the snapshot in force, with what the worker has learned of refusals since.
 * It is compiled anew whenever one of both changes, and never touched in between.
 */
import { BACKEND, backendAt, type Counters } from "./counters.js";
import { LocalHealth } from "./local-health.js";
import type { LoadView } from "./policies/policy.js";
import { createRouting, KEEP, KEEP_ANSWERED, MOVE, type Route, type Routing } from "./routing.js";
import type { Snapshot } from "./snapshot.js";

export interface LiveRoutingOptions {
  readonly counters: Counters;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** 32 bits that clients cannot guess. */
  readonly seed: number;
}

/** Sets the guard's hash apart from that of flows. */
const GUARD_SEED = 0x27d4eb2f;

export class LiveRouting implements LoadView {
  now: Routing;
  readonly #options: LiveRoutingOptions;
  readonly #counters: Counters;
  readonly #local: LocalHealth;

  constructor(snapshot: Snapshot, options: LiveRoutingOptions) {
    this.#options = options;
    this.#counters = options.counters;
    this.#local = new LocalHealth(snapshot);
    this.now = this.#compile(snapshot, undefined);
  }

  apply(snapshot: Snapshot): void {
    this.#local.reset(snapshot);
    this.now = this.#compile(snapshot, this.now);
  }

  /**
   * A request did not get to its backend, for a reason numbered in REFUSAL_KINDS. Unless it is the last candidate of its pool it counts as down for this worker
   * until the next snapshot, for a second at most.
   */
  refuse(backendSlot: number, kind: number, nowMs: number): void {
    const at = backendAt(backendSlot);
    this.#counters[at + BACKEND.refused]++;
    this.#counters[at + BACKEND.refusedBy + kind]++;
    if (this.#local.refuse(backendSlot, nowMs)) this.#reroute();
  }

  /** The routing as of this moment: backends whose refusal is some time ago count as the snapshot says again. */
  at(nowMs: number): Routing {
    if (nowMs >= this.#local.untilMs) {
      this.#local.expire(nowMs);
      this.#reroute();
    }
    return this.now;
  }

  /**
   * KEEP, MOVE or DROP. A backend that is not in the listener's pool any more counts as removed, whatever its state in another.
   * @param replies that the flow has had
   */
  actionOf(route: Route, backend: number, replies: number): number {
    const { now } = this;
    const action = now.poolOf[backend] === route.poolSlot ? now.actions[backend] : route.removedAction;
    if (action !== KEEP_ANSWERED) return action;
    return replies > 0 ? KEEP : MOVE;
  }

  isInPool(route: Route, backend: number): boolean {
    return this.now.poolOf[backend] === route.poolSlot;
  }

  /** Whether a request that this backend refused may go to another. Affinity `none` binds nobody to a backend. */
  mayLeave(route: Route, backend: number, replies: number): boolean {
    return route.affinity === "none" || this.actionOf(route, backend, replies) === MOVE;
  }

  /** Whether a binding to this backend is good for further flows: where it has left the pool, it is not. */
  holdsBindings(route: Route, backend: number): boolean {
    return this.isInPool(route, backend) && this.now.holdsBindings[backend] === 1;
  }

  activeFlows(slot: number): number {
    return this.#counters[backendAt(slot) + BACKEND.activeFlows];
  }

  outstanding(slot: number): number {
    return this.#counters[backendAt(slot) + BACKEND.outstanding];
  }

  #reroute(): void {
    this.now = this.#compile(this.#local.view(), this.now);
  }

  #compile(snapshot: Snapshot, previous: Routing | undefined): Routing {
    const { random, seed } = this.#options;
    return createRouting(snapshot, { load: this, random, seed: seed ^ GUARD_SEED, previous });
  }
}
