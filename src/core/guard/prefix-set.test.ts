import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parsePrefix } from "../address.js";
import { writeIpWords } from "../ip-words.js";
import { createPrefixSet, listsOf } from "./prefix-set.js";

function setOf(...lists: string[][]): (address: string) => number {
  const set = createPrefixSet(lists.map((list) => list.map((text) => parsePrefix(text))));
  const words = new Uint32Array(4);
  return (address) => {
    assert.ok(writeIpWords(address, words, 0), address);
    return listsOf(set, words);
  };
}

describe("listsOf", () => {
  it("finds the edges of a network of every length", () => {
    for (let length = 0; length <= 32; length++) {
      const first = length === 0 ? 0 : (0xc0a85555 & (-1 << (32 - length))) >>> 0;
      const last = (first + 2 ** (32 - length) - 1) >>> 0;
      const text = (word: number) => [24, 16, 8, 0].map((shift) => (word >>> shift) & 255).join(".");
      const lists = setOf([`${text(first)}/${length}`]);
      assert.equal(lists(text(first)), 1, `/${length}`);
      assert.equal(lists(text(last)), 1, `/${length}`);
      if (length === 0) continue;
      assert.equal(lists(text((first - 1) >>> 0)), 0, `/${length}`);
      assert.equal(lists(text((last + 1) >>> 0)), 0, `/${length}`);
    }
  });

  it("tells IPv6 networks of every multiple of 4 and odd lengths apart", () => {
    const lists = setOf(["2001:db8::/32", "2001:db8:8000::/33"], ["2001:db8::1/128"], ["fe80::/10"]);
    assert.equal(lists("2001:db8::1"), 0b011);
    assert.equal(lists("2001:db8::2"), 0b001);
    assert.equal(lists("2001:db8:8000::1"), 0b001);
    assert.equal(lists("2001:db9::1"), 0);
    assert.equal(lists("febf:ffff::"), 0b100);
    assert.equal(lists("fec0::"), 0);
  });

  it("keeps IPv4 and IPv6 apart", () => {
    const lists = setOf(["::/0"], ["0.0.0.0/0"], ["::ffff:10.0.0.0/104"]);
    assert.equal(lists("::1"), 0b001);
    assert.equal(lists("10.1.2.3"), 0b110);
    assert.equal(lists("::ffff:10.1.2.3"), 0b110);
    assert.equal(lists("11.0.0.1"), 0b010);
  });

  it("finds nothing in lists that are empty", () => {
    const lists = setOf([], []);
    assert.equal(lists("192.0.2.1"), 0);
    assert.equal(lists("2001:db8::1"), 0);
  });
});
