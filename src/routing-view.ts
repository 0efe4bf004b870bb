/** The routing of a snapshot outside the planes, for those who ask what would happen. Made when asked for, then kept. */
import { createRouting, type Routing } from "./core/routing.js";
import type { Snapshot } from "./core/snapshot.js";

/** Policies that look at the load see none here. */
const NO_LOAD = { activeFlows: () => 0, outstanding: () => 0 };

export class RoutingView {
  #snapshot: Snapshot | undefined;
  #routing: Routing | undefined;

  of(snapshot: Snapshot): Routing {
    if (this.#routing === undefined || this.#snapshot !== snapshot) {
      this.#routing = createRoutingView(snapshot, this.#routing);
      this.#snapshot = snapshot;
    }
    return this.#routing;
  }
}

/** @param previous spares making the tables of consistent policies again */
export function createRoutingView(snapshot: Snapshot, previous?: Routing): Routing {
  // Guards would take memory for rates.
  const listeners = snapshot.listeners.map((listener) => ({ ...listener, guard: undefined }));
  return createRouting({ ...snapshot, listeners }, { load: NO_LOAD, random: Math.random, seed: 0, previous });
}
