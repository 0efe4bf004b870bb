import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { MAX_BACKENDS, MAX_LISTENERS, MAX_POOLS } from "../core/snapshot.js";
import { SlotRegistry } from "./slots.js";

describe("SlotRegistry", () => {
  it("gives the lowest free slot, and each identity always the same", () => {
    const registry = new SlotRegistry();
    assert.equal(registry.acquire("pool", ["a"]), 0);
    assert.equal(registry.acquire("pool", ["b"]), 1);
    assert.equal(registry.acquire("pool", ["a"]), 0);
  });

  it("counts each kind apart", () => {
    const registry = new SlotRegistry();
    assert.equal(registry.acquire("pool", ["a"]), 0);
    assert.equal(registry.acquire("listener", ["a"]), 0);
    assert.equal(registry.acquire("backend", ["a"]), 0);
    registry.release("pool", 0);
    assert.equal(registry.has("pool", ["a"]), false);
    assert.equal(registry.has("listener", ["a"]), true);
  });

  it("tells identities apart by their parts, not by their text", () => {
    const registry = new SlotRegistry();
    assert.notEqual(registry.acquire("backend", ["a", "b/c"]), registry.acquire("backend", ["a/b", "c"]));
    assert.notEqual(registry.acquire("backend", ["a,b"]), registry.acquire("backend", ["a", "b"]));
  });

  it("uses a slot again only after its release, the lowest first", () => {
    const registry = new SlotRegistry();
    for (const name of ["a", "b", "c", "d"]) registry.acquire("pool", [name]);
    registry.release("pool", 2);
    registry.release("pool", 1);
    assert.deepEqual(registry.inUse("pool"), [0, 3]);
    assert.equal(registry.acquire("pool", ["e"]), 1);
    assert.equal(registry.acquire("pool", ["c"]), 2, "c lost its slot and takes the lowest free one");
    assert.equal(registry.acquire("pool", ["f"]), 4);
  });

  it("does nothing on the release of a free slot", () => {
    const registry = new SlotRegistry();
    registry.release("pool", 7);
    registry.acquire("pool", ["a"]);
    registry.release("pool", 0);
    registry.release("pool", 0);
    assert.equal(registry.acquire("pool", ["b"]), 0);
    assert.deepEqual(registry.inUse("pool"), [0]);
  });

  for (const [kind, capacity] of [
    ["listener", MAX_LISTENERS],
    ["pool", MAX_POOLS],
    ["backend", MAX_BACKENDS],
  ] as const) {
    it(`holds ${capacity} of the kind ${kind} and then throws TOO_MANY`, () => {
      const registry = new SlotRegistry();
      for (let i = 0; i < capacity; i++) assert.equal(registry.acquire(kind, [`${i}`]), i);
      assert.throws(() => registry.acquire(kind, ["one more"]), { name: "SluiceError", code: "TOO_MANY" });
      assert.equal(registry.acquire(kind, ["5"]), 5, "those that have a slot keep it");
      registry.release(kind, 5);
      assert.equal(registry.acquire(kind, ["one more"]), 5);
    });
  }
});
