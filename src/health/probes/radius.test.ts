import assert from "node:assert/strict";
import { createHash, createHmac } from "node:crypto";
import { describe, it } from "node:test";
import { encodeStatusServer, judgeRadiusReply } from "./radius.js";

/** RFC 5997 section 6.1: the minimal query to the authentication port and its answer. */
const SECRET = Buffer.from("xyzzy5461");
const REQUEST = "0cda00268a54f4686fb394c52866e302185d062350125a665e2e1e8411f3e243822097c84fa3";
const RESPONSE = Buffer.from("02da0014ef0d552a4bf2d693ec2b6fe8b5411d66", "hex");
const request = Buffer.from(REQUEST, "hex");

/** A reply signed as RFC 2865 section 3 says, with a Message-Authenticator of RFC 3579 when asked to. */
function signedReply({ code = 2, secret = SECRET, attributes = "", withMessageAuthenticator = false }) {
  const body = Buffer.from(attributes + (withMessageAuthenticator ? `5012${"00".repeat(16)}` : ""), "hex");
  const reply = Buffer.concat([
    Buffer.from([code, request[1], 0, 20 + body.length]),
    request.subarray(4, 20),
    body,
  ]);
  if (withMessageAuthenticator)
    reply.set(createHmac("md5", secret).update(reply).digest(), reply.length - 16);
  reply.set(createHash("md5").update(reply).update(secret).digest(), 4);
  return reply;
}

describe("encodeStatusServer", () => {
  it("is the example of RFC 5997 section 6.1, byte for byte", () => {
    const packet = encodeStatusServer(0xda, request.subarray(4, 20), SECRET);
    assert.equal(packet.toString("hex"), REQUEST);
  });
});

describe("judgeRadiusReply", () => {
  const judge = (reply: Buffer) => judgeRadiusReply(reply, request, SECRET);

  it("takes the answer of RFC 5997 section 6.1", () => {
    assert.deepEqual(judge(RESPONSE), { ok: true, reason: "Access-Accept" });
  });
  it("leaves padding after the length out", () => {
    assert.deepEqual(judge(Buffer.concat([RESPONSE, Buffer.alloc(3)])), {
      ok: true,
      reason: "Access-Accept",
    });
  });
  it("takes an accounting server's answer", () => {
    assert.deepEqual(judge(signedReply({ code: 5 })), { ok: true, reason: "Accounting-Response" });
  });
  it("fails by a signed answer of another kind", () => {
    const reason = "code 3, expected Access-Accept (2) or Accounting-Response (5)";
    assert.deepEqual(judge(signedReply({ code: 3 })), { ok: false, reason });
  });
  it("verifies a Message-Authenticator where there is one", () => {
    const reply = signedReply({ withMessageAuthenticator: true });
    assert.deepEqual(judge(reply), { ok: true, reason: "Access-Accept" });
    const wrong = signedReply({ attributes: `5012${"11".repeat(16)}` });
    assert.deepEqual(judge(wrong), { ignored: "a wrong Message-Authenticator" });
    for (const attributes of ["50", "5001", "5013ff", "1200"])
      assert.deepEqual(
        judge(signedReply({ attributes })),
        { ignored: "a wrong Message-Authenticator" },
        attributes,
      );
  });
  it("does not believe who does not know the secret", () => {
    const why = "a wrong Response Authenticator; is it the same secret?";
    assert.deepEqual(judge(signedReply({ secret: Buffer.from("xyzzy5462") })), { ignored: why });
    for (let i = 4; i < RESPONSE.length; i++) {
      const changed = Buffer.from(RESPONSE);
      changed[i] ^= 1;
      assert.deepEqual(judge(changed), { ignored: why });
    }
  });
  it("leaves what is no answer to this request alone", () => {
    const other = Buffer.from(RESPONSE);
    other[1]++;
    assert.deepEqual(judge(other), { ignored: "another identifier" });
    assert.deepEqual(judge(RESPONSE.subarray(0, 19)), { ignored: "too short for RADIUS" });
    assert.deepEqual(judge(Buffer.from(`02da0015${"00".repeat(16)}`, "hex")), { ignored: "a wrong length" });
  });
});
