import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createReservedVersion, encodeQuicRequest, judgeQuicReply } from "./quic.js";

const ids = {
  destination: Buffer.from("0001020304050607", "hex"),
  source: Buffer.from("a0a1a2a3a4a5a6a7", "hex"),
};
const version = createReservedVersion(Buffer.from("12345678", "hex"));

describe("createReservedVersion", () => {
  it("is of the form 0x?a?a?a?a", () => assert.equal(version.toString("hex"), "1a3a5a7a"));
});

describe("encodeQuicRequest", () => {
  it("is a long header (RFC 8999 section 5.1), padded to 1,200 bytes", () => {
    const request = encodeQuicRequest(version, ids);
    assert.equal(request.length, 1_200);
    const header = "c0" + "1a3a5a7a" + "080001020304050607" + "08a0a1a2a3a4a5a6a7";
    assert.equal(request.toString("hex").replace(/(00)+$/, ""), header);
  });
});

describe("judgeQuicReply", () => {
  const judge = (hex: string) => judgeQuicReply(Buffer.from(hex, "hex"), version, ids);
  const swapped = "08a0a1a2a3a4a5a6a7" + "080001020304050607";

  it("takes Version Negotiation with our ids the other way round (RFC 8999 section 6)", () => {
    const answer = judge(`80${"00000000"}${swapped}${"00000001"}${"6b3343cf"}`);
    assert.deepEqual(answer, { ok: true, reason: "version negotiation, 2 versions" });
    assert.equal("ok" in judge(`ff${"00000000"}${swapped}${"00000001"}`), true);
  });
  it("leaves other packets and other connections alone", () => {
    const straight = "080001020304050607" + "08a0a1a2a3a4a5a6a7";
    assert.deepEqual(judge(`80${"00000000"}${straight}${"00000001"}`), { ignored: "other connection ids" });
    assert.deepEqual(judge(`80${"00000000"}08a0a1`), { ignored: "other connection ids" });
    for (const hex of [
      `40${"00000000"}${swapped}00000001`,
      `80${"00000001"}${swapped}00000001`,
      "80000000",
      "",
    ])
      assert.deepEqual(judge(hex), { ignored: "not Version Negotiation" }, hex);
  });
  it("fails by a list of versions that cannot be", () => {
    const reason = "a list of versions that is cut off";
    assert.deepEqual(judge(`80${"00000000"}${swapped}`), { ok: false, reason });
    assert.deepEqual(judge(`80${"00000000"}${swapped}000000`), { ok: false, reason });
    const claimed = judge(`80${"00000000"}${swapped}${"00000001"}${"1a3a5a7a"}`);
    assert.deepEqual(claimed, { ok: false, reason: "claims to speak the reserved version" });
  });
});
