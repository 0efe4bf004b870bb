import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { TrafficEvidence, type TrafficReading } from "./traffic-evidence.js";

const reading = (requests: number, replies = 0, refused = 0): TrafficReading => ({
  requests,
  replies,
  refused,
});

describe("TrafficEvidence", () => {
  it("tells what came since, once", () => {
    const evidence = new TrafficEvidence(reading(5, 5, 5));
    assert.equal(evidence.judge(reading(5, 5, 5), 0), undefined);
    assert.equal(evidence.judge(reading(6, 6, 5), 500), "answered");
    assert.equal(evidence.judge(reading(7, 6, 5), 1000), undefined);
    assert.equal(evidence.judge(reading(8, 6, 6), 1500), "refused");
    assert.equal(evidence.judge(reading(8, 6, 6), 2000), undefined);
  });

  it("takes a refusal for more than replies of the same interval, which then are spent", () => {
    const evidence = new TrafficEvidence(reading(0));
    assert.equal(evidence.judge(reading(9, 5, 1), 0), "refused");
    assert.equal(evidence.judge(reading(9, 5, 1), 500), undefined);
    assert.equal(evidence.judge(reading(9, 6, 1), 1000), "answered");
  });

  it("takes requests without a refusal for a sign only where nothing has ever answered, and after 5 s", () => {
    const oneWay = new TrafficEvidence(reading(0));
    assert.equal(oneWay.judge(reading(1), 0), undefined);
    assert.equal(oneWay.judge(reading(1), 4999), undefined);
    assert.equal(oneWay.judge(reading(1), 5000), "unrefused");
    assert.equal(oneWay.judge(reading(2, 0, 1), 5500), "refused");
    assert.equal(oneWay.judge(reading(2, 0, 1), 60_000), undefined);
    assert.equal(oneWay.judge(reading(3, 0, 1), 60_500), undefined);
    assert.equal(oneWay.judge(reading(3, 0, 1), 65_500), "unrefused");
    const answering = new TrafficEvidence(reading(5, 5));
    for (const nowMs of [0, 5000, 60_000]) assert.equal(answering.judge(reading(9, 5), nowMs), undefined);
  });

  it("begins anew", () => {
    const evidence = new TrafficEvidence(reading(0));
    evidence.judge(reading(1), 0);
    evidence.restart(reading(9, 9, 9));
    assert.equal(evidence.judge(reading(9, 9, 9), 9000), undefined);
  });
});
