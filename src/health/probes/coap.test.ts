import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { encodeCoapPing, judgeCoapReply } from "./coap.js";

describe("encodeCoapPing", () => {
  it("is an empty confirmable message (RFC 7252 sections 3 and 4.3)", () => {
    // Version 1, type 0 (CON), token length 0: 01 00 0000; code 0.00; message id.
    assert.equal(encodeCoapPing(0x7d34).toString("hex"), "40007d34");
  });
});

describe("judgeCoapReply", () => {
  const judge = (hex: string) => judgeCoapReply(Buffer.from(hex, "hex"), encodeCoapPing(0x7d34));
  it("takes the reset of that message", () =>
    assert.deepEqual(judge("70007d34"), { ok: true, reason: "reset" }));
  it("leaves everything else alone", () => {
    assert.deepEqual(judge("70007d35"), { ignored: "another message id" });
    // An ACK, a CON, another version, a code, a token, a payload, nothing.
    for (const hex of ["60007d34", "40007d34", "b0007d34", "70457d34", "71007d3401", "70007d34ff00", ""])
      assert.deepEqual(judge(hex), { ignored: "not a CoAP reset" }, hex);
  });
});
