/**
 * What a worker shares with the main thread besides messages: memory that it writes and the main thread reads. Declared
 * here once for both sides.
 */
import { COUNTER_WORDS } from "../../core/counters.js";
import { RECORD_WORDS } from "../../core/flow-record.js";
import { FLOW_RING_BYTES } from "../../core/flow-ring.js";

export interface SharedMemory {
  /** core/counters.ts. Survives a restart of the worker. */
  readonly counters: SharedArrayBuffer;
  /** core/flow-record.ts: `capacity` flows. */
  readonly records: SharedArrayBuffer;
  /** STATUS words, as doubles. */
  readonly status: SharedArrayBuffer;
  /** By upstream: its descriptor + 1, or 0. Whoever cleans up after a crashed worker closes them. */
  readonly descriptors: SharedArrayBuffer;
  /** core/flow-ring.ts. Survives a restart of the worker. */
  readonly ended: SharedArrayBuffer;
}

/** Offsets in `status`, in doubles. */
export const STATUS = {
  /** When a datagram last passed, in milliseconds of the monotonic clock that all threads share; 0 before the first. */
  lastActivityMs: 0,
  /** One more than the highest flow number ever used. */
  highWater: 1,
  /** Upstream sockets: open in all, of these resting. */
  openUpstreams: 2,
  restingUpstreams: 3,
  /** What an abrupt end would leave behind: the epoll set, 0 when closed, and the arena, unmapped when it has 0 bytes. */
  epollFd: 4,
  arenaAddress: 5,
  arenaBytes: 6,
  /** The system's number for the thread; 0 where it cannot be told. */
  threadId: 7,
} as const;
const STATUS_WORDS = 8;
const LOOKS = 5;

export function createSharedMemory(capacity: number): SharedMemory {
  return {
    counters: new SharedArrayBuffer(COUNTER_WORDS * 8),
    records: new SharedArrayBuffer(capacity * RECORD_WORDS * 4),
    status: new SharedArrayBuffer(STATUS_WORDS * 8),
    descriptors: new SharedArrayBuffer(capacity * 4),
    ended: new SharedArrayBuffer(FLOW_RING_BYTES),
  };
}

/**
 * What makes `performance.now()`, which counts from each thread's start, the same number in every thread at one moment. A thread
 * that has to wait between looking at both clocks finds too little: the most of a few looks counts.
 */
export function monotonicOffsetMs(): number {
  let most = Number.NEGATIVE_INFINITY;
  for (let look = 0; look < LOOKS; look++) {
    const [seconds, nanoseconds] = process.hrtime();
    most = Math.max(most, seconds * 1000 + nanoseconds / 1e6 - performance.now());
  }
  return most;
}
