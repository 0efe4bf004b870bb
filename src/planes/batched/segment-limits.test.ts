import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { EINVAL, EIO, EMSGSIZE, ENOBUFS } from "../../linux/errno.js";
import { DestinationLimits } from "./destination-limits.js";
import { LEARNED_MS, NO_LIMIT, SegmentLimits } from "./segment-limits.js";

describe("SegmentLimits", () => {
  it("learns by path: below the size that was refused, or no bursts at all", () => {
    const told: number[][] = [];
    const limits = new SegmentLimits(3, true, (...what) => told.push(what));
    assert.ok(limits.learn(0, 2000, -EMSGSIZE, 0));
    assert.ok(limits.learn(1, 2000, -EIO, 0));
    assert.ok(limits.learn(0, 1500, -EINVAL, 1));
    assert.ok(limits.learn(0, 1700, -EINVAL, 2));
    assert.ok(!limits.learn(2, 2000, -ENOBUFS, 0));
    assert.deepEqual(
      [0, 1, 2].map((path) => limits.largest(path, 3)),
      [1499, 0, NO_LIMIT],
    );
    assert.deepEqual(told, [
      [0, 1999],
      [1, 0],
      [0, 1499],
    ]);
  });

  it("forgets after a minute, and tells the same again only of another backend", () => {
    const told: number[][] = [];
    const limits = new SegmentLimits(1, true, (...what) => told.push(what));
    limits.learn(0, 2000, -EMSGSIZE, 0);
    assert.deepEqual(
      [LEARNED_MS - 1, LEARNED_MS].map((now) => limits.largest(0, now)),
      [1999, NO_LIMIT],
    );
    limits.learn(0, 2000, -EMSGSIZE, LEARNED_MS);
    assert.equal(told.length, 1);
    limits.forget(0);
    assert.equal(limits.largest(0, LEARNED_MS), NO_LIMIT);
    limits.learn(0, 2000, -EMSGSIZE, LEARNED_MS);
    assert.equal(told.length, 2);
  });

  it("has no bursts where the kernel has none", () => {
    assert.equal(new SegmentLimits(1, false, () => {}).largest(0, 0), 0);
    assert.equal(new DestinationLimits(false, 1, () => {}).largest(ipOf(1), 0, 0), 0);
  });
});

function ipOf(last: number): Uint32Array {
  return Uint32Array.of(0, 0, 0xffff, last);
}

describe("DestinationLimits", () => {
  it("learns by client: what one client's path refuses changes nothing for others", () => {
    const told: unknown[] = [];
    const limits = new DestinationLimits(true, 1, (listener, ip, largest) =>
      told.push([listener, ip[3], largest]),
    );
    assert.ok(limits.learn(7, Uint32Array.of(9, ...ipOf(1)), 1, 1200, -EMSGSIZE, 0));
    assert.ok(!limits.learn(7, ipOf(2), 0, 1200, -ENOBUFS, 0));
    assert.equal(limits.largest(ipOf(1), 0, 1), 1199);
    for (let last = 2; last < 5000; last++) assert.equal(limits.largest(ipOf(last), 0, 1), NO_LIMIT);
    assert.ok(limits.learn(7, ipOf(1), 0, 1000, -EINVAL, 2));
    assert.equal(limits.largest(ipOf(1), 0, 3), 999);
    assert.deepEqual(told, [[7, 1, 1199]]);
  });

  it("forgets after a minute", () => {
    const limits = new DestinationLimits(true, 1, () => {});
    limits.learn(0, ipOf(1), 0, 1200, -EIO, 0);
    limits.learn(0, ipOf(2), 0, 1200, -EIO, 1000);
    assert.deepEqual(
      [1, 2].map((last) => limits.largest(ipOf(last), 0, LEARNED_MS)),
      [NO_LIMIT, 0],
    );
    assert.equal(limits.largest(ipOf(2), 0, LEARNED_MS + 1000), NO_LIMIT);
  });

  it("is bounded: of very many the last ones are known", () => {
    const limits = new DestinationLimits(true, 1, () => {});
    for (let last = 0; last < 100_000; last++) limits.learn(0, ipOf(last), 0, 1200, -EIO, 0);
    assert.equal(limits.largest(ipOf(99_999), 0, 1), 0);
    let known = 0;
    for (let last = 0; last < 100_000; last++) if (limits.largest(ipOf(last), 0, 1) === 0) known++;
    assert.equal(known, 1024);
  });
});
