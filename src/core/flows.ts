/**
 * The life of flows: opening within the limits, counting, ageing, ending. It keeps the table, its two orders, the
 * counts per client IP and the affinity bindings in step. Which backend a flow gets is the forwarder's decision.
 */
import { AT_LIMIT, ClientIpLimit, NOT_COUNTED } from "./client-ip-limit.js";
import {
  BACKEND,
  backendAt,
  type Counters,
  FLOW_ENDS,
  type FlowEnd,
  LISTENER,
  listenerAt,
} from "./counters.js";
import { FlowOrder } from "./flow-order.js";
import * as R from "./flow-record.js";
import type { FlowRing } from "./flow-ring.js";
import { FlowTable } from "./flow-table.js";
import { record as recordReplyTime } from "./histogram.js";
import { KeyTable } from "./key-table.js";
import type { Route } from "./routing.js";
import { type FlowLimits, MAX_LISTENERS } from "./snapshot.js";
import { dropOf, reasonNumber } from "./verdict.js";

/** What a plane does for its flows. Neither call may call the forwarder back. */
export interface UpstreamHost {
  /** A new flow is bound to a backend: make an upstream for it. Returns 0, or a drop verdict when it cannot. */
  openUpstream(flow: number, backendSlot: number): number;
  /**
   * The flow is over and its number free again when this returns. `unanswered`: replies may still come, so its port
   * must rest (see "Ended flows and late replies" in ARCHITECTURE.md). The flow's record can still be read here.
   */
  closeUpstream(flow: number, unanswered: boolean): void;
}

const RECORD_BYTES = R.RECORD_WORDS * 4;
/** After this silence of the backend, requests still unanswered are taken for lost or one-way. */
const REPLY_GIVEN_UP_MS = 1000;
/** How long replies that were under way when a flow moved still pass. */
const MOVED_LINGER_MS = 5000;

/** Records beyond `maxFlows`: a flow that moves has its successor beside it for a moment, in a full table too. */
export const SPARE_RECORDS = 1;

const TABLE_FULL = dropOf(reasonNumber("flow_table_full"));
const NO_DESCRIPTOR = dropOf(reasonNumber("no_descriptor"));
const CLIENT_LIMIT = dropOf(reasonNumber("client_flow_limit"));
/** FlowEnd → the number that counters use. */
export const END = Object.fromEntries(FLOW_ENDS.map((name, i) => [name, i])) as Readonly<
  Record<FlowEnd, number>
>;

export class Flows {
  readonly table: FlowTable;
  readonly bindings: KeyTable;
  /** By listener: open flows found by client alone. While there are any, affinity `none` looks for them first. */
  readonly wholeClient = new Int32Array(MAX_LISTENERS);
  limits: FlowLimits;
  /** Where flows are noted as they end. */
  log: FlowRing | undefined;

  readonly #host: UpstreamHost;
  readonly #counters: Counters;
  readonly #clientIps: ClientIpLimit;
  readonly #order: FlowOrder;

  constructor(
    limits: FlowLimits,
    host: UpstreamHost,
    counters: Counters,
    seed: number,
    records?: SharedArrayBuffer,
  ) {
    this.limits = limits;
    this.#host = host;
    this.#counters = counters;
    const capacity = records ? records.byteLength / RECORD_BYTES : limits.maxFlows + SPARE_RECORDS;
    this.table = new FlowTable(capacity, seed, records);
    this.#order = new FlowOrder(this.table);
    this.#clientIps = new ClientIpLimit(this.table, limits.maxFlowsPerClientIp, seed ^ 0x5bd1e995);
    this.bindings = new KeyTable(seed ^ 0x1b873593);
  }

  setLimits(limits: FlowLimits): void {
    this.limits = limits;
    this.table.grow(limits.maxFlows + SPARE_RECORDS);
    this.#clientIps.setMost(limits.maxFlowsPerClientIp);
  }

  /**
   * Opens a flow for the key in the table's scratch key. Returns it, or a drop verdict.
   * @param binding entry of `bindings` that the flow holds from now on, already retained, or -1
   */
  open(route: Route, backend: number, hash: number, binding: number, nowMs: number): number {
    // The client's own limit comes first: a client that is at it must cost nobody else a flow.
    const clientIp = this.#clientIps.retain();
    if (clientIp === AT_LIMIT) return CLIENT_LIMIT;
    const isFull = this.table.live >= this.limits.maxFlows && !this.#makeRoom();
    const flow = isFull ? TABLE_FULL : this.#begin(route, backend, hash, nowMs);
    if (flow < 0) {
      this.#clientIps.giveBack(clientIp);
      return flow;
    }
    const at = flow * R.RECORD_WORDS;
    this.table.i32[at + R.CLIENT_IP] = clientIp;
    this.table.i32[at + R.BINDING] = binding;
    return flow;
  }

  /**
   * Like `open`, for the client of a flow that leaves its backend. Only when the new one is open is `former` marked moved; it
   * gives up its place among its client IP's flows and, where there is no other, in the table. Where its own descriptor is
   * the last there is, the flow that moved longest ago, itself if need be, gives that up first.
   */
  openNext(
    former: number,
    route: Route,
    backend: number,
    hash: number,
    binding: number,
    nowMs: number,
  ): number {
    const { i32, u32 } = this.table;
    const moves = (u32[former * R.RECORD_WORDS + R.STATE] >>> R.MOVES_SHIFT) & R.MOST_MOVES;
    let flow = this.#begin(route, backend, hash, nowMs);
    const isShort = flow === NO_DESCRIPTOR;
    if (flow < 0 && !isShort) return flow;
    const clientIp = i32[former * R.RECORD_WORDS + R.CLIENT_IP];
    i32[former * R.RECORD_WORDS + R.CLIENT_IP] = NOT_COUNTED;
    this.#markMoved(route.listener.slot, former, nowMs);
    if (isShort) {
      this.#shedMoved();
      flow = this.#begin(route, backend, hash, nowMs);
    }
    for (let i = 0; i < 2 && this.table.live > this.limits.maxFlows; i++) this.#shedMoved();
    if (flow < 0) {
      this.#clientIps.giveBack(clientIp);
      return flow;
    }
    i32[flow * R.RECORD_WORDS + R.CLIENT_IP] = clientIp;
    i32[flow * R.RECORD_WORDS + R.BINDING] = binding;
    u32[flow * R.RECORD_WORDS + R.STATE] |= Math.min(moves + 1, R.MOST_MOVES) << R.MOVES_SHIFT;
    return flow;
  }

  /** Counts `count` requests of `bytes` in all of a flow and refreshes it. */
  countRequests(route: Route, flow: number, count: number, bytes: number, nowMs: number): void {
    const { u32, f64 } = this.table;
    const counters = this.#counters;
    const at = flow * R.RECORD_WORDS;
    const times = flow * R.RECORD_DOUBLES;
    const backend = backendAt(u32[at + R.BACKEND]);
    counters[backend + BACKEND.requests] += count;
    counters[backend + BACKEND.requestBytes] += bytes;
    u32[at + R.REQUESTS] += count;
    f64[times + R.REQUEST_BYTES] += bytes;
    f64[times + R.LAST_SEEN] = nowMs;
    const awaiting = u32[at + R.AWAITING];
    if (awaiting === 0 || nowMs - f64[times + R.WAITING_SINCE] >= REPLY_GIVEN_UP_MS) {
      counters[backend + BACKEND.outstanding] += count - awaiting;
      u32[at + R.AWAITING] = count;
      u32[at + R.STATE] |= R.TIMING;
      f64[times + R.WAITING_SINCE] = nowMs;
    } else {
      counters[backend + BACKEND.outstanding] += count;
      u32[at + R.AWAITING] = awaiting + count;
    }
    this.#order.relist(route, flow, nowMs);
    if (route.requests > 0 && u32[at + R.REQUESTS] >= route.requests) this.detach(flow, R.DETACHED);
  }

  /** Requests that were counted have reached no program: the flow no longer waits for replies to them. */
  takeBackRequests(flow: number, count: number, bytes: number): void {
    const { u32, f64 } = this.table;
    const at = flow * R.RECORD_WORDS;
    const awaited = Math.min(count, u32[at + R.AWAITING]);
    u32[at + R.REQUESTS] -= Math.min(count, u32[at + R.REQUESTS]);
    f64[flow * R.RECORD_DOUBLES + R.REQUEST_BYTES] -= bytes;
    u32[at + R.AWAITING] -= awaited;
    this.#counters[backendAt(u32[at + R.BACKEND]) + BACKEND.outstanding] -= awaited;
    if (u32[at + R.AWAITING] === 0) u32[at + R.STATE] &= ~R.TIMING;
  }

  /**
   * Counts `count` replies of `bytes` in all and refreshes the flow. Returns true when the last one that the flow
   * expected is among them; where replies are expected, count them one by one.
   */
  countReplies(route: Route, flow: number, count: number, bytes: number, nowMs: number): boolean {
    const { u32, f64 } = this.table;
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
    if (route.responses < 2 || replies % route.responses === 0) {
      const answered = Math.min(count, u32[at + R.AWAITING]);
      u32[at + R.AWAITING] -= answered;
      counters[backend + BACKEND.outstanding] -= answered;
    }
    if ((u32[at + R.STATE] & R.TIMING) !== 0) {
      u32[at + R.STATE] &= ~R.TIMING;
      recordReplyTime(counters, backend + BACKEND.replyTime, nowMs - f64[times + R.WAITING_SINCE]);
    }
    f64[times + R.WAITING_SINCE] = nowMs;
    this.#order.relist(route, flow, nowMs);
    return route.responses > 0 && replies >= u32[at + R.REQUESTS] * route.responses;
  }

  /** Takes an open flow out of the index: it gets no more requests. */
  detach(flow: number, state: number): void {
    this.#leaveIndex(flow);
    this.table.detach(flow, state);
  }

  /** Ends a flow and frees its number. */
  end(flow: number, reason: number): void {
    const { u32, i32 } = this.table;
    const at = flow * R.RECORD_WORDS;
    const state = u32[at + R.STATE] & R.STATE_MASK;
    const listener = u32[at + R.KEY_PORT] >>> 16;
    const backend = backendAt(u32[at + R.BACKEND]);
    this.#leaveIndex(flow);
    this.#order.remove(listener, flow, state === R.MOVED);
    this.#clientIps.release(flow);
    if (i32[at + R.BINDING] >= 0) this.bindings.release(i32[at + R.BINDING]);
    const why = state === R.MOVED ? END.moved : reason;
    if (this.log !== undefined) this.log.add(u32, at, why);
    this.#counters[backend + BACKEND.activeFlows]--;
    this.#counters[backend + BACKEND.outstanding] -= u32[at + R.AWAITING];
    this.#counters[listenerAt(listener) + LISTENER.activeFlows]--;
    this.#counters[listenerAt(listener) + LISTENER.ended + why]++;
    this.#host.closeUpstream(flow, state !== R.ANSWERED);
    this.table.remove(flow);
  }

  /** Whether the flow's idle timeout or lifetime has passed; if so it is ended. */
  endIfOver(route: Route, flow: number, nowMs: number): boolean {
    const { f64 } = this.table;
    const times = flow * R.RECORD_DOUBLES;
    if (nowMs - f64[times + R.LAST_SEEN] >= route.idleTimeoutMs) this.end(flow, END.idle);
    else if (route.maxLifetimeMs > 0 && nowMs - f64[times + R.CREATED_AT] >= route.maxLifetimeMs) {
      this.end(flow, END.lifetime);
    } else return false;
    return true;
  }

  /**
   * Ends flows of one listener that are past their time, at most `most`. Returns how many ended. An idle flow waits
   * for the ones listed before it, which were last used no more than `relistAfterMs` later than it was.
   */
  expire(route: Route, nowMs: number, most: number): number {
    const listener = route.listener.slot;
    const { f64 } = this.table;
    const lingerMs = Math.min(MOVED_LINGER_MS, route.idleTimeoutMs);
    let ended = 0;
    for (let flow = this.#order.firstUsed(listener); flow >= 0 && ended < most; ended++) {
      if (nowMs - f64[flow * R.RECORD_DOUBLES + R.LAST_SEEN] < route.idleTimeoutMs) break;
      this.end(flow, END.idle);
      flow = this.#order.firstUsed(listener);
    }
    for (let flow = this.#order.firstMoved(listener); flow >= 0 && ended < most; ended++) {
      if (nowMs - f64[flow * R.RECORD_DOUBLES + R.LISTED_AT] < lingerMs) break;
      this.end(flow, END.moved);
      flow = this.#order.firstMoved(listener);
    }
    if (route.maxLifetimeMs === 0) return ended;
    for (let flow = this.#order.firstOpened(listener); flow >= 0 && ended < most; ended++) {
      if (nowMs - f64[flow * R.RECORD_DOUBLES + R.CREATED_AT] < route.maxLifetimeMs) break;
      this.end(flow, END.lifetime);
      flow = this.#order.firstOpened(listener);
    }
    return ended;
  }

  /** Ends all flows of a listener. */
  endAll(listener: number, reason: number): void {
    for (let flow = this.#order.firstOpened(listener); flow >= 0; flow = this.#order.firstOpened(listener))
      this.end(flow, reason);
  }

  /** A flow with its upstream, without limits, binding or place among its client IP's; or a drop verdict. */
  #begin(route: Route, backend: number, hash: number, nowMs: number): number {
    const flow = this.table.insert(hash);
    if (flow < 0) return TABLE_FULL;
    const times = flow * R.RECORD_DOUBLES;
    const { u32, f64 } = this.table;
    u32[flow * R.RECORD_WORDS + R.BACKEND] = backend;
    f64[times + R.LAST_SEEN] = f64[times + R.LISTED_AT] = f64[times + R.CREATED_AT] = nowMs;
    const verdict = this.#host.openUpstream(flow, backend);
    if (verdict < 0) {
      this.table.remove(flow);
      return verdict;
    }
    this.#enter(route.listener.slot, flow, backend);
    return flow;
  }

  /** Takes a flow out of the index because its client goes on elsewhere. */
  #markMoved(listener: number, flow: number, nowMs: number): void {
    this.#counters[listenerAt(listener) + LISTENER.movedFlows]++;
    this.detach(flow, R.MOVED);
    this.#order.relistMoved(listener, flow, nowMs);
  }

  #enter(listener: number, flow: number, backend: number): void {
    const counters = this.#counters;
    this.#order.append(listener, flow);
    if (this.table.u32[flow * R.RECORD_WORDS + R.KEY_DISCRIMINATOR] === 0) this.wholeClient[listener]++;
    counters[listenerAt(listener) + LISTENER.activeFlows]++;
    counters[listenerAt(listener) + LISTENER.openedFlows]++;
    counters[backendAt(backend) + BACKEND.activeFlows]++;
    counters[backendAt(backend) + BACKEND.openedFlows]++;
  }

  #leaveIndex(flow: number): void {
    const { u32 } = this.table;
    const at = flow * R.RECORD_WORDS;
    if ((u32[at + R.STATE] & R.STATE_MASK) !== R.OPEN || u32[at + R.KEY_DISCRIMINATOR] !== 0) return;
    this.wholeClient[u32[at + R.KEY_PORT] >>> 16]--;
  }

  /** The table is full: ends a flow for the one that comes, and another where a reload lowered the limit. */
  #makeRoom(): boolean {
    if (!this.#shed()) return false;
    if (this.table.live >= this.limits.maxFlows) this.#shed();
    return true;
  }

  /** Ends the flow that moved longest ago, else with `evict-oldest` the one least recently used, if there is one. */
  #shed(): boolean {
    const moved = this.#order.firstMovedOfAll();
    const victim = moved < 0 && this.limits.onFull === "evict-oldest" ? this.#order.firstUsedOfAll() : moved;
    if (victim < 0) return false;
    this.end(victim, END.evicted);
    return true;
  }

  #shedMoved(): void {
    const moved = this.#order.firstMovedOfAll();
    if (moved >= 0) this.end(moved, END.moved);
  }
}
