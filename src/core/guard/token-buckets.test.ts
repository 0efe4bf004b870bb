import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { writeIpWords } from "../ip-words.js";
import type { GuardRates } from "../snapshot.js";
import { dropOf, reasonNumber } from "../verdict.js";
import { TokenBuckets, tokenBucketBytes } from "./token-buckets.js";

const NO_RATES: GuardRates = {
  prefix4: 32,
  prefix6: 64,
  datagramsPerS: 0,
  bytesPerS: 0,
  newFlowsPerS: 0,
  burstMs: 1000,
};
const RATE_DATAGRAMS = dropOf(reasonNumber("rate_datagrams"));
const RATE_BYTES = dropOf(reasonNumber("rate_bytes"));
const RATE_NEW_FLOWS = dropOf(reasonNumber("rate_new_flows"));

/** Buckets with one call for `check` and `take`. Addresses are texts, or numbers for IPv4. */
function createRig(rates: Partial<GuardRates>, maxTracked = 1024, memory?: SharedArrayBuffer) {
  const buckets = new TokenBuckets({ ...NO_RATES, ...rates }, maxTracked, 7, memory);
  const words = Uint32Array.of(0, 0, 0xffff, 0);
  const entryOf = (client: string | number, nowMs: number) => {
    if (typeof client === "string") assert.ok(writeIpWords(client, words, 0));
    else words[3] = client;
    return buckets.entryOf(words, nowMs);
  };
  return {
    buckets,
    send(client: string | number, nowMs: number, bytes = 100): number {
      const entry = entryOf(client, nowMs);
      const verdict = buckets.check(entry, bytes, nowMs);
      if (verdict === 0) buckets.take(entry, bytes, nowMs);
      return verdict;
    },
    newFlow(client: string | number, nowMs: number): number {
      const entry = entryOf(client, nowMs);
      const verdict = buckets.checkNewFlow(entry, nowMs);
      if (verdict === 0) buckets.takeNewFlow(entry, nowMs);
      return verdict;
    },
    passed(client: string | number, nowMs: number, count: number): number {
      let passed = 0;
      for (let i = 0; i < count; i++) if (this.send(client, nowMs) === 0) passed++;
      return passed;
    },
  };
}

describe("TokenBuckets", () => {
  it("lets a burst pass, and then the rate", () => {
    const rig = createRig({ datagramsPerS: 100, burstMs: 500 });
    assert.equal(rig.passed(1, 10, 1000), 50);
    assert.equal(rig.send(1, 10), RATE_DATAGRAMS);
    assert.equal(rig.passed(1, 20, 1000), 1);
    assert.equal(rig.passed(1, 120, 1000), 10);
    assert.equal(rig.passed(1, 10_000, 1000), 50, "no more than the burst after a long quiet");
  });

  it("gives each client buckets of its own, as far as the prefix goes", () => {
    const rig = createRig({ datagramsPerS: 10, prefix4: 24, prefix6: 56 });
    assert.equal(rig.passed("192.0.2.1", 0, 100), 10);
    assert.equal(rig.passed("192.0.2.200", 0, 100), 0);
    assert.equal(rig.passed("192.0.3.1", 0, 100), 10);
    assert.equal(rig.passed("2001:db8::1", 0, 100), 10);
    assert.equal(rig.passed("2001:db8:0:ff::9", 0, 100), 0);
    assert.equal(rig.passed("2001:db8:0:100::9", 0, 100), 10);
  });

  it("counts bytes, and takes nothing for what it drops", () => {
    const rig = createRig({ datagramsPerS: 10, bytesPerS: 1000 });
    assert.equal(rig.send(1, 0, 900), 0);
    for (let i = 0; i < 50; i++) assert.equal(rig.send(1, 0, 101), RATE_BYTES);
    assert.equal(rig.send(1, 0, 100), 0);
    for (let i = 0; i < 8; i++) assert.equal(rig.send(1, 0, 0), 0);
    assert.equal(rig.send(1, 0, 0), RATE_DATAGRAMS);
  });

  it("lets a datagram larger than the bucket pass when the bucket is full, and charges all of it", () => {
    const rig = createRig({ bytesPerS: 1000, burstMs: 100 });
    assert.equal(rig.send(1, 0, 5000), 0);
    assert.equal(rig.send(1, 4999, 5000), RATE_BYTES);
    assert.equal(rig.send(1, 5000, 5000), 0);
  });

  it("counts new flows apart", () => {
    const rig = createRig({ datagramsPerS: 100, newFlowsPerS: 2 });
    assert.deepEqual(
      [0, 0, 0, 500, 500].map((nowMs) => rig.newFlow(1, nowMs)),
      [0, 0, RATE_NEW_FLOWS, 0, RATE_NEW_FLOWS],
    );
    assert.equal(rig.passed(1, 500, 200), 100);
  });

  it("keeps a client that has used much while a million others come by", () => {
    const rig = createRig({ datagramsPerS: 1000, burstMs: 10_000 }, 1024);
    assert.equal(rig.passed(0xdeadbeef, 0, 100_000), 10_000);
    for (let client = 1; client <= 1_000_000; client++) assert.equal(rig.send(client, client / 1000), 0);
    assert.equal(rig.passed(0xdeadbeef, 1000, 100_000), 1000, "it is known still");
  });

  it("forgets the client that has used least when a set is full", () => {
    const rig = createRig({ datagramsPerS: 1, burstMs: 60_000 }, 8);
    for (let client = 1; client <= 8; client++) assert.equal(rig.passed(client, 0, client * 5), client * 5);
    assert.equal(rig.passed(9, 0, 100), 60, "a newcomer has full buckets");
    for (let client = 2; client <= 8; client++)
      assert.equal(rig.passed(client, 0, 100), 60 - client * 5, `client ${client} is known still`);
  });

  it("gets over garbled memory", () => {
    const memory = new SharedArrayBuffer(tokenBucketBytes(8));
    const rig = createRig({ datagramsPerS: 10 }, 8, memory);
    assert.equal(rig.send(1, 5), 0);
    new Float64Array(memory, 0, 24).fill(1e300);
    assert.equal(rig.passed(1, 5, 100), 10);
    new Float64Array(memory, 0, 24).fill(Number.NaN);
    assert.equal(rig.passed(1, 5, 100), 10);
  });

  it("is shared by all who use the same memory", () => {
    const memory = new SharedArrayBuffer(tokenBucketBytes(100));
    const one = createRig({ datagramsPerS: 10 }, 100, memory);
    const other = createRig({ datagramsPerS: 10 }, 100, memory);
    assert.equal(one.passed(1, 0, 7), 7);
    assert.equal(other.passed(1, 0, 7), 3);
  });
});

describe("tokenBucketBytes", () => {
  it("has room for as many clients as are asked for, and no more than twice that", () => {
    for (const maxTracked of [1, 8, 9, 1000, 65_536]) {
      const entries = tokenBucketBytes(maxTracked) / 44;
      assert.ok(entries >= maxTracked && entries <= Math.max(8, 2 * maxTracked), `${maxTracked}: ${entries}`);
    }
    assert.equal(tokenBucketBytes(65_536), 65_536 * 44);
  });
});
