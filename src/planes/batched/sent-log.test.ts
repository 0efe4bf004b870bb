import assert from "node:assert/strict";
import { test } from "node:test";
import { CUT_BURST, NOTHING, SentLog, UNKNOWN, WHOLE, WHOLE_BURST } from "./sent-log.js";

/** All that is sent and quoted lies here: zeros, but for the tests of payloads. */
const memory = new Uint8Array(32_768);
const newLog = () => new SentLog(memory, Math.random);

/** A log with these sends, [bytes, segment], on upstream 7. */
function logOf(...sends: [number, number?][]): SentLog {
  const log = newLog();
  log.nextBatch(0);
  for (const [bytes, segment = bytes] of sends) {
    log.note(7, bytes, segment, 0, 0);
    if (bytes > segment) log.print(0, bytes, segment);
  }
  return log;
}

test("SentLog.match: a quote is whole when something of that size was sent, and nothing else", () => {
  const log = logOf([100], [300], [1200, 400]);
  assert.equal(log.match(7, 0, 100, false, 0), WHOLE);
  assert.equal(log.match(7, 0, 400, false, 0), WHOLE, "one of a burst that a network card cut apart");
  assert.equal(log.match(7, 0, 1200, false, 0), WHOLE_BURST);
  assert.deepEqual([log.bytes[log.found], log.segment[log.found]], [1200, 400]);
  assert.equal(log.match(7, 0, 99, false, 0), NOTHING);
  assert.equal(log.match(8, 0, 100, false, 0), NOTHING, "another upstream");
  assert.equal(log.match(7, 0, 100, false, 2001), NOTHING, "too long ago");
});

test("SentLog.match: what could be one thing or another is unknown", () => {
  assert.equal(logOf([200], [200, 100]).match(7, 0, 200, false, 0), UNKNOWN, "one datagram, or two");
  assert.equal(logOf([200, 50], [200, 100]).match(7, 0, 200, false, 0), UNKNOWN, "cut where");
  assert.equal(logOf([520], [1400]).match(7, 0, 520, true, 0), UNKNOWN, "whole, or the head of the other");
  assert.equal(logOf([0], [80]).match(7, 0, 0, true, 0), UNKNOWN, "hosts that quote nothing");
  assert.equal(logOf([1400]).match(7, 0, 520, true, 0), UNKNOWN, "cut");
});

test("SentLog.match: at a size where hosts cut, the only thing that fits", () => {
  assert.equal(logOf([520], [40]).match(7, 0, 520, true, 0), WHOLE);
  assert.equal(logOf([0]).match(7, 0, 0, true, 0), WHOLE);
  assert.equal(logOf([1600, 100]).match(7, 0, 520, true, 0), CUT_BURST);
  assert.equal(logOf([1600, 800]).match(7, 0, 520, true, 0), UNKNOWN, "not one datagram of it is whole");
});

test("SentLog.match: what was refused once is not taken for another refusal", () => {
  const log = logOf([64]);
  assert.equal(log.match(7, 0, 64, false, 0), WHOLE);
  log.forget(log.found);
  assert.equal(log.match(7, 0, 64, false, 0), NOTHING);
});

test("SentLog.olderAtHand: newest first, only of the last batch; the ring goes round", () => {
  const log = newLog();
  for (let i = 0; i < 20_000; i++) log.note(i % 2, i, i, 3, 0);
  log.nextBatch(5);
  assert.equal(log.olderAtHand(0, -1), -1);
  log.note(0, 10, 10, 3, 0);
  log.note(1, 11, 11, 3, 0);
  log.note(0, 12, 12, -1, 0);
  log.note(0, 13, 13, 4, 0);
  const newest = log.olderAtHand(0, -1);
  const older = log.olderAtHand(0, newest);
  assert.deepEqual([log.bytes[newest], log.bytes[older], log.olderAtHand(0, older)], [13, 10, -1]);
  const whole = newLog();
  for (let i = 0; i < 8192; i++) whole.note(0, 1, 1, 3, 0);
  let count = 0;
  for (let at = whole.olderAtHand(0, -1); at >= 0; at = whole.olderAtHand(0, at)) count++;
  assert.equal(count, 8192);
});

test("SentLog.match: a made-up payload is nothing that was sent", (t) => {
  t.after(() => memory.fill(0));
  const random = generator(7);
  for (let at = 0; at < 1200; at++) memory[at] = random() * 256;
  const log = logOf([100]);
  log.note(7, 1200, 400, 0, 0);
  for (let at = 0; at < 1200; at += 400) log.print(at, 400, 400);
  const invented = 2000;
  for (let at = 0; at < 1200; at++) memory[invented + at] = random() * 256;
  const matches = (quote: number, quoted: number, mayBeCut = false) =>
    log.match(7, quote, quoted, mayBeCut, 0);
  assert.deepEqual([matches(0, 100), matches(invented, 100)], [WHOLE, NOTHING]);
  assert.deepEqual([matches(0, 1200), matches(invented, 1200)], [WHOLE_BURST, NOTHING]);
  assert.deepEqual([matches(400, 400), matches(800, 400), matches(100, 400)], [WHOLE, WHOLE, NOTHING]);
  assert.deepEqual([matches(0, 520, true), matches(invented, 520, true)], [CUT_BURST, NOTHING]);
});

test("SentLog.match: of payloads with every fourth byte changed one in ten passes", (t) => {
  t.after(() => memory.fill(0));
  const random = generator(9);
  let passed = 0;
  for (let round = 0; round < 2000; round++) {
    memory.fill(0);
    const log = new SentLog(memory, random);
    log.note(7, 100, 100, 0, 0);
    for (let at = 0; at < 100; at++) if (random() < 0.25) memory[at] = 1;
    if (log.match(7, 0, 100, false, 0) === WHOLE) passed++;
  }
  assert.ok(passed > 130 && passed < 280, `${passed} of 2000 passed, 200 expected`);
});

test("SentLog.match: every byte of short payloads counts", (t) => {
  t.after(() => memory.fill(0));
  for (const bytes of [1, 2, 3, 4]) {
    for (let at = 0; at < bytes; at++) {
      memory.fill(0);
      const log = logOf([bytes]);
      memory[at] = 1;
      assert.equal(log.match(7, 0, bytes, false, 0), NOTHING, `byte ${at} of ${bytes}`);
    }
  }
});

test("SentLog.match: a burst whose prints are forgotten is nothing", () => {
  const log = logOf([64, 32]);
  assert.equal(log.match(7, 0, 64, false, 0), WHOLE_BURST);
  for (let i = 0; i < 8; i++) {
    log.note(8, 4096, 1, 0, 0);
    log.print(0, 4096, 1);
  }
  assert.equal(log.match(7, 0, 64, false, 0), NOTHING);
});

function generator(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return (state >>> 0) / 2 ** 32;
  };
}
