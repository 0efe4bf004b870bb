/** Reads live flows out of a flow table, for people who ask. Not on the packet path. */
import { type FlowId, readFlowRef } from "./flow-id.js";
import * as R from "./flow-record.js";
import type { FlowTable } from "./flow-table.js";
import { formatIpWords } from "./ip-words.js";
import { MAX_BACKENDS } from "./snapshot.js";

/** One live flow: slots, not names. */
export interface ListedFlow {
  readonly id: FlowId;
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
  /** Whether all datagrams of its client belong to it; else they are dealt out one by one. */
  readonly ofWholeClient: boolean;
  /** The affinity binding that it holds, by its number in the worker, or -1. */
  readonly binding: number;
}

/** Clients whose address begins with the first `bits` of `words`. */
export interface ClientMatch {
  readonly words: ArrayLike<number>;
  /** 0 to 128, in the word form of addresses: a /24 of IPv4 has 120. */
  readonly bits: number;
  /** Undefined for all ports. */
  readonly port: number | undefined;
}

/** Which flows are asked for. Slots that are not given are all. */
export interface FlowQuery {
  readonly limit: number;
  /** Only flows that are listed after this one, whether it is live still or not. */
  readonly after?: FlowId | undefined;
  readonly client?: ClientMatch | undefined;
  readonly listeners?: ReadonlySet<number> | undefined;
  readonly backends?: ReadonlySet<number> | undefined;
}

/** The memory of one table. */
export interface FlowRecords {
  readonly worker: number;
  readonly memory: ArrayBufferLike;
  /** Records that it has room for. */
  readonly capacity: number;
  /** So many at least were used already. Above, the first one that never was is the end. */
  readonly used: number;
}

/** Live flows of a table in the order of their numbers. */
export function listFlows(table: FlowTable, nowMs: number, query: FlowQuery): ListedFlow[] {
  return listRecords(recordsOf(table), nowMs, query);
}

export function recordsOf({ u32, highWater }: FlowTable): FlowRecords {
  return { worker: 0, memory: u32.buffer, capacity: highWater, used: highWater };
}

/** The same from the records' memory, which another thread may be writing: a flow may then be caught half changed. */
export function listRecords(records: FlowRecords, nowMs: number, query: FlowQuery): ListedFlow[] {
  const { after } = query;
  if (after !== undefined && after.worker > records.worker) return [];
  const u32 = new Uint32Array(records.memory);
  const f64 = new Float64Array(records.memory);
  const flows: ListedFlow[] = [];
  const first = after?.worker === records.worker ? after.flow + 1 : 0;
  for (let flow = first; flow < records.capacity && flows.length < query.limit; flow++) {
    if (flow >= records.used && f64[flow * R.RECORD_DOUBLES + R.CREATED_AT] === 0) break;
    const at = flow * R.RECORD_WORDS;
    if (u32[at + R.STATE] === R.FREE || !matches(u32, at, query)) continue;
    flows.push(readFlow(records.worker, u32, f64, flow, nowMs));
  }
  return flows;
}

/** How many live flows there are on one listener and backend. */
export interface FlowPlace {
  readonly listenerSlot: number;
  readonly backendSlot: number;
  /** Those that take all requests of their clients. */
  readonly bound: number;
  /** Those that are dealt requests one by one, and those that only wait for replies. */
  readonly others: number;
}

/** Counts the live flows by their places: cheap enough for a million. */
export function countPlaces(all: readonly FlowRecords[]): FlowPlace[] {
  const places = new Map<
    number,
    { listenerSlot: number; backendSlot: number; bound: number; others: number }
  >();
  for (const { memory, capacity, used } of all) {
    const u32 = new Uint32Array(memory);
    const f64 = new Float64Array(memory);
    for (let flow = 0; flow < capacity; flow++) {
      if (flow >= used && f64[flow * R.RECORD_DOUBLES + R.CREATED_AT] === 0) break;
      const at = flow * R.RECORD_WORDS;
      if (u32[at + R.STATE] === R.FREE) continue;
      const listenerSlot = u32[at + R.KEY_PORT] >>> 16;
      const backendSlot = u32[at + R.BACKEND];
      const key = listenerSlot * MAX_BACKENDS + backendSlot;
      const place = places.get(key) ?? { listenerSlot, backendSlot, bound: 0, others: 0 };
      places.set(key, place);
      const isOpen = (u32[at + R.STATE] & R.STATE_MASK) === R.OPEN;
      if (isOpen && u32[at + R.KEY_DISCRIMINATOR] === 0) place.bound++;
      else place.others++;
    }
  }
  return [...places.values()];
}

function matches(u32: Uint32Array, at: number, { client, listeners, backends }: FlowQuery): boolean {
  if (listeners !== undefined && !listeners.has(u32[at + R.KEY_PORT] >>> 16)) return false;
  if (backends !== undefined && !backends.has(u32[at + R.BACKEND])) return false;
  return client === undefined || isOf(client, u32, at);
}

/** Whether the client key at `at` is one of these. */
export function isOf({ words, bits, port }: ClientMatch, u32: Uint32Array, at: number): boolean {
  if (port !== undefined && (u32[at + R.KEY_PORT] & 0xffff) !== port) return false;
  for (let i = 0, left = bits; left > 0; i++, left -= 32) {
    const mask = left >= 32 ? -1 : -1 << (32 - left);
    if (((u32[at + i] ^ words[i]) & mask) !== 0) return false;
  }
  return true;
}

/** The address and port in a client key, without zone. */
export function formatClient(u32: Uint32Array, at: number): string {
  const ip = formatIpWords(u32, at);
  const port = u32[at + R.KEY_PORT] & 0xffff;
  return ip.includes(":") ? `[${ip}]:${port}` : `${ip}:${port}`;
}

function readFlow(
  worker: number,
  u32: Uint32Array,
  f64: Float64Array,
  flow: number,
  nowMs: number,
): ListedFlow {
  const at = flow * R.RECORD_WORDS;
  const doubles = flow * R.RECORD_DOUBLES;
  return {
    id: { worker, ...readFlowRef(u32, f64, flow) },
    client: formatClient(u32, at),
    listenerSlot: u32[at + R.KEY_PORT] >>> 16,
    backendSlot: u32[at + R.BACKEND],
    requests: u32[at + R.REQUESTS],
    replies: u32[at + R.REPLIES],
    requestBytes: f64[doubles + R.REQUEST_BYTES],
    replyBytes: f64[doubles + R.REPLY_BYTES],
    ageMs: nowMs - f64[doubles + R.CREATED_AT],
    idleMs: nowMs - f64[doubles + R.LAST_SEEN],
    open: (u32[at + R.STATE] & R.STATE_MASK) === R.OPEN,
    ofWholeClient: u32[at + R.KEY_DISCRIMINATOR] === 0,
    binding: u32[at + R.BINDING] | 0,
  };
}
