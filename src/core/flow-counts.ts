/**
 * What passes on flows: counted in their records and on their backends, with the time that replies take. It also counts requests
 * whose answer can be expected, for health/silence.ts: the first of a flow, and those of a flow that has had three exchanges in a
 * row answered. Of each flow one at a time waits; a flow that has been left without a reply for a second loses the habit.
 *
 *   request ─► EXPECTING, counted ─► reply: counted as answered, habit + 1
 *                                └─► a second without one, then a request: not counted as answered, habit 0
 */
import { BACKEND, backendAt, type Counters } from "./counters.js";
import type { FlowOrder } from "./flow-order.js";
import * as R from "./flow-record.js";
import type { FlowTable } from "./flow-table.js";
import type { Flows } from "./flows.js";
import { record as recordReplyTime } from "./histogram.js";
import type { Route } from "./routing.js";

/** After this silence of the backend, requests still unanswered are taken for lost or one-way. */
export const REPLY_GIVEN_UP_MS = 1000;

export class FlowCounts {
  readonly #flows: Flows;
  readonly #table: FlowTable;
  readonly #order: FlowOrder;
  readonly #counters: Counters;

  constructor(flows: Flows, counters: Counters) {
    this.#flows = flows;
    this.#table = flows.table;
    this.#order = flows.order;
    this.#counters = counters;
  }

  /** Counts `count` requests, `bytes` in all, and refreshes the flow. With the last that it may take it leaves the index. */
  countRequests(route: Route, flow: number, count: number, bytes: number, nowMs: number): void {
    const { u32, f64 } = this.#table;
    const counters = this.#counters;
    const at = flow * R.RECORD_WORDS;
    const times = flow * R.RECORD_DOUBLES;
    const backend = backendAt(u32[at + R.BACKEND]);
    counters[backend + BACKEND.requests] += count;
    counters[backend + BACKEND.requestBytes] += bytes;
    const requests = u32[at + R.REQUESTS];
    u32[at + R.REQUESTS] = requests + count;
    f64[times + R.REQUEST_BYTES] += bytes;
    f64[times + R.LAST_SEEN] = nowMs;
    const awaiting = u32[at + R.AWAITING];
    let state = u32[at + R.STATE];
    if (awaiting === 0 || nowMs - f64[times + R.WAITING_SINCE] >= REPLY_GIVEN_UP_MS) {
      counters[backend + BACKEND.outstanding] += count - awaiting;
      u32[at + R.AWAITING] = count;
      state |= R.TIMING;
      if (awaiting > 0) {
        if ((state & R.HABIT) === R.HABIT) counters[backend + BACKEND.lapsed]++;
        state = (state & ~(R.EXPECTING | R.HABIT)) | R.GIVEN_UP;
      }
      f64[times + R.WAITING_SINCE] = nowMs;
    } else {
      counters[backend + BACKEND.outstanding] += count;
      u32[at + R.AWAITING] = awaiting + count;
    }
    if (requests === 0) {
      state |= R.EXPECTING;
      counters[backend + BACKEND.firsts]++;
    } else if ((state & (R.EXPECTING | R.HABIT)) === R.HABIT) {
      state |= R.EXPECTING;
      counters[backend + BACKEND.habituals]++;
    }
    u32[at + R.STATE] = state;
    this.#order.relist(route, flow, nowMs);
    if (route.requests > 0 && u32[at + R.REQUESTS] >= route.requests) this.#flows.detach(flow, R.DETACHED);
  }

  /** Requests that were counted have reached no program: the flow no longer waits for replies to them. */
  takeBackRequests(flow: number, count: number, bytes: number): void {
    const { u32, f64 } = this.#table;
    const counters = this.#counters;
    const at = flow * R.RECORD_WORDS;
    const backend = backendAt(u32[at + R.BACKEND]);
    const awaited = Math.min(count, u32[at + R.AWAITING]);
    counters[backend + BACKEND.requests] -= count;
    counters[backend + BACKEND.requestBytes] -= bytes;
    counters[backend + BACKEND.outstanding] -= awaited;
    u32[at + R.REQUESTS] -= Math.min(count, u32[at + R.REQUESTS]);
    f64[flow * R.RECORD_DOUBLES + R.REQUEST_BYTES] -= bytes;
    u32[at + R.AWAITING] -= awaited;
    if (u32[at + R.AWAITING] > 0) return;
    const state = u32[at + R.STATE];
    if ((state & R.EXPECTING) !== 0)
      counters[backend + ((state & R.HABIT) === 0 ? BACKEND.firsts : BACKEND.habituals)]--;
    u32[at + R.STATE] = state & ~(R.TIMING | R.EXPECTING);
  }

  /**
   * Counts `count` replies, `bytes` in all, and refreshes the flow. Returns true when the last one that the flow expected is
   * among them; where replies are expected, count them one by one.
   */
  countReplies(route: Route, flow: number, count: number, bytes: number, nowMs: number): boolean {
    const { u32, f64 } = this.#table;
    const counters = this.#counters;
    const at = flow * R.RECORD_WORDS;
    const times = flow * R.RECORD_DOUBLES;
    const backend = backendAt(u32[at + R.BACKEND]);
    counters[backend + BACKEND.replies] += count;
    counters[backend + BACKEND.replyBytes] += bytes;
    u32[at + R.REPLIES] += count;
    const replies = u32[at + R.REPLIES];
    f64[times + R.REPLY_BYTES] += bytes;
    f64[times + R.LAST_SEEN] = nowMs;
    const awaiting = u32[at + R.AWAITING];
    let state = u32[at + R.STATE] & ~R.GIVEN_UP;
    if (awaiting > 0 && (route.responses < 2 || replies % route.responses === 0)) {
      const answered = Math.min(count, awaiting);
      u32[at + R.AWAITING] = awaiting - answered;
      counters[backend + BACKEND.outstanding] -= answered;
      counters[backend + BACKEND.answered] += answered;
      if ((state & R.HABIT) < R.HABIT) state += R.HABIT_STEP;
    }
    if ((state & R.TIMING) !== 0) {
      state &= ~R.TIMING;
      recordReplyTime(counters, backend + BACKEND.replyTime, nowMs - f64[times + R.WAITING_SINCE]);
    }
    if ((state & R.EXPECTING) !== 0) {
      state &= ~R.EXPECTING;
      counters[backend + (replies === count ? BACKEND.firstsAnswered : BACKEND.habitualsAnswered)]++;
    }
    u32[at + R.STATE] = state;
    f64[times + R.WAITING_SINCE] = nowMs;
    this.#order.relist(route, flow, nowMs);
    return route.responses > 0 && replies >= u32[at + R.REQUESTS] * route.responses;
  }
}
