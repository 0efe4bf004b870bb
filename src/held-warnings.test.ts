import assert from "node:assert/strict";
import { test } from "node:test";
import { HeldWarnings } from "./held-warnings.js";

const warning = (code: string) => ({ code, message: `${code} happened` });

function createHeld() {
  const emitted: string[] = [];
  return { emitted, held: new HeldWarnings(({ code }) => emitted.push(code)) };
}

test("HeldWarnings: holds what comes before the first subscriber, in order, then lets all pass", async () => {
  const { emitted, held } = createHeld();
  held.push(warning("a"));
  held.push(warning("b"));
  assert.deepEqual(emitted, []);
  held.release();
  assert.deepEqual(emitted, [], "not while the subscriber is still subscribing");
  held.push(warning("c"));
  await Promise.resolve();
  assert.deepEqual(emitted, ["a", "b", "c"]);
  held.push(warning("d"));
  assert.deepEqual(emitted, ["a", "b", "c", "d"]);
});

test("HeldWarnings: a second subscriber gets nothing again", async () => {
  const { emitted, held } = createHeld();
  held.push(warning("a"));
  held.release();
  held.release();
  await Promise.resolve();
  held.release();
  await Promise.resolve();
  assert.deepEqual(emitted, ["a"]);
});

test("HeldWarnings: holds a bounded number", async () => {
  const { emitted, held } = createHeld();
  for (let i = 0; i < 1000; i++) held.push(warning(`${i}`));
  held.release();
  await Promise.resolve();
  assert.equal(emitted.length, 50);
  assert.equal(emitted[0], "0");
});
