import assert from "node:assert/strict";
import { test } from "node:test";
import { WrongTokens } from "./wrong-tokens.js";

function fail(wrong: WrongTokens, from: string, times: number, nowMs = 0): void {
  for (let i = 0; i < times; i++) wrong.count(from, nowMs);
}

test("WrongTokens: ten tries, then wait for the rest of the minute", () => {
  const wrong = new WrongTokens();
  fail(wrong, "192.0.2.1", 9);
  assert.equal(wrong.waitMs("192.0.2.1", 0), 0);
  fail(wrong, "192.0.2.1", 1, 20_000);
  assert.equal(wrong.waitMs("192.0.2.1", 20_000), 40_000);
  assert.equal(wrong.waitMs("192.0.2.2", 20_000), 0);
  assert.equal(wrong.waitMs("192.0.2.1", 60_000), 0);
  fail(wrong, "192.0.2.1", 1, 60_000);
  assert.equal(wrong.waitMs("192.0.2.1", 60_000), 0);
});

test("WrongTokens: one /64 is one address, and so are an IPv4 address and its mapped form", () => {
  const wrong = new WrongTokens();
  for (let i = 0; i < 10; i++) wrong.count(`2001:db8::${i}`, 0);
  assert.ok(wrong.waitMs("2001:db8::ffff", 0) > 0);
  assert.equal(wrong.waitMs("2001:db8:0:1::1", 0), 0);
  fail(wrong, "::ffff:192.0.2.1", 10);
  assert.equal(wrong.waitMs("::ffff:192.0.2.2", 0), 0);
  assert.ok(wrong.waitMs("::ffff:192.0.2.1", 0) > 0);
});

test("WrongTokens: a thousand addresses at most; the oldest is forgotten", () => {
  const wrong = new WrongTokens();
  fail(wrong, "192.0.2.1", 10);
  for (let i = 0; i < 999; i++) wrong.count(`10.0.${i >> 8}.${i & 255}`, 0);
  assert.ok(wrong.waitMs("192.0.2.1", 0) > 0);
  wrong.count("10.9.9.9", 0);
  assert.equal(wrong.waitMs("192.0.2.1", 0), 0);
});
