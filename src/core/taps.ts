/** The taps of one worker: which datagrams somebody wants to see. Off, it is one flag that the packet path looks at. */
import type { FlowRef } from "./flow-id.js";
import { isSameFlow } from "./flow-id.js";
import * as R from "./flow-record.js";
import type { FlowTable } from "./flow-table.js";
import { type ClientMatch, isOf } from "./list-flows.js";
import { MAX_TAPS, TapRingWriter } from "./tap-ring.js";

/** Datagrams of a flow that matches all that is given. */
export interface TapFilter {
  readonly client?: ClientMatch | undefined;
  /** In the table of the worker with this number; elsewhere there is none. */
  readonly flow?: (FlowRef & { readonly worker: number }) | undefined;
  readonly listenerSlot?: number | undefined;
  /** Most bytes to copy of each payload. */
  readonly snapBytes: number;
}

export class Taps {
  /** Whether there is any: what the packet path asks before it calls `copy`. */
  isOn = false;
  readonly #worker: number;
  readonly #filters = new Array<TapFilter | undefined>(MAX_TAPS).fill(undefined);
  #ring: TapRingWriter | undefined;

  constructor(worker: number) {
    this.#worker = worker;
  }

  /** @param memory the ring's, the same for all taps: core/tap-ring.ts */
  set(tap: number, filter: TapFilter | undefined, memory: SharedArrayBuffer | ArrayBuffer): void {
    this.#ring ??= new TapRingWriter(memory);
    this.#filters[tap] = filter;
    this.isOn = this.#filters.some((one) => one !== undefined);
  }

  /**
   * Copies the datagrams of a piece, if they match: `bytes` in all, each of `segment` bytes but for the last.
   * @param local the local IP address (4 words) where it is known
   */
  copy(
    isReply: boolean,
    table: FlowTable,
    flow: number,
    source: Uint8Array,
    offset: number,
    bytes: number,
    segment: number,
    local: Uint32Array | undefined,
  ): void {
    const [taps, snapBytes] = this.#matching(table, flow);
    if (taps === 0) return;
    const at = flow * R.RECORD_WORDS;
    for (let done = 0; done < bytes || done === 0; done += segment) {
      const length = Math.min(segment, bytes - done);
      this.#ring?.add({
        ...{ taps, isReply, words: table.u32, at, local, source },
        atMs: performance.timeOrigin + performance.now(),
        backendSlot: table.u32[at + R.BACKEND],
        offset: offset + done,
        length,
        captured: Math.min(length, snapBytes),
      });
      if (segment === 0) return;
    }
  }

  /** The taps that want a flow's datagrams, as bits, and the most that one of them wants of each. */
  #matching({ u32, f64 }: FlowTable, flow: number): [taps: number, snapBytes: number] {
    let taps = 0;
    let snapBytes = 0;
    const at = flow * R.RECORD_WORDS;
    for (const [tap, filter] of this.#filters.entries()) {
      if (filter === undefined) continue;
      const { client, flow: wanted, listenerSlot } = filter;
      if (listenerSlot !== undefined && u32[at + R.KEY_PORT] >>> 16 !== listenerSlot) continue;
      if (client !== undefined && !isOf(client, u32, at)) continue;
      if (wanted !== undefined && !this.#isIt(wanted, u32, f64, flow)) continue;
      taps |= 1 << tap;
      snapBytes = Math.max(snapBytes, filter.snapBytes);
    }
    return [taps, snapBytes];
  }

  #isIt(wanted: NonNullable<TapFilter["flow"]>, u32: Uint32Array, f64: Float64Array, flow: number): boolean {
    return wanted.worker === this.#worker && wanted.flow === flow && isSameFlow(u32, f64, wanted);
  }
}
