/**
 * What a forwarder counts, in one Float64Array laid out by slot: one writer, any number of readers, who add up the
 * arrays of several workers. A count is exact up to 2^53. Gauges (active flows, outstanding) are counts too, so sums
 * over workers are right for them as well.
 *
 *   [ global | listener 0 | listener 1 | … | backend 0 | backend 1 | … ]
 */
import { DROP_REASONS } from "./drop-reason.js";
import { HISTOGRAM_WORDS } from "./histogram.js";
import { REFUSAL_KINDS } from "./refusal-kind.js";
import { MAX_BACKENDS, MAX_LISTENERS } from "./snapshot.js";

/** Why a flow ended; the position is the number that the packet path uses. */
export const FLOW_ENDS = [
  "idle",
  "lifetime",
  "answered",
  "moved",
  "evicted",
  "listener_removed",
  "backend_removed",
  "failed",
  "closed",
  "worker_lost",
  "operator",
] as const;
export type FlowEnd = (typeof FLOW_ENDS)[number];

const REASONS = DROP_REASONS.length;
const KINDS = REFUSAL_KINDS.length;

/** Offsets from `listenerAt(slot)`. */
export const LISTENER = {
  /** Datagrams that clients sent to the listener: forwarded and dropped. */
  requests: 0,
  requestBytes: 1,
  /** Replies handed to the kernel for a client. */
  replies: 2,
  replyBytes: 3,
  activeFlows: 4,
  openedFlows: 5,
  /** Datagrams that the kernel dropped because the receive queue was full, where the plane can tell. */
  queueDrops: 6,
  /** Times a client went on with another backend in the middle of its flow. */
  movedFlows: 7,
  drops: 8,
  replyDrops: 8 + REASONS,
  ended: 8 + 2 * REASONS,
} as const;
const LISTENER_WORDS = 8 + 2 * REASONS + FLOW_ENDS.length;

/** Offsets from `backendAt(slot)`. */
export const BACKEND = {
  requests: 0,
  requestBytes: 1,
  /** Replies accepted from the backend. */
  replies: 2,
  replyBytes: 3,
  activeFlows: 4,
  openedFlows: 5,
  outstanding: 6,
  /** Datagrams that did not get there, as an ICMP error or this machine's routing table said. */
  refused: 7,
  /** Replies that the kernel dropped because the upstream's receive queue was full, where the plane can tell. */
  queueDrops: 8,
  /** Requests that a reply has answered: replies, less those that nobody waited for. */
  answered: 9,
  /** First requests of flows; and those of them that were answered. See core/flow-counts.ts. */
  firsts: 10,
  firstsAnswered: 11,
  /** Requests of flows that are in the habit of being answered, of each flow one at a time; and those that were answered. */
  habituals: 12,
  habitualsAnswered: 13,
  /** Replies that came when their flow was over. */
  lateReplies: 14,
  /** Flows that lost the habit of being answered: a second without a reply. */
  lapsed: 15,
  /** `refused` by REFUSAL_KINDS. */
  refusedBy: 16,
  replyTime: 16 + KINDS,
} as const;
const BACKEND_WORDS = 16 + KINDS + HISTOGRAM_WORDS;

const BACKENDS_AT = MAX_LISTENERS * LISTENER_WORDS;
/** Length of a counter array, in doubles. Memory that no slot uses is never touched. */
export const COUNTER_WORDS = BACKENDS_AT + MAX_BACKENDS * BACKEND_WORDS;

export type Counters = Float64Array<ArrayBufferLike>;

/** Counters in memory of their own; a plane with workers makes them over shared memory instead. */
export function createCounters(buffer: ArrayBufferLike = new ArrayBuffer(COUNTER_WORDS * 8)): Counters {
  return new Float64Array(buffer, 0, COUNTER_WORDS);
}

export function listenerAt(slot: number): number {
  return slot * LISTENER_WORDS;
}

export function backendAt(slot: number): number {
  return BACKENDS_AT + slot * BACKEND_WORDS;
}

/** Forgets what a listener's slot counted, before another listener gets it. */
export function clearListener(counters: Counters, slot: number): void {
  counters.fill(0, listenerAt(slot), listenerAt(slot) + LISTENER_WORDS);
}

/** Forgets what a backend's slot counted, before another backend gets it. */
export function clearBackend(counters: Counters, slot: number): void {
  counters.fill(0, backendAt(slot), backendAt(slot) + BACKEND_WORDS);
}
