import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { addResult, INITIAL_HYSTERESIS, isChanging, UNPROVEN } from "./hysteresis.js";

const THRESHOLDS = { rise: 2, fall: 3 };

/** The state after each result: `+` success, `-` failure; a small letter while it is changing. */
function trace(results: string, thresholds = THRESHOLDS, from = INITIAL_HYSTERESIS): string {
  let now = from;
  return [...results]
    .map((result) => {
      now = addResult(now, result === "+", thresholds);
      const letter = { up: "U", down: "D", unproven: "?" }[now.state];
      return isChanging(now) ? letter.toLowerCase() : letter;
    })
    .join("");
}

describe("addResult", () => {
  const CASES = [
    ["stays up while all is well", "+++", "UUU"],
    ["goes down after as many failures in a row as fall says", "---", "uuD"],
    ["begins anew after a success", "--+--+", "uuUuuU"],
    ["comes up after as many successes in a row as rise says", "---++", "uuDdU"],
    ["begins anew after a failure", "---+-+-+", "uuDdDdDd"],
    ["stays down", "-----", "uuDDD"],
  ] as const;
  for (const [what, results, states] of CASES) it(what, () => assert.equal(trace(results), states));

  it("changes at once with thresholds of one", () => {
    assert.equal(trace("-+-+", { rise: 1, fall: 1 }), "DUDU");
  });

  it("decides anew after an ejection, by results in a row of either kind", () => {
    assert.equal(trace("+-+--++", THRESHOLDS, UNPROVEN), "??????U");
    assert.equal(trace("+---+", THRESHOLDS, UNPROVEN), "???Dd");
    assert.equal(trace("+", { rise: 1, fall: 3 }, UNPROVEN), "U");
    assert.equal(isChanging(UNPROVEN), true);
  });
});
