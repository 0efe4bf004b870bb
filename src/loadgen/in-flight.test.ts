import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { InFlight } from "./in-flight.js";

test("InFlight: knows exactly the datagrams that were taken and not released", () => {
  const inFlight = new InFlight(2);
  const one = inFlight.take(5, 100, 1);
  const two = inFlight.take(6, 100, 2);
  assert.equal(inFlight.take(7, 100, 3), -1);
  assert.equal(inFlight.count, 2);
  assert.ok(inFlight.has(one, 5, 100));
  assert.equal(inFlight.has(one, 6, 100), false);
  assert.equal(inFlight.has(one, 5, 101), false);
  assert.equal(inFlight.has(0xffff_ffff, 5, 100), false);
  inFlight.release(one);
  assert.equal(inFlight.has(one, 5, 100), false);
  assert.equal(inFlight.has(one, 0xffff_ffff, 100), false, "a free slot matches no client");
  assert.deepEqual([inFlight.oldest(), inFlight.client(two), inFlight.dueMs(two)], [two, 6, 2]);
});

test("InFlight: the oldest comes first, whatever the order of release", () => {
  const commands = fc.array(fc.integer({ min: -10, max: 20 }), { maxLength: 100 });
  fc.assert(
    fc.property(commands, (steps) => {
      const inFlight = new InFlight(8);
      const model: { slot: number; sequence: number }[] = []; // oldest first
      for (const [sequence, step] of steps.entries()) {
        if (step < 0 || model.length === 0) {
          const slot = inFlight.take(1, sequence, sequence);
          assert.equal(slot === -1, model.length === 8);
          if (slot >= 0) model.push({ slot, sequence });
        } else {
          const [{ slot }] = model.splice(step % model.length, 1);
          inFlight.release(slot);
        }
        assert.equal(inFlight.count, model.length);
        assert.equal(inFlight.oldest(), model[0]?.slot ?? -1);
        for (const entry of model) assert.ok(inFlight.has(entry.slot, 1, entry.sequence));
      }
    }),
  );
});
