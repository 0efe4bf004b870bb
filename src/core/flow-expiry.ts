/** Flows whose time is over: unused for the idle timeout, at the end of their lifetime, or moved a while ago. */
import type { FlowOrder } from "./flow-order.js";
import * as R from "./flow-record.js";
import type { FlowTable } from "./flow-table.js";
import { END, type Flows } from "./flows.js";
import type { Route } from "./routing.js";

/** How long replies that were under way when a flow moved still pass. */
const MOVED_LINGER_MS = 5000;

export class FlowExpiry {
  readonly #flows: Flows;
  readonly #table: FlowTable;
  readonly #order: FlowOrder;

  constructor(flows: Flows) {
    this.#flows = flows;
    this.#table = flows.table;
    this.#order = flows.order;
  }

  /** Whether the flow's idle timeout or lifetime has passed; if so it is ended. */
  endIfOver(route: Route, flow: number, nowMs: number): boolean {
    const { f64 } = this.#table;
    const times = flow * R.RECORD_DOUBLES;
    if (nowMs - f64[times + R.LAST_SEEN] >= route.idleTimeoutMs) this.#flows.end(flow, END.idle);
    else if (route.maxLifetimeMs > 0 && nowMs - f64[times + R.CREATED_AT] >= route.maxLifetimeMs) {
      this.#flows.end(flow, END.lifetime);
    } else return false;
    return true;
  }

  /**
   * Ends flows of one listener that are past their time, at most `most`. Returns how many ended. An idle flow waits
   * for the ones listed before it, which were last used no more than `relistAfterMs` later than it was.
   */
  expire(route: Route, nowMs: number, most: number): number {
    let ended = this.#endIdle(route, nowMs, most);
    ended += this.#endMoved(route, nowMs, most - ended);
    return route.maxLifetimeMs === 0 ? ended : ended + this.#endOld(route, nowMs, most - ended);
  }

  #endIdle({ listener, idleTimeoutMs }: Route, nowMs: number, most: number): number {
    for (let ended = 0; ended < most; ended++) {
      const flow = this.#order.firstUsed(listener.slot);
      if (flow < 0 || this.#sinceMs(R.LAST_SEEN, flow, nowMs) < idleTimeoutMs) return ended;
      this.#flows.end(flow, END.idle);
    }
    return most;
  }

  #endMoved({ listener, idleTimeoutMs }: Route, nowMs: number, most: number): number {
    const lingerMs = Math.min(MOVED_LINGER_MS, idleTimeoutMs);
    for (let ended = 0; ended < most; ended++) {
      const flow = this.#order.firstMoved(listener.slot);
      if (flow < 0 || this.#sinceMs(R.LISTED_AT, flow, nowMs) < lingerMs) return ended;
      this.#flows.end(flow, END.moved);
    }
    return most;
  }

  #endOld({ listener, maxLifetimeMs }: Route, nowMs: number, most: number): number {
    for (let ended = 0; ended < most; ended++) {
      const flow = this.#order.firstOpened(listener.slot);
      if (flow < 0 || this.#sinceMs(R.CREATED_AT, flow, nowMs) < maxLifetimeMs) return ended;
      this.#flows.end(flow, END.lifetime);
    }
    return most;
  }

  /** @param time one of the record's times */
  #sinceMs(time: number, flow: number, nowMs: number): number {
    return nowMs - this.#table.f64[flow * R.RECORD_DOUBLES + time];
  }
}
