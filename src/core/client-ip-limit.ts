/**
 * How many live flows each client IP has, and the most it may have. A flow keeps its place in the count in its record
 * (CLIENT_IP). Flows that moved are not counted: their client goes on elsewhere and is counted there.
 */
import * as R from "./flow-record.js";
import type { FlowTable } from "./flow-table.js";
import { KeyTable } from "./key-table.js";

/** What `retain` returns when nothing is limited, and when the client IP has all the flows it may have. */
export const NOT_COUNTED = -1;
export const AT_LIMIT = -2;

export class ClientIpLimit {
  readonly #table: FlowTable;
  readonly #ips: KeyTable;
  /** 0 is no limit, and then nothing is counted. */
  #most: number;

  constructor(table: FlowTable, most: number, seed: number) {
    this.#table = table;
    this.#most = most;
    this.#ips = new KeyTable(seed);
  }

  /** A limit that is switched on counts the flows that are already there. One that is lowered ends none of them. */
  setMost(most: number): void {
    const wasOff = this.#most === 0;
    this.#most = most;
    if (wasOff && most > 0) this.#adopt();
  }

  /** One more flow for the client IP in the table's key. Returns its place, NOT_COUNTED or AT_LIMIT. */
  retain(): number {
    if (this.#most === 0) return NOT_COUNTED;
    const place = this.#find(this.#table.key, 0);
    if (place >= 0 && this.#ips.count(place) >= this.#most) return AT_LIMIT;
    return this.#hold(place);
  }

  /** Takes back what `retain` returned, for a flow that did not come about. */
  giveBack(place: number): void {
    if (place >= 0) this.#ips.release(place);
  }

  /** A flow ends or moves: it counts no longer. */
  release(flow: number): void {
    const { i32 } = this.#table;
    const at = flow * R.RECORD_WORDS + R.CLIENT_IP;
    this.giveBack(i32[at]);
    i32[at] = NOT_COUNTED;
  }

  /** The place of the IP in four words, or -1; `#hold` is for the same IP then. */
  #find(words: Uint32Array, offset: number): number {
    for (let i = 0; i < 4; i++) this.#ips.key[i] = words[offset + i];
    return this.#ips.find();
  }

  #hold(found: number): number {
    const place = found < 0 ? this.#ips.insert(0) : found;
    this.#ips.retain(place);
    return place;
  }

  #adopt(): void {
    const { u32, i32, highWater } = this.#table;
    for (let flow = 0; flow < highWater; flow++) {
      const at = flow * R.RECORD_WORDS;
      const isMoved = (u32[at + R.STATE] & R.STATE_MASK) === R.MOVED;
      if (isMoved || !this.#table.isLive(flow) || i32[at + R.CLIENT_IP] >= 0) continue;
      i32[at + R.CLIENT_IP] = this.#hold(this.#find(u32, at));
    }
  }
}
