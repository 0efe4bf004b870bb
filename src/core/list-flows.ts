/** Reads live flows out of a flow table, for people who ask. Not on the packet path. */
import * as R from "./flow-record.js";
import type { FlowTable } from "./flow-table.js";
import { formatIpWords } from "./ip-words.js";

/** One live flow: slots, not names. */
export interface ListedFlow {
  /** Address and port as text, without zone. */
  readonly client: string;
  readonly listenerSlot: number;
  readonly backendSlot: number;
  readonly requests: number;
  readonly replies: number;
  readonly requestBytes: number;
  readonly replyBytes: number;
  readonly ageMs: number;
  readonly idleMs: number;
  /** Whether it still takes requests. */
  readonly open: boolean;
}

/** Live flows of a table in the order of their numbers, at most `limit`. */
export function listFlows(table: FlowTable, nowMs: number, limit: number): ListedFlow[] {
  return listRecords(table.u32.buffer, table.highWater, nowMs, limit);
}

/** The same from the records' memory, which another thread may be writing: a flow may then be caught half changed. */
export function listRecords(
  records: ArrayBufferLike,
  count: number,
  nowMs: number,
  limit: number,
): ListedFlow[] {
  const u32 = new Uint32Array(records);
  const f64 = new Float64Array(records);
  const flows: ListedFlow[] = [];
  for (let flow = 0; flow < count && flows.length < limit; flow++) {
    if (u32[flow * R.RECORD_WORDS + R.STATE] !== R.FREE) flows.push(readFlow(u32, f64, flow, nowMs));
  }
  return flows;
}

function readFlow(u32: Uint32Array, f64: Float64Array, flow: number, nowMs: number): ListedFlow {
  const at = flow * R.RECORD_WORDS;
  const doubles = flow * R.RECORD_DOUBLES;
  const ip = formatIpWords(u32, at);
  const port = u32[at + R.KEY_PORT] & 0xffff;
  return {
    client: ip.includes(":") ? `[${ip}]:${port}` : `${ip}:${port}`,
    listenerSlot: u32[at + R.KEY_PORT] >>> 16,
    backendSlot: u32[at + R.BACKEND],
    requests: u32[at + R.REQUESTS],
    replies: u32[at + R.REPLIES],
    requestBytes: f64[doubles + R.REQUEST_BYTES],
    replyBytes: f64[doubles + R.REPLY_BYTES],
    ageMs: nowMs - f64[doubles + R.CREATED_AT],
    idleMs: nowMs - f64[doubles + R.LAST_SEEN],
    open: (u32[at + R.STATE] & R.STATE_MASK) === R.OPEN,
  };
}
