/** The detector of silence in virtual time, behind a real forwarder: it ejects nobody who is well, and finds a black hole soon. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { PoolEntry } from "#src/core/snapshot.js";
import { LOOK_EVERY_MS } from "#src/health/silence.js";
import { CLIENTS, crowd, defineQuietHours, MINUTE_MS, name, Pace, POOLS } from "../support/silence-scenes.js";
import { seededRandom, type VirtualOptions, VirtualTraffic } from "../support/virtual-traffic.js";

/** The whole hours are in test/system/silence.test.ts. */
const PART = 1 / 10;

describe("SilenceDetector: some minutes with loss, bursts, pauses and slow replies", () =>
  defineQuietHours(PART));

describe("SilenceDetector: a black hole", () => {
  function findMs(perSecond: number, options: Partial<VirtualOptions> = {}, count = CLIENTS): number {
    const random = seededRandom(perSecond);
    const traffic = new VirtualTraffic({ random, pool: {}, loss: 0, replyMs: () => 1, ...options });
    crowd(traffic, { random, pace: new Pace(random), perSecond }, count, () => true);
    const beginsMs = MINUTE_MS + 50 * random();
    traffic.at(beginsMs, () => {
      traffic.servers[1].isSilent = true;
    });
    traffic.run(beginsMs + MINUTE_MS);
    assert.deepEqual(
      traffic.found.map(({ slot }) => slot),
      [1],
    );
    assert.ok(traffic.found[0].chance < 1e-9);
    return traffic.found[0].atMs - beginsMs;
  }

  for (const [where, pool] of Object.entries(POOLS)) {
    it(`is found within 250 ms at 1,000 requests a second, ${where}`, () => {
      const ms = findMs(1000, { pool });
      assert.ok(ms <= 250, `${ms} ms`);
    });
    it(`is found within 3 s at 10 requests a second, ${where}`, () => {
      const ms = findMs(10, { pool });
      assert.ok(ms <= 3000, `${ms} ms`);
    });
  }

  const conversations: readonly string[] = ["affinity client", "affinity client-ip"];
  for (const where of conversations) {
    it(`is found after a short record, wherever between two looks it begins, ${where}`, () => {
      for (let beginsMs = 300; beginsMs < 300 + LOOK_EVERY_MS; beginsMs += 3) {
        const traffic = steadyConversations(POOLS[where]);
        traffic.at(beginsMs, () => {
          traffic.servers[1].isSilent = true;
        });
        traffic.run(beginsMs + MINUTE_MS);
        assert.equal(traffic.found[0]?.slot, 1, `from ${beginsMs} ms`);
      }
    });
  }
});

/** Twelve clients of two servers, each with a request every 10 ms that is answered a millisecond later. */
function steadyConversations(pool: Partial<PoolEntry>): VirtualTraffic {
  const random = seededRandom(1);
  const options = { random, pool: { ...pool, policy: "least-flows" as const }, servers: 2, loss: 0 };
  const traffic = new VirtualTraffic({ ...options, replyMs: () => 1 });
  for (let i = 0; i < 12; i++) traffic.add({ name: name(), next: () => 10, isAnswered: () => true }, i);
  return traffic;
}
