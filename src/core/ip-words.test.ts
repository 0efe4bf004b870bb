import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { formatIpWords, keepBits, maskWords, writeIpWords } from "./ip-words.js";

/** Words with a guard on either side, so that a write out of place shows. */
const GUARD = 0xa5a5a5a5;

function wordsOf(text: string): Uint32Array | undefined {
  const words = new Uint32Array(6).fill(GUARD);
  const read = writeIpWords(text, words, 1);
  assert.equal(words[0], GUARD, "the word before");
  assert.equal(words[5], GUARD, "the word after");
  return read ? words : undefined;
}

function masked(text: string, prefix4: number, prefix6: number): string {
  const words = wordsOf(text)!;
  maskWords(words, 1, prefix4, prefix6);
  assert.equal(words[0], GUARD);
  assert.equal(words[5], GUARD);
  return formatIpWords(words, 1);
}

describe("writeIpWords", () => {
  it("writes IPv4 as IPv4-mapped words at the offset", () => {
    assert.deepEqual([...wordsOf("192.0.2.255")!], [GUARD, 0, 0, 0xffff, 0xc00002ff, GUARD]);
  });

  it("writes an IPv4-mapped text, as a dual-stack socket gives, to the same words", () => {
    assert.deepEqual(wordsOf("::ffff:192.0.2.255"), wordsOf("192.0.2.255"));
  });

  it("writes IPv6 over words that were in use", () => {
    assert.deepEqual([...wordsOf("2001:db8::ffff")!], [GUARD, 0x20010db8, 0, 0, 0xffff, GUARD]);
    assert.deepEqual([...wordsOf("::")!], [GUARD, 0, 0, 0, 0, GUARD]);
  });

  it("skips the zone of an IPv6 address", () => {
    assert.deepEqual(wordsOf("fe80::1%eth0"), wordsOf("fe80::1"));
    assert.deepEqual(wordsOf("fe80::%12"), wordsOf("fe80::"));
  });

  it("has room for the embedded IPv4 address at every group", () => {
    assert.deepEqual(wordsOf("::1.2.3.4"), wordsOf("::102:304"));
    for (let count = 1; count <= 6; count++) {
      const head = Array.from({ length: count }, (_, i) => (i + 1).toString(16)).join(":");
      const gap = count < 6 ? "::" : ":";
      assert.deepEqual(wordsOf(`${head}${gap}1.2.3.4`), wordsOf(`${head}${gap}102:304`), head);
    }
    assert.deepEqual(wordsOf("1::2:3:4:5:1.2.3.4"), wordsOf("1:0:2:3:4:5:102:304"));
    assert.equal(wordsOf("1::2:3:4:5:6:1.2.3.4"), undefined);
    assert.equal(wordsOf("1:2:3:4:5:6::1.2.3.4"), undefined);
    assert.equal(wordsOf("1:2:3:4:5:6:7:1.2.3.4"), undefined);
  });

  it("returns false for what is not an address", () => {
    for (const text of [
      "",
      ".",
      "1.2.3",
      "1.2.3.4.",
      ".1.2.3.4",
      "1.2.3.4x",
      "1.2.3.0004",
      "1,2,3,4",
      "1.2.3.4%1",
    ]) {
      assert.equal(wordsOf(text), undefined, text);
    }
    for (const text of [
      ":",
      ":::",
      "::1::",
      "1:2:3:4:5:6:7:8:",
      "fffff::",
      ":%1",
      "%eth0",
      "::g",
      "::1.2.3.4.5",
    ]) {
      assert.equal(wordsOf(text), undefined, text);
    }
    for (const text of ["：：", "::\u0661", "١.2.3.4", "::@", "::`", "::/", "::G"]) {
      assert.equal(wordsOf(text), undefined, text);
    }
  });
});

describe("formatIpWords", () => {
  it("writes IPv4-mapped words as a dotted quad and others as IPv6", () => {
    for (const text of [
      "192.0.2.1",
      "255.255.255.255",
      "0.0.0.0",
      "2001:db8::1",
      "::",
      "::fffe:c000:201",
      "::1:ffff:0:0",
    ]) {
      assert.equal(formatIpWords(wordsOf(text)!, 1), text);
    }
  });
});

describe("maskWords", () => {
  it("keeps the leading bits of IPv4", () => {
    assert.equal(masked("255.255.255.255", 0, 128), "0.0.0.0");
    assert.equal(masked("255.255.255.255", 1, 128), "128.0.0.0");
    assert.equal(masked("192.168.77.13", 24, 128), "192.168.77.0");
    assert.equal(masked("192.168.77.13", 31, 128), "192.168.77.12");
    assert.equal(masked("192.168.77.13", 32, 0), "192.168.77.13");
  });

  it("keeps the leading bits of IPv6", () => {
    const ones = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff";
    assert.equal(masked(ones, 32, 0), "::");
    assert.equal(masked(ones, 0, 128), ones);
    assert.equal(masked(ones, 32, 32), "ffff:ffff::");
    assert.equal(masked(ones, 32, 33), "ffff:ffff:8000::");
    assert.equal(masked(ones, 32, 56), "ffff:ffff:ffff:ff00::");
    assert.equal(masked(ones, 32, 127), "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe");
  });
});

describe("keepBits", () => {
  it("counts IPv4-mapped words from the first of their 128 bits", () => {
    const words = wordsOf("10.1.2.3")!;
    keepBits(words, 1, 104);
    assert.equal(formatIpWords(words, 1), "10.0.0.0");
    keepBits(words, 1, 80);
    assert.deepEqual([...words], [GUARD, 0, 0, 0, 0, GUARD]);
  });
});
