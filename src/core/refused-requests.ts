/**
 * Requests that left on a flow and were refused by its backend's host, so that no program has seen them, or that it took and
 * will not answer any more: what becomes of each, and of the flow. Refusals can be made up: of a flow without requests none
 * is taken back or counted.
 */
import { type Counters, LISTENER, listenerAt } from "./counters.js";
import { type FlowCounts, REPLY_GIVEN_UP_MS } from "./flow-counts.js";
import type { FlowFinder } from "./flow-finder.js";
import * as R from "./flow-record.js";
import type { FlowTable } from "./flow-table.js";
import { END, type Flows } from "./flows.js";
import type { LiveRouting } from "./live-routing.js";
import type { Route } from "./routing.js";
import { dropOf, reasonNumber, reasonOf } from "./verdict.js";

export interface RefusedRequestsParts {
  readonly flows: Flows;
  readonly counts: FlowCounts;
  readonly finder: FlowFinder;
  readonly routing: LiveRouting;
  readonly counters: Counters;
}

const REFUSED = dropOf(reasonNumber("backend_refused"));

export class RefusedRequests {
  readonly #flows: Flows;
  readonly #table: FlowTable;
  readonly #counts: FlowCounts;
  readonly #finder: FlowFinder;
  readonly #routing: LiveRouting;
  readonly #counters: Counters;

  constructor({ flows, counts, finder, routing, counters }: RefusedRequestsParts) {
    this.#flows = flows;
    this.#table = flows.table;
    this.#counts = counts;
    this.#finder = finder;
    this.#routing = routing;
    this.#counters = counters;
  }

  /**
   * A request of `length` bytes: finds or opens the flow that it now goes to. Returns that, or a drop, which is counted. To
   * the listener it is no new request. Its guard has judged it already.
   */
  reforward(flow: number, length: number, nowMs: number): number {
    const { u32, key } = this.#table;
    const at = flow * R.RECORD_WORDS;
    const listener = u32[at + R.KEY_PORT] >>> 16;
    const backend = u32[at + R.BACKEND];
    const replies = u32[at + R.REPLIES];
    const route = this.#routing.now.routes[listener];
    if (u32[at + R.REQUESTS] === 0) return REFUSED;
    for (let i = 0; i <= R.KEY_PORT; i++) key[i] = u32[at + i];
    this.#counts.takeBackRequests(flow, 1, length);
    const next = route === undefined ? REFUSED : this.#findOther(route, backend, replies, nowMs);
    if (next < 0) this.#counters[listenerAt(listener) + LISTENER.drops + reasonOf(next)]++;
    else this.#counts.countRequests(route as Route, next, 1, length, nowMs);
    return next;
  }

  /** `count` requests, `bytes` in all, that cannot be sent to another backend: drops. At most those the flow had count. */
  drop(flow: number, bytes: number, count: number): void {
    const { u32 } = this.#table;
    const at = flow * R.RECORD_WORDS;
    const taken = Math.min(count, u32[at + R.REQUESTS]);
    if (taken === 0) return;
    this.#counts.takeBackRequests(flow, taken, bytes);
    this.#counters[listenerAt(u32[at + R.KEY_PORT] >>> 16) + LISTENER.drops + reasonOf(REFUSED)] += taken;
  }

  /** Ends a flow that takes no more requests and has had every one of them refused: nothing can come of it. */
  endFlowIfAll(flow: number): void {
    const { u32 } = this.#table;
    const at = flow * R.RECORD_WORDS;
    if ((u32[at + R.STATE] & R.STATE_MASK) !== R.DETACHED || u32[at + R.REQUESTS] > 0) return;
    this.#flows.detach(flow, R.ANSWERED);
    this.#flows.end(flow, END.failed);
  }

  /**
   * Whether a request that left on a flow at `sentAtMs` has had no reply for certain, and may go to another backend. Certain it
   * is of what was sent after the last reply came.
   */
  isUnanswered(flow: number, sentAtMs: number): boolean {
    if (!this.mayLeave(flow)) return false;
    const { u32, f64 } = this.#table;
    const at = flow * R.RECORD_WORDS;
    const isGivenUp = (u32[at + R.STATE] & R.GIVEN_UP) !== 0;
    if (u32[at + R.AWAITING] === 0 && !isGivenUp) return false;
    // A flow is given up after so long without a reply.
    const sinceMs = f64[flow * R.RECORD_DOUBLES + R.WAITING_SINCE] - (isGivenUp ? REPLY_GIVEN_UP_MS : 0);
    return sentAtMs >= sinceMs;
  }

  /** Whether what a flow has not had answered may go to another backend. */
  mayLeave(flow: number): boolean {
    const { u32 } = this.#table;
    const at = flow * R.RECORD_WORDS;
    const route = this.#routing.now.routes[u32[at + R.KEY_PORT] >>> 16];
    return route !== undefined && this.#routing.mayLeave(route, u32[at + R.BACKEND], u32[at + R.REPLIES]);
  }

  /** Ends a flow whose unanswered requests another backend has got: a reply that still came would be a second one. */
  endResent(flow: number): void {
    this.#flows.end(flow, END.moved);
  }

  /** A flow for the client in the key on any backend but this one, or a drop. */
  #findOther(route: Route, backend: number, replies: number, nowMs: number): number {
    if (!this.#routing.mayLeave(route, backend, replies)) return REFUSED;
    const flow = this.#finder.findReliable(route, nowMs);
    if (flow < 0) return flow;
    return this.#table.u32[flow * R.RECORD_WORDS + R.BACKEND] === backend ? REFUSED : flow;
  }
}
