// Several runs of node's test runner, one after the other, as one stream of events: the summaries that each run ends in
// are added up to one, and the files that took longest are named before it.
import { relative, resolve } from "node:path";
import { run } from "node:test";

/** Longest time one test file may take; a hanging test must not hang the whole run. Far more than a busy machine needs. */
const FILE_TIMEOUT_MS = 600_000;
const SLOWEST = 8;
const SUMMARY = /^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) ([\d.]+)$/;

/**
 * Events for a reporter.
 * @param phases files that run together, and how many of them at the same time
 * @param outcome `failed` becomes how many tests failed or were cancelled
 */
export async function* runInTurn(phases, outcome) {
  const totals = new Map();
  const durations = [];
  for (const { files, concurrency } of phases) {
    for await (const event of run({ files, concurrency, timeout: FILE_TIMEOUT_MS })) {
      const { type, data } = event;
      const [, name, count] = summaryLine(type, data) ?? [];
      if (name !== undefined) totals.set(name, (totals.get(name) ?? 0) + Number(count));
      else if (type !== "test:summary") yield event;
      if (type === "test:complete" && isWholeFile(data))
        durations.push([data.name, data.details.duration_ms]);
    }
  }
  outcome.failed = (totals.get("fail") ?? 0) + (totals.get("cancelled") ?? 0);
  for (const message of nameSlowest(durations)) yield diagnostic(message);
  for (const [name, count] of totals) yield diagnostic(`${name} ${count}`);
}

/** A line of a run's summary: the whole, its name and its number. */
function summaryLine(type, { nesting, file, message }) {
  return type === "test:diagnostic" && nesting === 0 && file === undefined ? SUMMARY.exec(message) : null;
}

function isWholeFile({ nesting, name, file }) {
  return nesting === 0 && resolve(name) === file;
}

function nameSlowest(durations) {
  const slowest = durations.toSorted((a, b) => b[1] - a[1]).slice(0, SLOWEST);
  return slowest.map(([file, ms]) => `${(ms / 1000).toFixed(1)} s ${relative(process.cwd(), file)}`);
}

function diagnostic(message) {
  return { type: "test:diagnostic", data: { nesting: 0, message } };
}
