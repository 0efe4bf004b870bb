import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { SuspicionTimeout } from "./suspicion-timeout.js";

describe("SuspicionTimeout", () => {
  it("is ten times the slowest of the last probes, from 100 ms to the configured timeout", () => {
    const timeout = new SuspicionTimeout();
    timeout.learn(0.2);
    assert.equal(timeout.timeoutMs(1000), 1000); // one says too little
    timeout.learn(0.3);
    assert.equal(timeout.timeoutMs(1000), 100);
    timeout.learn(31);
    timeout.learn(2);
    assert.equal(timeout.timeoutMs(1000), 310);
    assert.equal(timeout.timeoutMs(250), 250);
    assert.equal(timeout.timeoutMs(50), 50);
    for (let i = 0; i < 16; i++) timeout.learn(2);
    assert.equal(timeout.timeoutMs(1000), 100);
  });
});
