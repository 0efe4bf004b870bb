/**
 * Ties tests to the table of events in docs/live-flows.md: each row has a key, its anchor `event-KEY`, and test/docs/live-flows-page.test.ts
 * sees to it that each has tests on both planes.
 */

/** The keys of the rows, in their order. */
export const EVENTS = [
  "idle",
  "lifetime",
  "requests",
  "responses",
  "draining",
  "removed",
  "down",
  "up-again",
  "backup-over",
  "refused",
  "silent",
  "unanswered",
  "back",
  "added",
  "policy",
  "affinity",
  "session",
  "other-pool",
  "listener-removed",
  "listener-stays",
  "full",
  "client-port",
  "socket-breaks",
  "source-gone",
  "worker-dies",
  "reload-refused",
  "stop",
] as const;
export type FlowEvent = (typeof EVENTS)[number];

/** Rows that only one plane has. */
export const ONLY_ON: Partial<Readonly<Record<FlowEvent, "portable" | "batched">>> = {
  "socket-breaks": "portable",
  "worker-dies": "batched",
};

/**
 * The test that calls it shows what these rows say. Read from the source, it does nothing when it runs: write the names out.
 * @param planes `both` in a file that runs its tests on each
 */
export function proves(_planes: "both" | "portable" | "batched", ..._events: FlowEvent[]): void {}
