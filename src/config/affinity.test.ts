import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { AFFINITY_PATTERN, formatAffinity, parseAffinity } from "./affinity.js";

const VALID = [
  ["none", { kind: "none" }, "none"],
  ["client", { kind: "client" }, "client"],
  ["client-ip", { kind: "client-ip", prefix4: 32, prefix6: 128 }, "client-ip"],
  ["client-ip/24", { kind: "client-ip", prefix4: 24, prefix6: 128 }, "client-ip/24"],
  ["client-ip/24,56", { kind: "client-ip", prefix4: 24, prefix6: 56 }, "client-ip/24,56"],
  ["client-ip/1,1", { kind: "client-ip", prefix4: 1, prefix6: 1 }, "client-ip/1,1"],
  ["client-ip/32,128", { kind: "client-ip", prefix4: 32, prefix6: 128 }, "client-ip"],
  ["client-ip/32,64", { kind: "client-ip", prefix4: 32, prefix6: 64 }, "client-ip/32,64"],
] as const;

describe("parseAffinity", () => {
  for (const [text, affinity] of VALID) {
    it(`reads ${text}`, () => assert.deepEqual(parseAffinity(text), affinity));
    it(`the JSON Schema allows ${text}`, () => assert.match(text, new RegExp(AFFINITY_PATTERN)));
  }
  for (const text of [
    "",
    "None",
    "client-ip/",
    "client-ip/0",
    "client-ip/33",
    "client-ip/24,129",
    "client-ip/24,0",
    "client-ip/024",
    "client-ip/24, 56",
    "client-ip/,56",
    "client-port",
  ]) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      assert.throws(() => parseAffinity(text), {
        code: "AFFINITY_INVALID",
        message: /^found ".*", expected none, /,
      });
    });
  }
});

describe("formatAffinity", () => {
  for (const [, affinity, text] of VALID)
    it(`writes ${text}`, () => assert.equal(formatAffinity(affinity), text));
});
