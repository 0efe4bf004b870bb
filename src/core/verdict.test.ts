import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { DROP_REASONS } from "./drop-reason.js";
import { dropOf, FORWARD, FORWARD_LAST, reasonNumber, reasonOf } from "./verdict.js";

describe("verdicts", () => {
  it("of drops are negative, differ, and name their reason", () => {
    const verdicts = DROP_REASONS.map((reason) => dropOf(reasonNumber(reason)));
    assert.ok(verdicts.every((verdict) => verdict < 0));
    assert.equal(new Set(verdicts).size, DROP_REASONS.length);
    assert.deepEqual(
      verdicts.map((verdict) => DROP_REASONS[reasonOf(verdict)]),
      DROP_REASONS,
    );
  });

  it("of forwarded replies are not negative", () => {
    assert.deepEqual([FORWARD, FORWARD_LAST], [0, 1]);
  });
});
