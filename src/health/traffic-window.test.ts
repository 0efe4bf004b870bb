import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Reading, TrafficWindow } from "./traffic-window.js";

const KINDS = ["habituals"] as const;
const NOTHING: Reading = {
  ...{ slot: 0, requests: 0, answered: 0, heard: 0, lapsed: 0 },
  ...{ firsts: 0, firstsAnswered: 0, habituals: 0, habitualsAnswered: 0 },
};

/** A hundred requests of flows in the habit, and what is given beside. */
function read(given: Partial<Reading>): Reading {
  return {
    ...NOTHING,
    requests: 100,
    habituals: 100,
    habitualsAnswered: 100,
    answered: 100,
    heard: 100,
    ...given,
  };
}

describe("TrafficWindow", () => {
  it("does not take for usual what waits when it was last heard", () => {
    const window = new TrafficWindow(NOTHING, 0);
    window.look(read({ habituals: 106, requests: 106 }), KINDS, 50);
    assert.equal(window.usuallyUnanswered("habituals").part, 1 / 102);
    assert.equal(window.waitingIn(1, "habituals"), 6);
  });

  it("learns what stayed unanswered once it is heard again", () => {
    const window = new TrafficWindow(NOTHING, 0);
    window.look(read({ habituals: 106, requests: 106 }), KINDS, 50);
    window.look(read({ habituals: 106, requests: 200, heard: 101 }), KINDS, 50);
    assert.equal(window.usuallyUnanswered("habituals").part, 7 / 108);
  });

  it("counts flows that lost the habit until its next reply, however long that takes", () => {
    const window = new TrafficWindow(NOTHING, 0);
    window.look(read({}), KINDS, 50);
    window.look(read({ requests: 110, lapsed: 5 }), KINDS, 1100);
    for (let i = 0; i < 1000; i++) window.look(read({ requests: 111 + i, lapsed: 5 }), KINDS, 1150 + i * 50);
    assert.equal(window.lapses, 5);
    window.look(read({ requests: 2000, lapsed: 5, heard: 101 }), KINDS, 60_000);
    assert.equal(window.lapses, 0);
  });

  it("excuses the flows that lost the habit while nobody was heard, and no others", () => {
    const window = new TrafficWindow(NOTHING, 0);
    window.look(read({}), KINDS, 50);
    window.look(read({ requests: 110, lapsed: 5 }), KINDS, 1100);
    window.look(read({ requests: 120, lapsed: 7 }), KINDS, 1150);
    window.excuse(1100, 1150);
    window.excuse(1100, 1150);
    assert.equal(window.lapses, 5);
    window.look(read({ requests: 130, lapsed: 8 }), KINDS, 1200);
    assert.equal(window.lapses, 6);
    window.excuse(1120, 1250);
    assert.equal(window.lapses, 5);
  });

  it("remembers a pause of its own, and none for as long as nobody was heard", () => {
    const window = new TrafficWindow(NOTHING, 0);
    window.look(read({}), KINDS, 50);
    window.look(read({ requests: 110 }), KINDS, 100);
    window.excuse(50, 400);
    window.look(read({ requests: 110, heard: 101 }), KINDS, 450);
    assert.equal(window.longestPauseMs(450), 50);
    window.look(read({ requests: 120, heard: 101 }), KINDS, 500);
    window.look(read({ requests: 120, heard: 102 }), KINDS, 800);
    assert.equal(window.longestPauseMs(800), 350);
  });
});
