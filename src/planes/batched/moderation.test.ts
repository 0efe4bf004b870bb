import assert from "node:assert/strict";
import { test } from "node:test";
import { Moderation } from "./moderation.js";

/** Turns of so many messages each, so many milliseconds apart, until it has looked at least twice. */
function after(moderation: Moderation, messages: number, turnMs: number, startMs = 0): number {
  let nowMs = startMs;
  for (let turn = 0; turn < 200; turn++) {
    nowMs += turnMs;
    moderation.turn(messages, nowMs);
  }
  return nowMs;
}

test("Moderation: small turns in quick succession pause", () => {
  const moderation = new Moderation();
  after(moderation, 2, 0.01); // 200 messages a millisecond
  assert.equal(moderation.pauses, true);
});

test("Moderation: small turns at a lower rate do not", () => {
  const moderation = new Moderation();
  after(moderation, 2, 0.02); // 100 messages a millisecond
  assert.equal(moderation.pauses, false);
});

test("Moderation: turns that are full anyway do not", () => {
  const moderation = new Moderation();
  after(moderation, 250, 0.5); // 500 messages a millisecond
  assert.equal(moderation.pauses, false);
});

test("Moderation: pauses go on at a rate at which they would not begin, and end below that", () => {
  const moderation = new Moderation();
  let nowMs = after(moderation, 2, 0.01);
  nowMs = after(moderation, 7, 0.05, nowMs); // 140 a millisecond
  assert.equal(moderation.pauses, true);
  nowMs = after(moderation, 5, 0.05, nowMs); // 100
  assert.equal(moderation.pauses, false);
  after(moderation, 7, 0.05, nowMs);
  assert.equal(moderation.pauses, false);
});

test("Moderation: a pause in the traffic counts as time", () => {
  const moderation = new Moderation();
  after(moderation, 2, 0.01);
  for (let turn = 0; turn < 64; turn++) moderation.turn(2, 10_000 + turn * 0.01);
  for (let turn = 0; turn < 64; turn++) moderation.turn(0, 20_000 + turn * 1000);
  assert.equal(moderation.pauses, false);
});
