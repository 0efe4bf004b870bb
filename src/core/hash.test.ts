import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { hashString, hashWords, hashWordsSigned } from "./hash.js";

describe("hashString", () => {
  // Values that every implementation of MurmurHash3_x86_32 gives.
  const known: readonly (readonly [text: string, seed: number, hash: number])[] = [
    ["", 0, 0],
    ["", 1, 0x514e28b7],
    ["", 0xffffffff, 0x81f16f39],
    ["test", 0, 0xba6bd213],
    ["test", 0x9747b28c, 0x704b81dc],
    ["Hello, world!", 0, 0xc0363e43],
    ["Hello, world!", 0x9747b28c, 0x24884cba],
    ["The quick brown fox jumps over the lazy dog", 0, 0x2e4ff723],
    ["The quick brown fox jumps over the lazy dog", 0x9747b28c, 0x2fa826cd],
  ];
  for (const [text, seed, hash] of known) {
    it(`of "${text}" with seed ${seed}`, () => assert.equal(hashString(text, seed), hash));
  }

  it("tells texts of each length modulo 4 apart, and a trailing NUL", () => {
    const texts = ["", "a", "ab", "abc", "abcd", "abcde", "a\0", "ab\0\0", "\0", "\0\0", "é", "e"];
    assert.equal(new Set(texts.map((text) => hashString(text, 7))).size, texts.length);
  });
});

describe("hashWords", () => {
  it("is the hash of the words' little-endian bytes", () => {
    const words = Uint32Array.of(0xffffffff, 0x74736574, 0x74736574);
    assert.equal(hashWords(words, 1, 1, 0x9747b28c), hashString("test", 0x9747b28c));
    assert.equal(hashWords(words, 1, 2, 5), hashString("testtest", 5));
    assert.equal(hashWords(words, 0, 0, 1), hashString("", 1));
  });

  it("has the same bits when signed", () => {
    for (let word = 0; word < 100; word++) {
      const words = Uint32Array.of(word);
      const signed = hashWordsSigned(words, 0, 1, 3);
      assert.equal(signed, signed | 0);
      assert.equal(hashWords(words, 0, 1, 3), signed >>> 0);
    }
  });

  it("flips half of the result's bits, whichever bit of words or seed is flipped", () => {
    const words = new Uint32Array(6);
    for (let bit = 0; bit < 7 * 32; bit++) {
      let flipped = 0;
      const rounds = 200;
      for (let round = 0; round < rounds; round++) {
        for (let i = 0; i < 6; i++) words[i] = hashWords(Uint32Array.of(round, i), 0, 2, 99);
        const before = hashWords(words, 0, 6, round);
        if (bit < 192) words[bit >> 5] ^= 1 << (bit & 31);
        const after = hashWords(words, 0, 6, bit < 192 ? round : round ^ (1 << (bit & 31)));
        flipped += bitCount(before ^ after);
      }
      const share = flipped / (rounds * 32);
      assert.ok(Math.abs(share - 0.5) < 0.04, `bit ${bit} flips ${share} of the result`);
    }
  });

  it("spreads neighbouring ports of one client evenly over few buckets", () => {
    const counts = new Uint32Array(16);
    for (let port = 0; port < 65_536; port++)
      counts[hashWords(Uint32Array.of(0, 0, 0xffff, 1, port), 0, 5, 3) & 15]++;
    for (const count of counts) assert.ok(Math.abs(count - 4096) < 4 * 64, `${counts}`);
  });
});

function bitCount(value: number): number {
  let count = 0;
  for (let rest = value >>> 0; rest !== 0; rest = (rest & (rest - 1)) >>> 0) count++;
  return count;
}
