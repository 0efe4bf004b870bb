import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { didYouMean, editDistance, nearest } from "./nearest.js";

describe("editDistance", () => {
  for (const [a, b, distance] of [
    ["", "", 0],
    ["", "abc", 3],
    ["abc", "", 3],
    ["weight", "weight", 0],
    ["weigth", "weight", 1],
    ["adress", "address", 1],
    ["kitten", "sitting", 3],
    ["ab", "ba", 1],
  ] as const) {
    it(`is ${distance} from ${JSON.stringify(a)} to ${JSON.stringify(b)}`, () => {
      assert.equal(editDistance(a, b), distance);
      assert.equal(editDistance(b, a), distance);
    });
  }
});

describe("nearest", () => {
  const keys = ["name", "address", "weight", "state", "maxFlows"];

  it("finds a word with a letter missing, added, replaced or swapped", () => {
    assert.equal(nearest("adress", keys), "address");
    assert.equal(nearest("weights", keys), "weight");
    assert.equal(nearest("stete", keys), "state");
    assert.equal(nearest("wieght", keys), "weight");
  });

  it("does not count case, hyphens and underscores", () => {
    assert.equal(nearest("max_flows", keys), "maxFlows");
    assert.equal(nearest("MAX-FLOWS", keys), "maxFlows");
  });

  it("finds nothing when nothing is near", () => {
    assert.equal(nearest("colour", keys), undefined);
    assert.equal(nearest("", keys), undefined);
    assert.equal(nearest("x", []), undefined);
    assert.equal(nearest("a".repeat(1_000_000), keys), undefined);
  });

  it("takes the first of equally near words", () => {
    assert.equal(nearest("pool3", ["pool1", "pool2"]), "pool1");
  });
});

describe("didYouMean", () => {
  it("completes a message", () => assert.equal(didYouMean("nmae", ["name"]), '; did you mean "name"?'));
  it("is empty without a suggestion", () => assert.equal(didYouMean("colour", ["name"]), ""));
});
