import assert from "node:assert/strict";
import { test } from "node:test";
import { formatOutcome, formatReport, tallyReport } from "./lab-report.js";

const OUTCOMES = [
  { n: 1, server: 1, isDropped: false, roundTripMs: 1 },
  { n: 2, server: 2, isDropped: true, roundTripMs: Number.NaN },
  { n: 3, server: 1, isDropped: false, roundTripMs: 4 },
  { n: 4, isDropped: false, roundTripMs: Number.NaN },
];

test("tallyReport: requests, answers and losses of each server and in all", () => {
  assert.deepEqual(tallyReport(["a:1", "b:2"], OUTCOMES), {
    servers: [
      { address: "a:1", requests: 2, answers: 2, dropped: 0 },
      { address: "b:2", requests: 1, answers: 0, dropped: 1 },
    ],
    requests: 4,
    answers: 2,
    dropped: 1,
    lostElsewhere: 1,
    roundTripMs: { min: 1, median: 2.5, max: 4 },
  });
});

test("tallyReport: without a request everything is 0 and times are NaN", () => {
  const report = tallyReport(["a:1"], []);
  assert.equal(report.requests, 0);
  assert.deepEqual(report.roundTripMs, { min: Number.NaN, median: Number.NaN, max: Number.NaN });
});

test("formatReport: the table says whose doing the lost answers are", () => {
  assert.deepEqual(formatReport(tallyReport(["a:1", "b:2"], OUTCOMES)), [
    "          address  requests   share  answers  dropped on purpose",
    "server 1  a:1             2   50.0%        2                   0",
    "server 2  b:2             1   25.0%        0                   1",
    "in all                    4  100.0%        2                   1",
    "",
    "loss: 2 of 4 requests (50.0%) got no answer; the servers dropped 1 on purpose (each drops 4 in 11), 1 went missing elsewhere",
    "round trip: 1.00 ms min, 2.50 ms median, 4.00 ms max",
  ]);
});

test("formatOutcome: where a request went and what came of it", () => {
  assert.deepEqual(OUTCOMES.map(formatOutcome), [
    "request   1 -> server 1   answer after 1.00 ms",
    "request   2 -> server 2   no answer: server 2 dropped it on purpose",
    "request   3 -> server 1   answer after 4.00 ms",
    "request   4 -> no server  no answer in time",
  ]);
});
