/**
 * Which flows' clients are where their address says. A client that others pretend to be sees no reply, so nothing that it sends
 * is said after one: who sends on after a reply is proved. Until then the guard limits how much a flow's replies amplify.
 */
import * as R from "./flow-record.js";
import type { FlowTable } from "./flow-table.js";
import type { Guard } from "./guard/guard.js";

export class ClientProof {
  readonly #table: FlowTable;

  constructor(table: FlowTable) {
    this.#table = table;
  }

  isProved(flow: number): boolean {
    return (this.#table.u32[flow * R.RECORD_WORDS + R.STATE] & R.PROVED) !== 0;
  }

  /** A request came in on a flow. */
  noteRequest(flow: number): void {
    const { u32 } = this.#table;
    const at = flow * R.RECORD_WORDS + R.STATE;
    if ((u32[at] & R.REPLIED) !== 0) u32[at] |= R.PROVED;
  }

  /** Whether the guard lets a reply of `length` bytes pass: 0, or a drop. */
  judgeReply(guard: Guard, flow: number, length: number): number {
    const { u32, f64 } = this.#table;
    const at = flow * R.RECORD_WORDS + R.STATE;
    if ((u32[at] & R.PROVED) !== 0) return 0;
    const verdict = guard.judgeReply(f64, flow * R.RECORD_DOUBLES, length);
    if (verdict === 0) u32[at] |= R.REPLIED;
    return verdict;
  }
}
