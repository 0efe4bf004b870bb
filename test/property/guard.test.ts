/** The guard's parts against plain models: lists of networks, and token buckets over random traffic. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { Prefix } from "#src/core/address.js";
import { createPrefixSet, listsOf } from "#src/core/guard/prefix-set.js";
import { TokenBuckets } from "#src/core/guard/token-buckets.js";
import { isMapped, keepBits } from "#src/core/ip-words.js";
import type { GuardRates } from "#src/core/snapshot.js";

type Words = [number, number, number, number];

/** Few values, so that networks meet. */
const word = fc.oneof(
  fc.constantFrom(0, 0xffff, 0x20010db8, 0x80000000, 0xffffffff),
  fc.integer({ min: 0, max: 0xffffffff }),
  fc.integer({ min: 0, max: 31 }).map((bit) => (1 << bit) >>> 0),
);
const ipv4 = word.map((last): Words => [0, 0, 0xffff, last]);
const ipv6 = fc.tuple(word, word, word, word);

function masked(words: Words, bits: number): Words {
  const kept = Uint32Array.from(words);
  keepBits(kept, 0, bits);
  return [...kept] as Words;
}

const prefix: fc.Arbitrary<Prefix> = fc.oneof(
  fc.tuple(ipv4, fc.nat(32)).map(([words, length]): Prefix => {
    return { ip: { family: 4, words: masked(words, 96 + length), zone: "" }, length };
  }),
  fc.tuple(ipv6, fc.nat(128)).map(([words, length]): Prefix => {
    return { ip: { family: 6, words: masked(words, length), zone: "" }, length };
  }),
);

/** Bit by bit, and every prefix asked. */
function naiveLists(lists: readonly (readonly Prefix[])[], address: Uint32Array): number {
  let found = 0;
  for (const [number, list] of lists.entries()) {
    const hit = list.some(({ ip, length }) => {
      const bits = ip.family === 4 ? 96 + length : length;
      if (isMapped(address, 0) && bits < 96) return false;
      for (let bit = 0; bit < bits; bit++) {
        const shift = 31 - (bit & 31);
        if (((address[bit >> 5] >>> shift) & 1) !== ((ip.words[bit >> 5] >>> shift) & 1)) return false;
      }
      return true;
    });
    if (hit) found |= 1 << number;
  }
  return found;
}

describe("createPrefixSet", () => {
  it("agrees with asking every prefix", () => {
    const lists = fc.array(fc.array(prefix, { maxLength: 12 }), { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(lists, fc.array(fc.oneof(ipv4, ipv6), { maxLength: 10 }), (all, others) => {
        const set = createPrefixSet(all);
        const addresses = [...others];
        for (const { ip, length } of all.flat()) {
          // The network's first address, and ones that differ from it in a bit just inside or outside.
          addresses.push(ip.words as Words);
          for (const bit of [length - 1, length, length + 1, 127]) {
            const at = ip.family === 4 && bit < 32 ? 96 + bit : bit;
            if (at < 0 || at > 127) continue;
            const words = [...ip.words] as Words;
            words[at >> 5] = (words[at >> 5] ^ (1 << (31 - (at & 31)))) >>> 0;
            addresses.push(words);
          }
        }
        for (const words of addresses) {
          const address = Uint32Array.from(words);
          assert.equal(listsOf(set, address), naiveLists(all, address), words.join());
        }
      }),
      { numRuns: 300 },
    );
  });
});

interface Step {
  readonly client: number;
  readonly bytes: number;
  readonly waitMs: number;
}

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    client: fc.nat(4),
    bytes: fc.oneof(fc.nat(2000), fc.constantFrom(0, 65_507)),
    waitMs: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(700) }),
  }),
  { maxLength: 300 },
);

/** Powers of two, so that the model below counts exactly. */
const rate = fc.constantFrom(0, 1, 8, 64);
const rates: fc.Arbitrary<GuardRates> = fc.record({
  prefix4: fc.constant(32),
  prefix6: fc.constant(64),
  datagramsPerS: rate,
  bytesPerS: rate.map((one) => one * 128),
  newFlowsPerS: fc.constant(0),
  burstMs: fc.constantFrom(125, 1000, 4000),
});

/** A bucket as the textbook has it: so many tokens, refilled before each use. */
class ModelBucket {
  #tokens: number;
  #sinceMs = 0;
  readonly #perMs: number;
  readonly #most: number;

  constructor(perS: number, burstMs: number) {
    this.#perMs = perS / 1000;
    this.#most = this.#perMs * burstMs;
    this.#tokens = this.#most;
  }

  has(cost: number, nowMs: number): boolean {
    this.#tokens = Math.min(this.#most, this.#tokens + (nowMs - this.#sinceMs) * this.#perMs);
    this.#sinceMs = nowMs;
    return this.#perMs === 0 || this.#tokens >= this.#most - 1e-6 || this.#tokens >= cost - 1e-4;
  }

  take(cost: number): void {
    this.#tokens -= cost;
  }
}

describe("TokenBuckets", () => {
  it("decide as textbook buckets do, while there is room for every client", () => {
    fc.assert(
      fc.property(rates, steps, fc.integer(), (settings, script, seed) => {
        const buckets = new TokenBuckets(settings, 8, seed);
        const models = Array.from({ length: 5 }, () => ({
          datagrams: new ModelBucket(settings.datagramsPerS, settings.burstMs),
          bytes: new ModelBucket(settings.bytesPerS, settings.burstMs),
        }));
        let nowMs = 0;
        for (const { client, bytes, waitMs } of script) {
          nowMs += waitMs;
          const entry = buckets.entryOf(Uint32Array.of(0, 0, 0xffff, client), nowMs);
          const passes = buckets.check(entry, bytes, nowMs) === 0;
          if (passes) buckets.take(entry, bytes, nowMs);
          const model = models[client];
          const hasDatagram = model.datagrams.has(1, nowMs);
          const hasBytes = model.bytes.has(bytes, nowMs);
          assert.equal(passes, hasDatagram && hasBytes);
          if (!passes) continue;
          model.datagrams.take(1);
          model.bytes.take(bytes);
        }
      }),
      { numRuns: 200 },
    );
  });

  it("never let more pass than burst and rate give, for a client that stays known", () => {
    const intervals = fc.array(fc.double({ min: 0, max: 20, noNaN: true }), {
      minLength: 200,
      maxLength: 600,
    });
    fc.assert(
      fc.property(intervals, fc.integer({ min: 1, max: 5000 }), (waits, perS) => {
        const settings = { ...NO_LIMITS, datagramsPerS: perS, burstMs: 300 };
        const buckets = new TokenBuckets(settings, 64, 3);
        const words = Uint32Array.of(0, 0, 0xffff, 9);
        let nowMs = 86_400_000 * 40;
        const startMs = nowMs;
        let passed = 0;
        for (const waitMs of waits) {
          nowMs += waitMs;
          const entry = buckets.entryOf(words, nowMs);
          if (buckets.check(entry, 1, nowMs) < 0) continue;
          buckets.take(entry, 1, nowMs);
          passed++;
        }
        const most = Math.max(1, perS * 0.3) + (perS * (nowMs - startMs)) / 1000;
        assert.ok(passed <= most + 1, `${passed} of at most ${most}`);
      }),
      { numRuns: 100 },
    );
  });
});

const NO_LIMITS: GuardRates = {
  prefix4: 32,
  prefix6: 64,
  datagramsPerS: 0,
  bytesPerS: 0,
  newFlowsPerS: 0,
  burstMs: 1000,
};
