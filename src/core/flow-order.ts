/**
 * The orders that flows stand in: those of a listener by last use, those that moved by when they did, and all of a listener
 * by age. Whoever is next to end is the first of one of them.
 */
import { FlowLists, MOVED_LIST } from "./flow-lists.js";
import * as R from "./flow-record.js";
import type { FlowTable } from "./flow-table.js";
import type { Route } from "./routing.js";
import { MAX_LISTENERS } from "./snapshot.js";

export class FlowOrder {
  readonly #table: FlowTable;
  readonly #byUse: FlowLists;
  readonly #byAge: FlowLists;

  constructor(table: FlowTable) {
    this.#table = table;
    this.#byUse = new FlowLists(table, "use");
    this.#byAge = new FlowLists(table, "age");
  }

  /** A flow that has just begun. */
  append(listener: number, flow: number): void {
    this.#byUse.append(listener, flow);
    this.#byAge.append(listener, flow);
  }

  /** A flow that ends. */
  remove(listener: number, flow: number, isMoved: boolean): void {
    this.#byUse.remove(isMoved ? MOVED_LIST + listener : listener, flow);
    this.#byAge.remove(listener, flow);
  }

  /** A datagram of the flow passed. */
  relist(route: Route, flow: number, nowMs: number): void {
    const { f64 } = this.#table;
    const times = flow * R.RECORD_DOUBLES;
    if (nowMs - f64[times + R.LISTED_AT] < route.relistAfterMs) return;
    if ((this.#table.u32[flow * R.RECORD_WORDS + R.STATE] & R.STATE_MASK) === R.MOVED) return;
    f64[times + R.LISTED_AT] = nowMs;
    this.#byUse.moveToEnd(route.listener.slot, flow);
  }

  /** The flow's client goes on elsewhere: it is no longer in use. */
  relistMoved(listener: number, flow: number, nowMs: number): void {
    this.#byUse.remove(listener, flow);
    this.#byUse.append(MOVED_LIST + listener, flow);
    this.#table.f64[flow * R.RECORD_DOUBLES + R.LISTED_AT] = nowMs;
  }

  /** Of one listener: the flow in use that was listed first, or -1. */
  firstUsed(listener: number): number {
    return this.#byUse.head(listener);
  }

  /** Of one listener: the flow that moved first, or -1. */
  firstMoved(listener: number): number {
    return this.#byUse.head(MOVED_LIST + listener);
  }

  /** Of one listener: the flow that was opened first, or -1. */
  firstOpened(listener: number): number {
    return this.#byAge.head(listener);
  }

  /** Of all listeners: the flow in use that was listed first, or -1. */
  firstUsedOfAll(): number {
    return this.#firstListed(0);
  }

  /** Of all listeners: the flow that moved first, or -1. */
  firstMovedOfAll(): number {
    return this.#firstListed(MOVED_LIST);
  }

  #firstListed(firstList: number): number {
    let first = -1;
    let firstMs = Number.POSITIVE_INFINITY;
    for (let list = firstList; list < firstList + MAX_LISTENERS; list++) {
      const flow = this.#byUse.head(list);
      if (flow < 0) continue;
      const listedAtMs = this.#table.f64[flow * R.RECORD_DOUBLES + R.LISTED_AT];
      if (listedAtMs >= firstMs) continue;
      first = flow;
      firstMs = listedAtMs;
    }
    return first;
  }
}
