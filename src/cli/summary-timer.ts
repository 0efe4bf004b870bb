/** Logs the summary line of a running balancer at its interval, and a last one when it stops. */
import type { Balancer, Stats } from "../api.js";
import type { Logger } from "./logger.js";
import { isWorrying, SUMMARY_INTERVAL_MS, summarize } from "./summary.js";

/** Returns what stops it. */
export function startSummaries(balancer: Pick<Balancer, "stats">, log: Logger): () => void {
  let before: Stats | undefined;
  const logSummary = (): void => {
    const after = balancer.stats();
    const summary = summarize(before, after);
    before = after;
    if (summary !== undefined) log[isWorrying(summary) ? "warn" : "info"]({ ...summary }, "traffic");
  };
  const timer = setInterval(logSummary, SUMMARY_INTERVAL_MS);
  timer.unref();
  return () => {
    clearInterval(timer);
    logSummary();
  };
}
