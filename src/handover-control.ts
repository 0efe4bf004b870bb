/** A running balancer's part in a handover: whether it receives requests, and giving its sockets and flows to another process. */
import type { AdminLink } from "./admin-link.js";
import { BACKEND, backendAt } from "./core/counters.js";
import {
  type Handover,
  type HandoverSocket,
  type NamedBinding,
  nameBindings,
  nameSockets,
  packBindings,
} from "./handover.js";
import type { InForce } from "./in-force.js";
import type { Plane } from "./planes/plane.js";
import type { Turns } from "./turns.js";

export interface HandoverControlParts {
  readonly plane: Plane;
  readonly inForce: InForce;
  readonly turns: Turns;
  readonly admin: AdminLink;
  /** False where another process receives the requests at first. */
  readonly receives: boolean;
  /** Whether the balancer is closed. */
  readonly isOver: () => boolean;
}

export class HandoverControl implements Handover {
  readonly #parts: HandoverControlParts;
  #receives: boolean;
  /** Requests go to another process; replies to earlier ones may still be under way. */
  #handedOver = false;

  constructor(parts: HandoverControlParts) {
    this.#parts = parts;
    this.#receives = parts.receives;
  }

  /** False while another process receives the requests. */
  get receives(): boolean {
    return this.#receives;
  }

  /** Whether backends may still answer requests from before a handover. */
  get awaitsReplies(): boolean {
    if (!this.#handedOver) return false;
    const { plane, inForce } = this.#parts;
    const slots = inForce.snapshot.pools.flatMap(({ backends }) => backends.map(({ slot }) => slot));
    return plane.counters.some((worker) =>
      slots.some((slot) => worker[backendAt(slot) + BACKEND.outstanding] > 0),
    );
  }

  sockets(): readonly HandoverSocket[] {
    const { plane, inForce } = this.#parts;
    return nameSockets(plane.descriptors(), inForce.snapshot);
  }

  adminSockets(): ReadonlyMap<string, number> {
    return this.#parts.admin.descriptors();
  }

  leave(): void {
    if (this.#handedOver) this.#parts.admin.handOver();
  }

  stopReceiving(): Promise<readonly NamedBinding[]> {
    const { plane, inForce, turns } = this.#parts;
    return turns.take(async () => {
      this.#handedOver = true;
      this.#receives = false;
      await plane.receive(false);
      const flows = plane.flows({ limit: Number.POSITIVE_INFINITY });
      return nameBindings(flows, inForce.snapshot, inForce.addresses);
    });
  }

  makeRoom(): void {
    if (this.#handedOver) this.#parts.plane.makeRoom();
  }

  receive(bindings: readonly NamedBinding[]): Promise<void> {
    const { plane, inForce, turns, admin, isOver } = this.#parts;
    return turns.take(async () => {
      if (isOver()) return;
      this.#handedOver = false;
      this.#receives = true;
      await plane.receive(true, packBindings(bindings, inForce.snapshot, inForce.addresses));
      await admin.takeOver();
    });
  }
}
