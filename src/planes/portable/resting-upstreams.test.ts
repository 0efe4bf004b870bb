import assert from "node:assert/strict";
import { test } from "node:test";
import { RestingUpstreams } from "./resting-upstreams.js";
import type { Upstream } from "./upstream.js";

test("RestingUpstreams.closeUntil: closes those whose rest is over by then, wherever they stand, and no others", () => {
  const closed: number[] = [];
  const resting = new RestingUpstreams();
  for (const untilMs of [30, 10, 20, 40]) {
    const upstream = { restUntilMs: 0, close: () => closed.push(untilMs) };
    resting.add(upstream as unknown as Upstream, untilMs);
  }
  resting.closeUntil(20);
  assert.deepEqual([closed, resting.size], [[10, 20], 2]);
  resting.closeUntil(5);
  assert.equal(resting.size, 2);
});
