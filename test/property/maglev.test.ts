/** Maglev: the table of the paper, even shares, and few keys that move when a backend leaves. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { hashString, hashWords } from "#src/core/hash.js";
import { MaglevPolicy } from "#src/core/policies/maglev.js";
import { byName, createMaglevTable } from "#src/core/policies/maglev-table.js";
import type { Candidate } from "#src/core/policies/policy.js";

const SIZE = 65_537;
const name = fc.string({ unit: "grapheme-ascii", minLength: 1, maxLength: 12 });

function namesOf(min: number, max: number) {
  return fc.uniqueArray(name, { minLength: min, maxLength: max });
}

function candidatesOf(names: readonly string[], weightOf: (i: number) => number = () => 1): Candidate[] {
  return names.map((one, slot) => ({ slot, name: one, weight: weightOf(slot) }));
}

function policyOf(candidates: readonly Candidate[]): MaglevPolicy {
  const load = { activeFlows: () => 0, outstanding: () => 0 };
  return new MaglevPolicy({ candidates, maglevTableSize: SIZE, load, random: () => 0 });
}

/** The paper's pseudocode, figure "Populate Maglev hashing lookup table", with each permutation written out. */
function populate(candidates: readonly Candidate[], size: number): number[] {
  const permutation = candidates.map((candidate) => {
    const offset = hashString(candidate.name, 0x6f666673) % size;
    const skip = (hashString(candidate.name, 0x736b6970) % (size - 1)) + 1;
    return Array.from({ length: size }, (_, j) => (offset + j * skip) % size);
  });
  const next = candidates.map(() => 0);
  const entry = Array.from({ length: size }, () => -1);
  let filled = 0;
  for (;;) {
    for (let i = 0; i < candidates.length; i++) {
      while (entry[permutation[i][next[i]]] >= 0) next[i]++;
      entry[permutation[i][next[i]]] = i;
      next[i]++;
      filled++;
      if (filled === size) return entry;
    }
  }
}

function shares(policy: MaglevPolicy, count: number): number[] {
  const counts = Array.from({ length: count }, () => 0);
  for (let hash = 0; hash < SIZE; hash++) counts[policy.choose(hash)]++;
  return counts;
}

describe("maglev", () => {
  it("has the paper's table for equal weights", () => {
    fc.assert(
      fc.property(namesOf(1, 30), fc.constantFrom(31, 251, 1021), (names, size) => {
        const candidates = candidatesOf(names.slice(0, size - 1)).sort(byName);
        assert.deepEqual([...createMaglevTable(candidates, size)], populate(candidates, size));
      }),
      { numRuns: 50 },
    );
  });

  it("gives equal backends equal shares of the table, and of hashed keys to within a few percent", () => {
    fc.assert(
      fc.property(namesOf(2, 20), fc.integer(), (names, seed) => {
        const policy = policyOf(candidatesOf(names));
        const table = shares(policy, names.length);
        assert.ok(Math.max(...table) - Math.min(...table) <= 1, `${table}`);
        const keys = names.map(() => 0);
        const count = 5000 * names.length;
        for (let key = 0; key < count; key++)
          keys[policy.choose(hashWords(Uint32Array.of(key), 0, 1, seed))]++;
        assert.ok(Math.max(...keys) / Math.min(...keys) < 1.2, `${keys}`);
      }),
      { numRuns: 15 },
    );
  });

  it("gives shares of the table in proportion to weight", () => {
    fc.assert(
      fc.property(
        namesOf(2, 12),
        fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 12, maxLength: 12 }),
        (names, weights) => {
          const table = shares(policyOf(candidatesOf(names, (i) => weights[i])), names.length);
          const total = names.reduce((sum, _, i) => sum + weights[i], 0);
          names.forEach((_, i) => {
            const expected = (SIZE * weights[i]) / total;
            assert.ok(Math.abs(table[i] - expected) <= 0.01 * expected + 2, `${weights}: ${table}`);
          });
        },
      ),
      { numRuns: 15 },
    );
  });

  it("moves at most 2 % of keys beyond the minimum when a backend leaves or comes back", () => {
    fc.assert(
      fc.property(namesOf(2, 40), fc.nat(), (names, pick) => {
        const all = candidatesOf(names);
        const gone = pick % names.length;
        const before = policyOf(all);
        const after = policyOf(all.filter(({ slot }) => slot !== gone));
        let moved = 0;
        for (let hash = 0; hash < SIZE; hash++) {
          const slot = before.choose(hash);
          assert.notEqual(after.choose(hash), gone);
          if (slot !== gone && slot !== after.choose(hash)) moved++;
        }
        assert.ok(moved / SIZE <= 0.02, `${moved} of ${SIZE} with ${names.length} backends`);
      }),
      { numRuns: 20 },
    );
  });

  it("does not depend on the order of the backends", () => {
    const orders = namesOf(1, 10).chain((names) =>
      fc.tuple(
        fc.constant(names),
        fc.shuffledSubarray(names, { minLength: names.length, maxLength: names.length }),
      ),
    );
    fc.assert(
      fc.property(orders, fc.integer({ min: 0, max: 0xffffffff }), ([names, other], hash) => {
        assert.equal(
          names[policyOf(candidatesOf(names)).choose(hash)],
          other[policyOf(candidatesOf(other)).choose(hash)],
        );
      }),
      { numRuns: 20 },
    );
  });
});
