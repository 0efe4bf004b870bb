/** The contract between a probe, which asks one backend once, and those who schedule it and read the answer. */
import type { Endpoint } from "../core/address.js";

/** What one probe found. */
export interface ProbeResult {
  readonly ok: boolean;
  /** For people: why it failed or what it saw, such as `no answer within 1s`. Never text that a backend chose. */
  readonly reason: string;
  /** It failed for want of something on this machine, such as a descriptor, and so says nothing of the backend. */
  readonly isOurs?: boolean;
  /** From the start of the probe, by the monotonic clock. */
  readonly elapsedMs: number;
}

/** One way of asking whether a server works. It keeps nothing between two runs, so that one serves many backends. */
export interface Probe {
  /** As in the config, such as `dns`. */
  readonly type: string;
  /**
   * Asks once. Whatever the network or the backend does becomes a result: this never rejects.
   * @param timeoutMs until an answer must be there, from 1
   * @param signal ends the probe early, with a failure that nobody should count
   */
  run(target: Endpoint, timeoutMs: number, signal: AbortSignal): Promise<ProbeResult>;
}

/** What is said of a probe before the time is known. */
export interface Outcome {
  readonly ok: boolean;
  readonly reason: string;
  readonly isOurs?: boolean;
}

export function passed(reason: string): Outcome {
  return { ok: true, reason };
}

export function failed(reason: string): Outcome {
  return { ok: false, reason };
}

/** `250ms`, `1s`, `1.5s`. */
export function formatMs(ms: number): string {
  return ms < 1_000 ? `${ms}ms` : `${ms / 1_000}s`;
}
