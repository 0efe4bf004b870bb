/**
 * The memory that the worker writes its figures into and the main thread reads while it runs, and the flag by which
 * the main thread asks it to stop. Both sides derive from this one layout.
 */
import { HISTOGRAM_WORDS } from "../core/histogram.js";

/** Counts, in the order of their words. The head of load-result.ts says what each means. */
export const LOAD_COUNTERS = [
  "sent",
  "answered",
  "lost",
  "late",
  "duplicate",
  "crossed",
  "bad",
  "refused",
  "sendFailed",
] as const;
export type LoadCounter = (typeof LOAD_COUNTERS)[number];

/** What was measured after the warm-up. */
const MEASURES = [
  "measuredMs",
  "measuredSent",
  "measuredAnswered",
  "cpuMs",
  "clientsOnSeveralServers",
] as const;
export type Measure = (typeof MEASURES)[number];

/** Replies are counted by the tag that an echo server wrote, up to this. */
export const MAX_TAGS = 256;

const STOP_BYTES = 8;

export interface LoadMemory {
  /** What to post to the worker. */
  readonly shared: SharedArrayBuffer;
  readonly stop: Int32Array;
  readonly counters: Float64Array;
  readonly measures: Float64Array;
  readonly tags: Float64Array;
  /** One histogram of reply times, as core/histogram.ts lays it out. */
  readonly histogram: Float64Array;
}

/** New memory, or with `shared` the views on another thread's. */
export function createLoadMemory(shared?: SharedArrayBuffer): LoadMemory {
  const sizes = [LOAD_COUNTERS.length, MEASURES.length, MAX_TAGS, HISTOGRAM_WORDS];
  const buffer = shared ?? new SharedArrayBuffer(STOP_BYTES + 8 * sizes.reduce((sum, size) => sum + size));
  let offset = STOP_BYTES;
  const [counters, measures, tags, histogram] = sizes.map((size) => {
    const view = new Float64Array(buffer, offset, size);
    offset += 8 * size;
    return view;
  });
  return { shared: buffer, stop: new Int32Array(buffer, 0, 1), counters, measures, tags, histogram };
}

/** The word of a count; look it up once, not for every datagram. */
export function counterWord(name: LoadCounter): number {
  return LOAD_COUNTERS.indexOf(name);
}

export function setMeasure(memory: LoadMemory, name: Measure, value: number): void {
  memory.measures[MEASURES.indexOf(name)] = value;
}

export function getMeasure(memory: LoadMemory, name: Measure): number {
  return memory.measures[MEASURES.indexOf(name)];
}

export function requestStop(memory: LoadMemory): void {
  Atomics.store(memory.stop, 0, 1);
}

export function isStopRequested(memory: LoadMemory): boolean {
  return Atomics.load(memory.stop, 0) !== 0;
}
