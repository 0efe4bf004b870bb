import assert from "node:assert/strict";
import { test } from "node:test";
import { parseEndpoint } from "../core/address.js";
import { HISTOGRAM_WORDS, record } from "../core/histogram.js";
import { counterWord, createLoadMemory, setMeasure } from "./load-memory.js";
import { completePlan, type LoadPlan } from "./load-options.js";
import { readResult } from "./load-result.js";
import { formatProgress, formatReport } from "./report.js";

const target = parseEndpoint("127.0.0.1:53");

function createResult(plan: Partial<LoadPlan> = {}, times: readonly number[] = []) {
  const memory = createLoadMemory();
  memory.counters[counterWord("sent")] = 1500;
  memory.counters[counterWord("answered")] = times.length;
  memory.counters[counterWord("lost")] = 1500 - times.length;
  for (const ms of times) record(memory.histogram, 0, ms);
  memory.tags[1] = times.length;
  setMeasure(memory, "measuredMs", 500);
  setMeasure(memory, "measuredSent", 1000);
  setMeasure(memory, "measuredAnswered", times.length);
  setMeasure(memory, "cpuMs", 250);
  return readResult(completePlan({ target, ...plan }), memory);
}

test("createLoadMemory: both sides see the same figures, and no part overlaps another", () => {
  const memory = createLoadMemory();
  const other = createLoadMemory(memory.shared);
  for (const [i, name] of (["counters", "measures", "tags", "histogram"] as const).entries())
    memory[name].fill(i + 1);
  memory.stop[0] = 9;
  for (const [i, name] of (["counters", "measures", "tags", "histogram"] as const).entries()) {
    assert.ok(
      other[name].every((value) => value === i + 1),
      name,
    );
  }
  assert.equal(other.stop[0], 9);
  assert.equal(other.histogram.length, HISTOGRAM_WORDS);
});

test("readResult: rates, percentiles and CPU over the measured time, counts over all", () => {
  const times = Array.from({ length: 1000 }, (_, i) => (i < 998 ? 0.1 : 20));
  const result = createResult({}, times);
  assert.equal(result.requestsPerSecond, 2000);
  assert.equal(result.repliesPerSecond, 2000);
  assert.equal(result.sent, 1500);
  assert.equal(result.cpuNsPerDatagram, 125_000);
  const { p50Ms, p99Ms, p999Ms, maxMs } = result.latency!;
  for (const ms of [p50Ms, p99Ms]) assert.ok(Math.abs(ms - 0.1) < 0.005, `${ms}`);
  assert.ok(p999Ms > 19 && p999Ms <= 20, `${p999Ms}`);
  assert.equal(maxMs, 20);
  assert.deepEqual(result.byTag, [{ tag: 1, count: 1000 }]);
  assert.equal(
    result.histogram.reduce((sum, { count }) => sum + count, 0),
    1000,
  );
  assert.deepEqual(JSON.parse(JSON.stringify(result)).latency, { ...result.latency });
});

test("formatReport: says what was asked, what came of it, and draws the reply times", () => {
  const text = formatReport(
    createResult(
      {},
      Array.from({ length: 1400 }, (_, i) => (i < 1050 ? 0.1 : 0.2)),
    ),
  );
  const lines = text.split("\n");
  assert.equal(lines[0], "127.0.0.1:53: 8 clients, 256 in flight, 64 bytes, 0.5 s");
  assert.ok(lines.includes("lost          100 (6.667 %)"), text);
  assert.ok(lines.includes(`  <   128 µs  ${"#".repeat(40)}   75.00 %`), text);
  assert.ok(lines.includes(`  <   256 µs  ${"#".repeat(14).padEnd(40)}   25.00 %`), text);
  assert.ok(lines.includes("by server     2: 1,400"), text);
  assert.ok(!text.includes("duplicates"));
});

test("formatReport: without a reply, and one way", () => {
  assert.match(formatReport(createResult()), /reply time {5}no reply/);
  const oneWay = formatReport(createResult({ oneWay: true }));
  assert.match(oneWay, /8 clients, one way, 64 bytes/);
  assert.doesNotMatch(oneWay, /reply|lost/);
});

test("formatProgress: one line, faults only when there are some", () => {
  const counts = createResult({}, [1]);
  const progress = { elapsedMs: 3001, counts, requestsPerSecond: 1234.5, repliesPerSecond: 1000 };
  assert.equal(formatProgress(progress), "3s  1,235 requests/s  1,000 replies/s  lost 1,499");
});

test("completePlan: fills in defaults and names what is out of range", () => {
  assert.equal(completePlan({ target, clients: 500, inFlight: 10 }).inFlight, 500);
  assert.throws(() => completePlan({ target, sizeBytes: 23 }), {
    code: "LOAD_PLAN_INVALID",
    message: /^sizeBytes 23: expected 24 to 65507/,
  });
  assert.throws(() => completePlan({ target, clients: 0 }), /^LoadPlanError: clients 0/);
  assert.throws(() => completePlan({ target, durationMs: Number.NaN }), /durationMs NaN/);
  assert.throws(() => completePlan({ target: parseEndpoint("127.0.0.1:0") }), /port 0/);
  const elsewhere = parseEndpoint("192.0.2.1:53");
  assert.throws(
    () => completePlan({ target: elsewhere, distinctAddresses: true }),
    /only for a target in 127/,
  );
});
