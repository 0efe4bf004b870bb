import assert from "node:assert/strict";
import { test } from "node:test";
import { CUT_BURST, NOTHING, SentLog, UNKNOWN, WHOLE, WHOLE_BURST } from "./sent-log.js";

/** A log with these sends, [bytes, segment], on upstream 7. */
function logOf(...sends: [number, number?][]): SentLog {
  const log = new SentLog();
  log.nextBatch(0);
  for (const [bytes, segment = bytes] of sends) log.note(7, bytes, segment, 0);
  return log;
}

test("SentLog.match: a quote is whole when something of that size was sent, and nothing else", () => {
  const log = logOf([100], [300], [1200, 400]);
  assert.equal(log.match(7, 100, false, 0), WHOLE);
  assert.equal(log.match(7, 400, false, 0), WHOLE, "one of a burst that a network card cut apart");
  assert.equal(log.match(7, 1200, false, 0), WHOLE_BURST);
  assert.deepEqual([log.bytes[log.found], log.segment[log.found]], [1200, 400]);
  assert.equal(log.match(7, 99, false, 0), NOTHING);
  assert.equal(log.match(8, 100, false, 0), NOTHING, "another upstream");
  assert.equal(log.match(7, 100, false, 2001), NOTHING, "too long ago");
});

test("SentLog.match: what could be one thing or another is unknown", () => {
  assert.equal(logOf([200], [200, 100]).match(7, 200, false, 0), UNKNOWN, "one datagram, or two");
  assert.equal(logOf([200, 50], [200, 100]).match(7, 200, false, 0), UNKNOWN, "cut where");
  assert.equal(logOf([520], [1400]).match(7, 520, true, 0), UNKNOWN, "whole, or the head of the other");
  assert.equal(logOf([0], [80]).match(7, 0, true, 0), UNKNOWN, "hosts that quote nothing");
  assert.equal(logOf([1400]).match(7, 520, true, 0), UNKNOWN, "cut");
});

test("SentLog.match: at a size where hosts cut, the only thing that fits", () => {
  assert.equal(logOf([520], [40]).match(7, 520, true, 0), WHOLE);
  assert.equal(logOf([0]).match(7, 0, true, 0), WHOLE);
  assert.equal(logOf([1600, 100]).match(7, 520, true, 0), CUT_BURST);
  assert.equal(logOf([1600, 800]).match(7, 520, true, 0), UNKNOWN, "not one datagram of it is whole");
});

test("SentLog.match: what was refused once is not taken for another refusal", () => {
  const log = logOf([64]);
  assert.equal(log.match(7, 64, false, 0), WHOLE);
  log.forget(log.found);
  assert.equal(log.match(7, 64, false, 0), NOTHING);
});

test("SentLog.olderAtHand: newest first, only of the last batch; the ring goes round", () => {
  const log = new SentLog();
  for (let i = 0; i < 20_000; i++) log.note(i % 2, i, i, 3);
  log.nextBatch(5);
  assert.equal(log.olderAtHand(0, -1), -1);
  log.note(0, 10, 10, 3);
  log.note(1, 11, 11, 3);
  log.note(0, 12, 12, -1);
  log.note(0, 13, 13, 4);
  const newest = log.olderAtHand(0, -1);
  const older = log.olderAtHand(0, newest);
  assert.deepEqual([log.bytes[newest], log.bytes[older], log.olderAtHand(0, older)], [13, 10, -1]);
  const whole = new SentLog();
  for (let i = 0; i < 8192; i++) whole.note(0, 1, 1, 3);
  let count = 0;
  for (let at = whole.olderAtHand(0, -1); at >= 0; at = whole.olderAtHand(0, at)) count++;
  assert.equal(count, 8192);
});
