import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RetiredSlots } from "./retired-slots.js";

const always = () => true;

describe("RetiredSlots", () => {
  it("gives a slot out again after its upstreams' rest, once", () => {
    const retired = new RetiredSlots();
    retired.update([1, 2, 3], new Set([2]), 1000);
    assert.deepEqual(retired.take(35_999, always), []);
    assert.deepEqual(retired.take(36_000, always), [1, 3]);
    assert.deepEqual(retired.take(99_000, always), []);
  });

  it("keeps a slot for as long as it is in use", () => {
    const retired = new RetiredSlots();
    retired.update([1, 2], new Set(), 0);
    assert.deepEqual(
      retired.take(40_000, (slot) => slot !== 1),
      [2],
    );
    assert.deepEqual(retired.take(50_000, always), [1]);
  });

  it("forgets a slot that is back, and counts anew when it leaves again", () => {
    const retired = new RetiredSlots();
    retired.update([1], new Set(), 0);
    retired.update([], new Set([1]), 10_000);
    assert.deepEqual(retired.take(40_000, always), []);
    retired.update([1], new Set(), 40_000);
    assert.deepEqual(retired.take(74_999, always), []);
    assert.deepEqual(retired.take(75_000, always), [1]);
  });
});
