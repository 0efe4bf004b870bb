import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { COUNTED_KEY_WORDS, KeyTable } from "./key-table.js";

function add(table: KeyTable, word: number, value = 0): number {
  table.key.fill(0);
  table.key[3] = word;
  const entry = table.insert(value);
  table.retain(entry);
  return entry;
}

function find(table: KeyTable, word: number): number {
  table.key.fill(0);
  table.key[3] = word;
  return table.find();
}

describe("KeyTable", () => {
  it("counts the holders of a key, and forgets it with the last", () => {
    const table = new KeyTable(1);
    assert.equal(find(table, 7), -1);
    const entry = add(table, 7, 42);
    table.retain(entry);
    assert.deepEqual([table.count(entry), table.value(entry), table.size], [2, 42, 1]);
    table.release(entry);
    assert.equal(find(table, 7), entry);
    table.release(entry);
    assert.equal(find(table, 7), -1);
    assert.equal(table.size, 0);
  });

  it("changes a value", () => {
    const table = new KeyTable(1);
    const [a, b] = [add(table, 1, 10), add(table, 2, 20)];
    table.setValue(a, 11);
    assert.deepEqual([table.value(a), table.value(b)], [11, 20]);
  });

  it("compares every word of the key, whatever the hash", () => {
    // Two buckets, so that every other key meets the one that is there.
    const table = new KeyTable(1, 2);
    table.key.set([1, 2, 3, 4, 5]);
    const entry = table.insert(0);
    for (let word = 0; word < COUNTED_KEY_WORDS; word++) {
      for (let other = 100; other < 108; other++) {
        table.key.set([1, 2, 3, 4, 5].with(word, other));
        assert.equal(table.find(), -1, `word ${word}`);
      }
    }
    table.key.set([1, 2, 3, 4, 5]);
    assert.equal(table.find(), entry);
  });

  it("doubles as keys come; entries keep their numbers, counts and values", () => {
    const table = new KeyTable(1, 2);
    const entries = Array.from({ length: 1000 }, (_, word) => add(table, word, word * 3));
    assert.equal(table.size, 1000);
    entries.forEach((entry, word) => {
      assert.equal(find(table, word), entry);
      assert.deepEqual([table.count(entry), table.value(entry)], [1, word * 3]);
    });
  });

  it("gives released entries out again before it grows", () => {
    const table = new KeyTable(1, 4);
    const entries = [1, 2, 3, 4].map((word) => add(table, word));
    table.release(entries[2]);
    assert.equal(add(table, 9, 5), entries[2]);
    assert.deepEqual([table.count(entries[2]), table.value(entries[2])], [1, 5]);
    assert.deepEqual(
      [1, 2, 4].map((word) => find(table, word)),
      [entries[0], entries[1], entries[3]],
    );
    assert.equal(find(table, 3), -1);
  });
});
