/** The table of counted keys against a plain Map, from two buckets up. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { COUNTED_KEY_WORDS, KeyTable } from "#src/core/key-table.js";

const KEYS = 60;
const steps = fc.record({
  do: fc.constantFrom("hold", "hold", "release", "set" as const),
  key: fc.nat(KEYS - 1),
  value: fc.nat(),
});

interface Held {
  readonly entry: number;
  count: number;
  value: number;
}

function find(table: KeyTable, key: number): number {
  table.key.fill(0);
  table.key[key % COUNTED_KEY_WORDS] = key + 1;
  return table.find();
}

function hold(table: KeyTable, model: Map<number, Held>, key: number, value: number): void {
  const held = model.get(key);
  let entry = find(table, key);
  assert.equal(entry, held?.entry ?? -1);
  if (entry < 0) entry = table.insert(value);
  table.retain(entry);
  if (held) held.count++;
  else model.set(key, { entry, count: 1, value });
}

function release(table: KeyTable, model: Map<number, Held>, key: number): void {
  const held = model.get(key);
  if (!held) return;
  table.release(held.entry);
  if (--held.count === 0) model.delete(key);
}

function check(table: KeyTable, model: Map<number, Held>): void {
  assert.equal(table.size, model.size);
  const entries = new Set<number>();
  for (let key = 0; key < KEYS; key++) {
    const held = model.get(key);
    const entry = find(table, key);
    assert.equal(entry, held?.entry ?? -1, `key ${key}`);
    if (!held) continue;
    assert.deepEqual([table.count(entry), table.value(entry)], [held.count, held.value]);
    entries.add(entry);
  }
  assert.equal(entries.size, model.size, "no two keys share an entry");
}

describe("KeyTable", () => {
  it("is a Map from key to count and value, whatever happens", () => {
    const script = fc.array(steps, { minLength: 20, maxLength: 300, size: "max" });
    fc.assert(
      fc.property(fc.constantFrom(2, 4, 256), fc.nat(), script, (capacity, seed, all) => {
        const table = new KeyTable(seed, capacity);
        const model = new Map<number, Held>();
        for (const step of all) {
          const held = model.get(step.key);
          // Values are backend slots, 31 bits at most.
          if (step.do === "hold") hold(table, model, step.key, step.value);
          else if (step.do === "release") release(table, model, step.key);
          else if (held) {
            table.setValue(held.entry, step.value);
            held.value = step.value;
          }
        }
        check(table, model);
      }),
      { numRuns: 400 },
    );
  });
});
