/** What a load came to, as text for people. For programs, a `LoadResult` is JSON as it is. */
import { formatEndpoint } from "../core/address.js";
import type { LoadCounter } from "./load-memory.js";
import type { LoadResult } from "./load-result.js";
import type { LoadProgress } from "./run-load.js";

/** Widest bar of the histogram, in characters. */
const BAR_WIDTH = 40;
/** Counts that are worth a line only when they are not 0. */
const FAULTS: readonly LoadCounter[] = ["late", "duplicate", "refused", "sendFailed"];
const FAULT_NAMES: Partial<Record<LoadCounter, string>> = {
  duplicate: "duplicates",
  sendFailed: "failed sends",
};

/** Several lines, without a newline at the end. */
export function formatReport(result: LoadResult): string {
  return [
    describePlan(result),
    "",
    ...describeCounts(result),
    ...(result.plan.oneWay ? [] : ["", ...describeLatency(result)]),
    ...(result.byTag.length > 0 ? ["", describeTags(result)] : []),
    ...(result.cpuMs === null ? [] : ["", describeCpu(result, result.cpuMs)]),
  ].join("\n");
}

/** One line. */
export function formatProgress(progress: LoadProgress): string {
  const { elapsedMs, requestsPerSecond, repliesPerSecond, counts } = progress;
  const faults = (["lost", "crossed", "bad"] as const).filter((name) => counts[name] > 0);
  const rates = `${whole(requestsPerSecond)} requests/s  ${whole(repliesPerSecond)} replies/s`;
  return [
    `${Math.round(elapsedMs / 1000)}s  ${rates}`,
    ...faults.map((name) => `${name} ${whole(counts[name])}`),
  ].join("  ");
}

function describePlan({ plan, measuredMs }: LoadResult): string {
  const loop = plan.oneWay ? "one way" : `${whole(plan.inFlight)} in flight`;
  const pace = plan.ratePerSecond > 0 ? `${whole(plan.ratePerSecond)} requests/s` : loop;
  const clients = `${whole(plan.clients)} ${plan.clients === 1 ? "client" : "clients"}`;
  const gso = plan.gso ? ", GSO" : "";
  const time = `${(measuredMs / 1000).toFixed(1)} s`;
  return `${formatEndpoint(plan.target)}: ${clients}, ${pace}, ${plan.sizeBytes} bytes${gso}, ${time}`;
}

function describeCounts(result: LoadResult): string[] {
  const { sent, answered, lost, plan } = result;
  const row = (name: string, value: string) => `${name.padEnd(14)}${value}`;
  const lines = [row("requests/s", whole(result.requestsPerSecond))];
  if (plan.oneWay) lines.push(row("sent", whole(sent)));
  else {
    const share = sent === 0 ? 0 : (100 * lost) / sent;
    lines.push(row("replies/s", whole(result.repliesPerSecond)));
    lines.push(row("sent", whole(sent)), row("answered", whole(answered)));
    lines.push(row("lost", `${whole(lost)} (${share.toFixed(3)} %)`));
    lines.push(row("crossed", whole(result.crossed)), row("bad", whole(result.bad)));
  }
  for (const name of FAULTS)
    if (result[name] > 0) lines.push(row(FAULT_NAMES[name] ?? name, whole(result[name])));
  return lines;
}

function describeLatency({ latency, histogram }: LoadResult): string[] {
  if (latency === null) return ["reply time     no reply"];
  const { p50Ms, p90Ms, p99Ms, p999Ms, maxMs } = latency;
  const figures = { p50: p50Ms, p90: p90Ms, p99: p99Ms, "p99.9": p999Ms, max: maxMs };
  const summary = Object.entries(figures).map(([name, ms]) => `${name} ${formatTime(ms)}`);
  return [`reply time    ${summary.join("  ")}`, ...drawHistogram(histogram)];
}

/** One bar for each doubling of the time; the fine buckets would be hundreds of lines. */
function drawHistogram(histogram: LoadResult["histogram"]): string[] {
  const bars = new Map<number, number>();
  let total = 0;
  for (const { belowMs, count } of histogram) {
    const power = Math.max(0, Math.ceil(Math.log2(belowMs * 1000) - 1e-9));
    bars.set(power, (bars.get(power) ?? 0) + count);
    total += count;
  }
  const powers = [...bars.keys()];
  const greatest = Math.max(...bars.values());
  const lines: string[] = [];
  for (let power = Math.min(...powers); power <= Math.max(...powers); power++) {
    const count = bars.get(power) ?? 0;
    const bar = "#".repeat(Math.ceil((count / greatest) * BAR_WIDTH)).padEnd(BAR_WIDTH);
    const share = ((100 * count) / total).toFixed(2).padStart(6);
    lines.push(`  < ${formatTime(2 ** power / 1000).padStart(8)}  ${bar}  ${share} %`);
  }
  return lines;
}

function describeTags({ byTag }: LoadResult): string {
  return `by server     ${byTag.map(({ tag, count }) => `${tag + 1}: ${whole(count)}`).join("  ")}`;
}

function describeCpu(result: LoadResult, cpuMs: number): string {
  const share = `${((100 * cpuMs) / result.measuredMs).toFixed(0)} % of a CPU`;
  const each = result.cpuNsPerDatagram === null ? "" : `, ${whole(result.cpuNsPerDatagram)} ns a datagram`;
  return `generator     ${share}${each}`;
}

/** 1,234,567 whatever the locale. */
function whole(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}

/** Three digits and a unit: `118 µs`, `2.05 ms`, `1.50 s`. */
function formatTime(ms: number): string {
  if (ms < 1) return `${digits(ms * 1000)} µs`;
  return ms < 1000 ? `${digits(ms)} ms` : `${digits(ms / 1000)} s`;
}

function digits(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}
