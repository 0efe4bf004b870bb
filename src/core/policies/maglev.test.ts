import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { MaglevPolicy } from "./maglev.js";
import { createMaglevTable, isPrime } from "./maglev-table.js";
import type { Candidate, Policy } from "./policy.js";

function backends(count: number, weightOf: (i: number) => number = () => 1): Candidate[] {
  return Array.from({ length: count }, (_, i) => ({ slot: i, name: `backend-${i}`, weight: weightOf(i) }));
}

function maglev(candidates: readonly Candidate[], maglevTableSize = 65_537, previous?: Policy): MaglevPolicy {
  const load = { activeFlows: () => 0, outstanding: () => 0 };
  return new MaglevPolicy({ candidates, maglevTableSize, load, random: () => 0, previous });
}

function choices(policy: Policy, size: number): number[] {
  return Array.from({ length: size }, (_, hash) => policy.choose(hash));
}

describe("isPrime", () => {
  it("agrees with the sieve of Eratosthenes", () => {
    const composite = new Set<number>([0, 1]);
    for (let i = 2; i < 2000; i++) for (let n = 2 * i; n < 2000; n += i) composite.add(n);
    for (let n = 0; n < 2000; n++) assert.equal(isPrime(n), !composite.has(n), `${n}`);
  });

  it("knows the sizes in use and refuses what is no whole number", () => {
    for (const size of [251, 4093, 65_537, 655_373, 5_000_011]) assert.ok(isPrime(size), `${size}`);
    for (const size of [65_536, 65_539 * 3, 257 * 257, -7, 2.5, Number.NaN, Infinity])
      assert.ok(!isPrime(size), `${size}`);
  });
});

describe("createMaglevTable", () => {
  it("is the same in every process", () => {
    const table = createMaglevTable(backends(3), 31);
    assert.equal([...table].join(""), "2002110102212102210100212000211");
  });

  it("gives equal weights shares that differ by one entry", () => {
    for (const count of [1, 2, 3, 7, 100]) {
      const counts = new Uint32Array(count);
      for (const index of createMaglevTable(backends(count), 4093)) counts[index]++;
      assert.ok(Math.max(...counts) - Math.min(...counts) <= 1, `${counts}`);
    }
  });

  it("gives turns in proportion to weight, to within a few entries", () => {
    const weights = [1, 2, 3, 10, 100];
    const counts = new Uint32Array(weights.length);
    for (const index of createMaglevTable(
      backends(5, (i) => weights[i]),
      65_537,
    ))
      counts[index]++;
    weights.forEach((weight, i) => {
      assert.ok(Math.abs(counts[i] - (65_537 * weight) / 116) < 3, `${counts}`);
    });
  });

  it("gives the lightest of backends nothing rather than too much, and fills the table", () => {
    const counts = new Uint32Array(3);
    for (const index of createMaglevTable(
      backends(3, (i) => [65_535, 65_535, 1][i]),
      251,
    ))
      counts[index]++;
    assert.deepEqual([...counts].sort(), [0, 125, 126]);
  });

  it("refuses a size that is not a prime above the number of backends", () => {
    const refused = (count: number, size: number) =>
      assert.throws(() => createMaglevTable(backends(count), size), {
        code: "MAGLEV_TABLE_SIZE",
        message: new RegExp(`"${size}"`),
      });
    refused(3, 65_536);
    refused(3, 0);
    refused(3, 3);
    refused(0, 7);
    refused(5, 2.5);
    assert.equal(createMaglevTable(backends(2), 3).length, 3);
  });
});

describe("MaglevPolicy", () => {
  it("has no choice without candidates", () => {
    assert.equal(maglev([]).choose(5), -1);
    assert.equal(maglev([], 7, maglev(backends(2), 7)).choose(5), -1);
  });

  it("gives a key the same backend each time, over the whole range of hashes", () => {
    const policy = maglev(backends(5), 251);
    for (const hash of [0, 1, 250, 251, 2 ** 31, 2 ** 32 - 1]) {
      assert.equal(policy.choose(hash), policy.choose(hash % 251));
      assert.ok(policy.choose(hash) >= 0);
    }
  });

  it("does not depend on the order of the config or on slots", () => {
    const list = backends(20);
    const names = (of: readonly Candidate[]) => {
      const bySlot = new Map(of.map(({ slot, name }) => [slot, name]));
      return choices(maglev(of, 4093), 4093).map((slot) => bySlot.get(slot));
    };
    const moved = list.map((one, i) => ({ ...one, slot: 100 - i }));
    assert.deepEqual(names(list.toReversed()), names(list));
    assert.deepEqual(names(moved), names(list));
  });

  it("chooses as without a policy before, whatever that was", () => {
    const list = backends(4);
    const formers = [list, list.toReversed(), backends(3), backends(5), backends(4, (i) => i + 1)];
    for (const former of [...formers, list.map((one) => ({ ...one, slot: one.slot + 7 }))]) {
      for (const size of [251, 241]) {
        const policy = maglev(list, 251, maglev(former, size));
        assert.deepEqual(choices(policy, 251), choices(maglev(list, 251), 251));
      }
    }
  });

  it("does not make an unchanged table anew", () => {
    const size = 65_537;
    const first = maglev(backends(3), size);
    const second = maglev(backends(3).toReversed(), size, first);
    assert.equal(second.table, first.table);
    assert.equal(second.choose(123_456), first.choose(123_456));
  });
});
