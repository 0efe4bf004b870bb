import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  BACKEND,
  backendAt,
  COUNTER_WORDS,
  clearBackend,
  clearListener,
  createCounters,
  FLOW_ENDS,
  LISTENER,
  listenerAt,
} from "./counters.js";
import { DROP_REASONS } from "./drop-reason.js";
import { HISTOGRAM_WORDS } from "./histogram.js";
import { MAX_BACKENDS, MAX_LISTENERS } from "./snapshot.js";

/** Every word that a listener's block uses. */
function listenerWords(slot: number): number[] {
  const { drops, replyDrops, ended, ...single } = LISTENER;
  const run = (from: number, length: number) => Array.from({ length }, (_, i) => from + i);
  const offsets = [
    ...Object.values(single),
    ...run(drops, DROP_REASONS.length),
    ...run(replyDrops, DROP_REASONS.length),
    ...run(ended, FLOW_ENDS.length),
  ];
  return offsets.map((offset) => listenerAt(slot) + offset);
}

function backendWords(slot: number): number[] {
  const { replyTime, ...single } = BACKEND;
  const histogram = Array.from({ length: HISTOGRAM_WORDS }, (_, i) => replyTime + i);
  return [...Object.values(single), ...histogram].map((offset) => backendAt(slot) + offset);
}

describe("the layout of counters", () => {
  it("gives no word to two counts, and every slot has its words", () => {
    const slots = [0, 1, MAX_LISTENERS - 1];
    const words = [...slots.flatMap(listenerWords), ...[0, 1, MAX_BACKENDS - 1].flatMap(backendWords)];
    assert.equal(new Set(words).size, words.length);
    assert.ok(Math.max(...words) < COUNTER_WORDS);
    assert.ok(Math.max(...listenerWords(MAX_LISTENERS - 1)) < Math.min(...backendWords(0)));
  });

  it("may lie in shared memory", () => {
    const shared = new SharedArrayBuffer(COUNTER_WORDS * 8);
    createCounters(shared)[backendAt(3)] = 5;
    assert.equal(createCounters(shared)[backendAt(3)], 5);
    assert.equal(createCounters().length, COUNTER_WORDS);
  });
});

describe("clearListener and clearBackend", () => {
  it("forget one slot and leave its neighbours", () => {
    const counters = createCounters();
    for (const word of [0, 1, 2].flatMap((slot) => [...listenerWords(slot), ...backendWords(slot)]))
      counters[word] = 1;
    clearListener(counters, 1);
    clearBackend(counters, 1);
    const sum = (words: number[]) => words.reduce((total, word) => total + counters[word], 0);
    assert.deepEqual(
      [0, 1, 2].map((slot) => sum(listenerWords(slot)) > 0),
      [true, false, true],
    );
    assert.deepEqual(
      [0, 2].map((slot) => sum(listenerWords(slot))),
      Array(2).fill(listenerWords(0).length),
    );
    assert.deepEqual(
      [0, 1, 2].map((slot) => sum(backendWords(slot))),
      [backendWords(0).length, 0, backendWords(2).length],
    );
  });
});
