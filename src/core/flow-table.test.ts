import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as R from "./flow-record.js";
import { FlowTable } from "./flow-table.js";

function setKey(table: FlowTable, ...words: number[]): void {
  table.key.fill(0);
  table.key.set(words);
}

/** Inserts a key that differs from others in `word`. */
function insert(table: FlowTable, word: number, hash?: number): number {
  setKey(table, 0, 0, 0, word);
  return table.insert(hash ?? table.hashKey());
}

describe("FlowTable", () => {
  it("finds what was inserted, and nothing else", () => {
    const table = new FlowTable(10, 1);
    assert.equal(insert(table, 7), 0);
    assert.equal(insert(table, 8), 1);
    setKey(table, 0, 0, 0, 7);
    assert.equal(table.find(table.hashKey()), 0);
    setKey(table, 0, 0, 0, 9);
    assert.equal(table.find(table.hashKey()), -1);
    assert.deepEqual([table.live, table.highWater, table.capacity], [2, 2, 10]);
  });

  it("compares every word of the key, not only its hash", () => {
    const table = new FlowTable(20, 1);
    const base = [1, 2, 3, 4, 5, 6, 7];
    setKey(table, ...base);
    const flow = table.insert(42);
    for (let word = 0; word < R.KEY_WORDS; word++) {
      setKey(table, ...base.with(word, 99));
      assert.equal(table.find(42), -1, `word ${word}`);
    }
    setKey(table, ...base);
    assert.equal(table.find(42), flow);
    assert.equal(table.find(43), -1);
  });

  it("hashes every word of the key, and the seed", () => {
    const [table, other] = [new FlowTable(1, 1), new FlowTable(1, 2)];
    const hashes = new Set([table.hashKey(), other.hashKey()]);
    for (let word = 0; word < R.KEY_WORDS; word++) {
      table.key.fill(0);
      table.key[word] = 1;
      hashes.add(table.hashKey());
    }
    assert.equal(hashes.size, R.KEY_WORDS + 2);
  });

  it("begins every record with its key, a serial of its own, no counts and no links, also a used one", () => {
    const table = new FlowTable(1, 1);
    const flow = insert(table, 1);
    table.u32.fill(77, R.REQUESTS, R.RECORD_WORDS);
    table.remove(flow);
    assert.equal(insert(table, 5, 123), flow);
    const expected = new Int32Array(R.RECORD_WORDS);
    expected[3] = 5;
    expected[R.HASH] = 123;
    expected[R.NEXT] = expected[R.CLIENT_IP] = expected[R.BINDING] = -1;
    expected[R.STATE] = R.OPEN | (2 << R.SERIAL_SHIFT);
    assert.deepEqual(table.i32.subarray(0, R.RECORD_WORDS), expected);
  });

  it("is full at its capacity, and takes again what was given back, last first", () => {
    const table = new FlowTable(3, 1);
    assert.deepEqual([insert(table, 1), insert(table, 2), insert(table, 3), insert(table, 4)], [0, 1, 2, -1]);
    table.remove(0);
    table.remove(2);
    assert.deepEqual([table.isLive(0), table.isLive(1), table.live], [false, true, 1]);
    assert.deepEqual([insert(table, 5), insert(table, 6), insert(table, 7)], [2, 0, -1]);
    assert.equal(table.highWater, 3);
  });

  it("unlinks the first, the middle and the last of a chain", () => {
    for (const order of [
      [0, 1, 2],
      [1, 0, 2],
      [2, 1, 0],
    ]) {
      const table = new FlowTable(8, 1);
      for (let word = 0; word < 3; word++) insert(table, word, 5);
      const left = new Set([0, 1, 2]);
      for (const flow of order) {
        table.remove(flow);
        left.delete(flow);
        for (let word = 0; word < 3; word++) {
          setKey(table, 0, 0, 0, word);
          assert.equal(table.find(5), left.has(word) ? word : -1);
        }
      }
    }
  });

  it("leaves the key of a detached flow to another, and keeps the record", () => {
    const table = new FlowTable(4, 1);
    const first = insert(table, 1);
    table.u32[first * R.RECORD_WORDS + R.STATE] |= R.TIMING;
    table.detach(first, R.DETACHED);
    assert.equal(table.u32[first * R.RECORD_WORDS + R.STATE], R.DETACHED | R.TIMING | (1 << R.SERIAL_SHIFT));
    assert.equal(table.find(table.hashKey()), -1);
    const second = insert(table, 1);
    assert.equal(table.find(table.hashKey()), second);
    table.detach(first, R.ANSWERED);
    table.remove(first);
    assert.equal(table.find(table.hashKey()), second);
    assert.equal(table.live, 1);
  });

  it("grows with flows in every state, and never shrinks", () => {
    const table = new FlowTable(3, 1);
    for (let word = 0; word < 3; word++) insert(table, word);
    table.f64[R.CREATED_AT] = 1234.5;
    table.detach(1, R.DETACHED);
    table.remove(2);
    table.grow(500);
    table.grow(2);
    assert.equal(table.capacity, 500);
    assert.equal(table.f64[R.CREATED_AT], 1234.5);
    assert.deepEqual(
      [0, 1, 2].map((flow) => table.isLive(flow)),
      [true, true, false],
    );
    setKey(table, 0, 0, 0, 0);
    assert.equal(table.find(table.hashKey()), 0);
    setKey(table, 0, 0, 0, 1);
    assert.equal(table.find(table.hashKey()), -1);
    assert.equal(insert(table, 9), 2);
    for (let word = 10; word < 507; word++) assert.ok(insert(table, word) >= 0);
    assert.equal(insert(table, 1), -1);
  });

  it("lives in the memory that it is given, and then cannot grow", () => {
    const shared = new SharedArrayBuffer(4 * R.RECORD_WORDS * 4);
    const table = new FlowTable(4, 1, shared);
    for (let word = 0; word < 4; word++) assert.equal(insert(table, word + 1), word);
    assert.equal(insert(table, 9), -1);
    assert.equal(new Uint32Array(shared)[3 * R.RECORD_WORDS + 3], 4);
    assert.throws(() => table.grow(5), RangeError);
    table.grow(2);
    assert.equal(table.find(table.hashKey()), -1);
    setKey(table, 0, 0, 0, 4);
    assert.equal(table.find(table.hashKey()), 3);
  });
});
