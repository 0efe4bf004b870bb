/**
 * Two orders of a listener's flows, as doubly linked lists inside the flow records: by last use and by creation.
 * Limits are the same for all flows of a listener, so expiry needs to look only at the heads.
 */
import * as R from "./flow-record.js";
import type { FlowTable } from "./flow-table.js";
import { MAX_LISTENERS } from "./snapshot.js";

/** The list of a listener's moved flows stands this far behind the list of its other flows. */
export const MOVED_LIST = MAX_LISTENERS;

/** One kind of list, two lists a listener. Links are flow number + 1, so that a zeroed record is in no list. */
export class FlowLists {
  readonly #table: FlowTable;
  readonly #previous: number;
  readonly #next: number;
  readonly #heads = new Int32Array(2 * MAX_LISTENERS);
  readonly #tails = new Int32Array(2 * MAX_LISTENERS);

  constructor(table: FlowTable, order: "use" | "age") {
    this.#table = table;
    this.#previous = order === "use" ? R.USE_PREVIOUS : R.AGE_PREVIOUS;
    this.#next = order === "use" ? R.USE_NEXT : R.AGE_NEXT;
  }

  /** The first flow of a list, or -1. Lists are numbered by listener slot. */
  head(list: number): number {
    return this.#heads[list] - 1;
  }

  append(list: number, flow: number): void {
    const { u32 } = this.#table;
    const at = flow * R.RECORD_WORDS;
    const tail = this.#tails[list];
    u32[at + this.#previous] = tail;
    u32[at + this.#next] = 0;
    if (tail > 0) u32[(tail - 1) * R.RECORD_WORDS + this.#next] = flow + 1;
    else this.#heads[list] = flow + 1;
    this.#tails[list] = flow + 1;
  }

  remove(list: number, flow: number): void {
    const { u32 } = this.#table;
    const at = flow * R.RECORD_WORDS;
    const previous = u32[at + this.#previous];
    const next = u32[at + this.#next];
    if (previous > 0) u32[(previous - 1) * R.RECORD_WORDS + this.#next] = next;
    else this.#heads[list] = next;
    if (next > 0) u32[(next - 1) * R.RECORD_WORDS + this.#previous] = previous;
    else this.#tails[list] = previous;
  }

  moveToEnd(list: number, flow: number): void {
    if (this.#tails[list] === flow + 1) return;
    this.remove(list, flow);
    this.append(list, flow);
  }
}
