/**
 * One attempt at something on the network: it ends once, by its outcome, by timeout or by abort, and always cleans
 * up. Every probe is built on this, so that none can hang, leak or throw.
 */
import { failed, formatMs, type Outcome, type ProbeResult } from "../probe.js";
import { failedBy } from "./describe-fault.js";

export interface AttemptOptions {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** What it means that the time is up; left out: a failure, `no answer within …`. */
  readonly onTimeout?: () => Outcome;
}

/** Ends the attempt; calls after the first do nothing. */
export type Settle = (outcome: Outcome) => void;

/**
 * Runs `start`, which calls `settle` when it knows, and returns what closes everything that it opened. What it
 * throws is a failure with that reason.
 */
export function attempt(
  options: AttemptOptions,
  start: (settle: Settle) => () => void,
): Promise<ProbeResult> {
  const { timeoutMs, signal } = options;
  const onTimeout = options.onTimeout ?? (() => failed(`no answer within ${formatMs(timeoutMs)}`));
  const startedMs = performance.now();
  return new Promise((resolve) => {
    let cleanUp: (() => void) | undefined;
    let isSettled = false;
    const settle: Settle = (outcome) => {
      if (isSettled) return;
      isSettled = true;
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
      cleanUp?.();
      resolve({ ...outcome, elapsedMs: performance.now() - startedMs });
    };
    const onAbort = () => settle(failed("given up"));
    const timer = setTimeout(() => settle(onTimeout()), timeoutMs);
    signal.addEventListener("abort", onAbort);
    if (signal.aborted) return onAbort();
    try {
      cleanUp = start(settle);
    } catch (error) {
      return settle(failedBy(error));
    }
    // It may have settled while it started, before there was anything to clean up with.
    if (isSettled) cleanUp();
  });
}
