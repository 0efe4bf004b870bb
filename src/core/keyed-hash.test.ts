import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { FlowTable } from "./flow-table.js";
import { TokenBuckets } from "./guard/token-buckets.js";
import { KeyTable } from "./key-table.js";
import { KeyedHash } from "./keyed-hash.js";

describe("KeyedHash", () => {
  it("is HalfSipHash-1-3: what the kernel's hsiphash gives for 0 to 12 bytes 00 01 02 …", () => {
    const words = Uint32Array.of(0x03020100, 0x07060504, 0x0b0a0908);
    const hash = new KeyedHash(0x03020100, 0x07060504);
    const known = [0x5814c896, 0x7e059ea6, 0x577999b1];
    for (const [count, expected] of known.entries()) assert.equal(hash.of(words, count) >>> 0, expected);
  });

  it("is the same for IPv4 addresses, whose first words it does not look at again", () => {
    const hash = new KeyedHash(0x03020100, 0x07060504);
    for (const last of [0, 0x7f000001, 0xffffffff]) {
      const words = Uint32Array.of(0, 0, 0xffff, last, 5);
      assert.equal(hash.of(words, 5), plainHash(words, 0x03020100, 0x07060504));
    }
    assert.notEqual(hash.of(Uint32Array.of(0, 0, 0xffff), 3), hash.of(Uint32Array.of(0, 0, 0xffff, 0), 4));
  });

  it("flips half of the result's bits, whichever bit of words or seed is flipped", () => {
    for (let bit = 0; bit < 7 * 32; bit++) {
      let flipped = 0;
      const rounds = 200;
      for (let round = 0; round < rounds; round++) {
        const words = Uint32Array.from({ length: 6 }, (_, i) => Math.imul(round * 6 + i + 1, 0x9e3779b1));
        const before = new KeyedHash(round).of(words, 6);
        if (bit < 192) words[bit >> 5] ^= 1 << (bit & 31);
        const after = new KeyedHash(bit < 192 ? round : round ^ (1 << (bit & 31))).of(words, 6);
        flipped += bitCount(before ^ after);
      }
      const share = flipped / (rounds * 32);
      assert.ok(Math.abs(share - 0.5) < 0.04, `bit ${bit} flips ${share} of the result`);
    }
  });
});

/**
 * Word pairs that collide under MurmurHash3 for every seed: what one word does to the state, the next undoes. Clients of one IPv6 /64
 * can have them as the last two words of their addresses.
 */
describe("tables, with keys that were made to collide", () => {
  const bits = 6;
  const pairs = Array.from({ length: 2 ** bits }, (_, x) =>
    Array.from({ length: 2 ** bits }, (_, y) => [unscramble(x << (19 - bits)), unscramble(y << (32 - bits))]),
  ).flat();
  /** With 4,096 keys in as many buckets, the longest of random chains has 6 or 7; made to collide, hundreds. */
  const longest = 12;

  for (const seed of [1, 0xdeadbeef, 0x7fffffff]) {
    it(`FlowTable, seed ${seed}: has no long chain`, () => {
      const table = new FlowTable(pairs.length, seed);
      const chains = pairs.map(([a, b]) => {
        table.key.set([0xfd770000, 1, a, b, 0, 40_000, 0]);
        const hash = table.hashKey();
        table.insert(hash);
        return hash & (pairs.length - 1);
      });
      assert.ok(mostEqual(chains) <= longest, `${mostEqual(chains)} in one bucket`);
    });

    it(`KeyTable, seed ${seed}: has no long chain`, () => {
      const table = new KeyTable(seed, pairs.length);
      for (const [a, b] of pairs) {
        table.key.set([0xfd770000, 1, a, b, 0]);
        table.insert(0);
      }
      assert.ok(table.longestChain() <= longest, `${table.longestChain()} in one bucket`);
    });

    it(`TokenBuckets, seed ${seed}: spreads them over its sets`, () => {
      const rates = {
        prefix4: 32,
        prefix6: 128,
        datagramsPerS: 1,
        bytesPerS: 0,
        newFlowsPerS: 0,
        burstMs: 1000,
      };
      const buckets = new TokenBuckets(rates, pairs.length, seed);
      const sets = pairs.map(([a, b]) => buckets.entryOf(Uint32Array.of(0xfd770000, 1, a, b), 0) >> 3);
      assert.ok(mostEqual(sets) <= 8 * longest, `${mostEqual(sets)} in one set of eight`);
    });
  }
});

function mostEqual(values: readonly number[]): number {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return Math.max(...counts.values());
}

/** The word that MurmurHash3 scrambles to this one. */
function unscramble(scrambled: number): number {
  const product = Math.imul(scrambled, inverse(0x1b873593));
  return Math.imul((product >>> 15) | (product << 17), inverse(0xcc9e2d51)) >>> 0;
}

/** Of an odd number modulo 2^32, by Newton's method. */
function inverse(odd: number): number {
  let x = odd;
  for (let i = 0; i < 5; i++) x = Math.imul(x, 2 - Math.imul(odd, x));
  return x;
}

/** HalfSipHash-1-3 as its authors write it down. */
function plainHash(words: Uint32Array, key0: number, key1: number): number {
  const rotate = (x: number, by: number) => (x << by) | (x >>> (32 - by));
  const v = [key0, key1, key0 ^ 0x6c796765, key1 ^ 0x74656462];
  const round = () => {
    v[0] = (v[0] + v[1]) | 0;
    v[1] = rotate(v[1], 5) ^ v[0];
    v[0] = rotate(v[0], 16);
    v[2] = (v[2] + v[3]) | 0;
    v[3] = rotate(v[3], 8) ^ v[2];
    v[0] = (v[0] + v[3]) | 0;
    v[3] = rotate(v[3], 7) ^ v[0];
    v[2] = (v[2] + v[1]) | 0;
    v[1] = rotate(v[1], 13) ^ v[2];
    v[2] = rotate(v[2], 16);
  };
  for (const word of [...words, words.length << 26]) {
    v[3] ^= word;
    round();
    v[0] ^= word;
  }
  v[2] ^= 0xff;
  for (let i = 0; i < 3; i++) round();
  return v[1] ^ v[3];
}

function bitCount(value: number): number {
  let count = 0;
  for (let rest = value >>> 0; rest !== 0; rest = (rest & (rest - 1)) >>> 0) count++;
  return count;
}
