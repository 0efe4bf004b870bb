import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RateLimit } from "./rate-limit.js";

describe("RateLimit", () => {
  it("lets each kind through once in its time, the first at once", () => {
    const limit = new RateLimit(1000);
    assert.deepEqual(
      [limit.allows("a", 0), limit.allows("a", 999), limit.allows("b", 999)],
      [true, false, true],
    );
    assert.deepEqual([limit.allows("a", 1000), limit.allows("b", 1000)], [true, false]);
  });

  it("counts from what was let through, not from what was refused", () => {
    const limit = new RateLimit(1000);
    assert.deepEqual(
      [0, 900, 1800, 2700].map((nowMs) => limit.allows("a", nowMs)),
      [true, false, true, false],
    );
  });
});
