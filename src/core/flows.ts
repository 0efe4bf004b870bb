/**
 * The life of flows: opening within the limits, moving, ending. It keeps the table, its orders, the counts per client IP and
 * the affinity bindings in step. Which backend a flow gets, and when its time is over, others decide.
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
  readonly order: FlowOrder;
  readonly bindings: KeyTable;
  /** By listener: open flows found by client alone. While there are any, affinity `none` looks for them first. */
  readonly wholeClient = new Int32Array(MAX_LISTENERS);
  limits: FlowLimits;
  /** Where flows are noted as they end. */
  log: FlowRing | undefined;

  readonly #host: UpstreamHost;
  readonly #counters: Counters;
  readonly #clientIps: ClientIpLimit;

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
    this.order = new FlowOrder(this.table);
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
    this.order.remove(listener, flow, state === R.MOVED);
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

  /** Ends all flows of a listener. */
  endAll(listener: number, reason: number): void {
    for (let flow = this.order.firstOpened(listener); flow >= 0; flow = this.order.firstOpened(listener))
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
    this.order.relistMoved(listener, flow, nowMs);
  }

  #enter(listener: number, flow: number, backend: number): void {
    const counters = this.#counters;
    this.order.append(listener, flow);
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
    const moved = this.order.firstMovedOfAll();
    const victim = moved < 0 && this.limits.onFull === "evict-oldest" ? this.order.firstUsedOfAll() : moved;
    if (victim < 0) return false;
    this.end(victim, END.evicted);
    return true;
  }

  #shedMoved(): void {
    const moved = this.order.firstMovedOfAll();
    if (moved >= 0) this.end(moved, END.moved);
  }
}
