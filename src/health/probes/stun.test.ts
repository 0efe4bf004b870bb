import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { encodeStunRequest, judgeStunReply } from "./stun.js";

const TRANSACTION = "b7e7a701bc34d686fa87dfae";
const request = encodeStunRequest(Buffer.from(TRANSACTION, "hex"), false);

/** RFC 5769 section 2.2, the sample IPv4 response, with its MESSAGE-INTEGRITY and FINGERPRINT. */
const SAMPLE = Buffer.from(
  `0101003c2112a442${TRANSACTION}8022000b7465737420766563746f722000200008` +
    "0001a147e112a643000800142b91f599fd9e90c38c7489f92af9ba53f06be7d780280004c07d4c96",
  "hex",
);
const message = (type: string, attributes: string, transaction = TRANSACTION) => {
  const length = (attributes.length / 2).toString(16).padStart(4, "0");
  return Buffer.from(`${type}${length}2112a442${transaction}${attributes}`, "hex");
};
const MAPPED = "002000080001a147e112a643";

describe("encodeStunRequest", () => {
  it("is a Binding request with magic cookie and transaction id", () => {
    assert.equal(request.toString("hex"), `000100002112a442${TRANSACTION}`);
  });
  it("ends in a FINGERPRINT when asked to", () => {
    const printed = encodeStunRequest(Buffer.from(TRANSACTION, "hex"), true).toString("hex");
    assert.match(printed, new RegExp(`^000100082112a442${TRANSACTION}80280004[0-9a-f]{8}$`));
  });
});

describe("judgeStunReply", () => {
  const judge = (reply: Buffer, fingerprint = false) => judgeStunReply(reply, request, fingerprint);

  it("takes the sample response of RFC 5769, fingerprint and all", () => {
    assert.deepEqual(judge(SAMPLE), { ok: true, reason: "binding success" });
    assert.deepEqual(judge(SAMPLE, true), { ok: true, reason: "binding success" });
  });
  it("sees every change in what the fingerprint covers", () => {
    for (let i = 20; i < SAMPLE.length; i++) {
      const changed = Buffer.from(SAMPLE);
      changed[i] ^= 0x10;
      assert.notEqual(
        "ok" in judge(changed, true) && (judge(changed, true) as { ok: boolean }).ok,
        true,
        String(i),
      );
    }
  });
  it("takes a response without fingerprint, unless one is wanted", () => {
    const plain = message("0101", MAPPED);
    assert.deepEqual(judge(plain), { ok: true, reason: "binding success" });
    assert.deepEqual(judge(plain, true), { ignored: "no fingerprint" });
  });
  it("fails by an error response, with its code", () => {
    assert.deepEqual(judge(message("0111", "0009000400000414")), { ok: false, reason: "error 420" });
    assert.deepEqual(judge(message("0111", "")), { ok: false, reason: "error without a code" });
  });
  it("fails without an address", () => {
    assert.deepEqual(judge(message("0101", "")), {
      ok: false,
      reason: "binding success without a mapped address",
    });
  });
  it("leaves what is no answer to this request alone", () => {
    assert.deepEqual(judge(message("0101", MAPPED, "00".repeat(12))), { ignored: "another transaction id" });
    assert.deepEqual(judge(message("0001", "")), { ignored: "no answer to a Binding request" });
    assert.deepEqual(judge(message("0101", "00200009")), { ignored: "attributes that do not fit" });
    assert.deepEqual(judge(SAMPLE.subarray(0, -1)), { ignored: "not STUN" });
  });
});
