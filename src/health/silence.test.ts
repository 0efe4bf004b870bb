import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { SilenceDetector } from "./silence.js";

/** Feeds the same growth for some intervals; answers the slots found silent in the last one. */
function feed(
  detector: SilenceDetector,
  intervals: number,
  growth: readonly (readonly [number, number])[],
  from = 100,
) {
  let silent: number[] = [];
  for (let i = 0; i < intervals; i++) {
    silent = detector.observe(
      growth.map(([requests, replies], slot) => ({
        slot,
        requests: from + i * requests,
        replies: from + i * replies,
      })),
    );
  }
  return silent;
}

describe("SilenceDetector", () => {
  it("finds the backend that stopped answering while others answer", () => {
    assert.deepEqual(
      feed(new SilenceDetector(), 7, [
        [10, 10],
        [10, 0],
        [10, 9],
      ]),
      [1],
    );
  });

  it("needs a full window", () => {
    assert.deepEqual(
      feed(new SilenceDetector(), 6, [
        [10, 10],
        [10, 0],
      ]),
      [],
    );
  });

  it("never judges a pool that does not answer at all", () => {
    assert.deepEqual(
      feed(new SilenceDetector(), 20, [
        [1000, 0],
        [1000, 0],
      ]),
      [],
    );
  });

  it("never judges a backend that has never answered", () => {
    const detector = new SilenceDetector();
    for (let i = 0; i < 20; i++) {
      const silent = detector.observe([
        { slot: 0, requests: i * 100, replies: i * 100 },
        { slot: 1, requests: i * 100, replies: 0 },
      ]);
      assert.deepEqual(silent, []);
    }
  });

  it("takes few requests for no proof", () => {
    assert.deepEqual(
      feed(new SilenceDetector(), 7, [
        [10, 10],
        [1, 0],
      ]),
      [],
    );
  });

  it("takes a low reply ratio of the others into account", () => {
    assert.deepEqual(
      feed(new SilenceDetector(), 7, [
        [10, 1],
        [5, 0],
      ]),
      [],
    );
    assert.deepEqual(
      feed(new SilenceDetector(), 7, [
        [100, 10],
        [100, 0],
      ]),
      [1],
    );
  });

  it("does not flap on the lab's loss of 36 %", () => {
    const detector = new SilenceDetector();
    let state = 1;
    const random = () => {
      state = (state * 48_271) % 2_147_483_647;
      return state / 2_147_483_647;
    };
    const counts = [0, 1, 2].map((slot) => ({ slot, requests: 1, replies: 1 }));
    for (let i = 0; i < 20_000; i++) {
      for (const count of counts) {
        for (let n = 0; n < 3; n++) {
          count.requests++;
          if (random() >= 4 / 11) count.replies++;
        }
      }
      assert.deepEqual(detector.observe(counts.map((count) => ({ ...count }))), []);
    }
  });

  it("forgets", () => {
    const detector = new SilenceDetector();
    feed(detector, 6, [
      [10, 10],
      [10, 0],
    ]);
    detector.forget(1);
    assert.deepEqual(
      feed(
        detector,
        1,
        [
          [10, 10],
          [10, 0],
        ],
        200,
      ),
      [],
    );
  });
});
