import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { judgeSipReply } from "./sip.js";
import { decodeSipResponse, encodeSipOptions } from "./sip-message.js";

const ids = { branch: "77ef4c2312983.1", callId: "a84b4c76e66710", tag: "1928301774", sequence: 63_104 };
const VIA = "SIP/2.0/UDP 192.0.2.4:5999;branch=z9hG4bK77ef4c2312983.1;rport=5999;received=192.0.2.4";

/** A response as in RFC 3261 section 11.2, with some of its lines replaced. */
function response({
  first = "SIP/2.0 200 OK",
  via = `Via: ${VIA}`,
  callId = "Call-ID: a84b4c76e66710",
  cseq = "CSeq: 63104 OPTIONS",
} = {}) {
  const others = ["To: <sip:carol@example.org>;tag=93810874", "From: <sip:a@example.org>;tag=1928301774"];
  const lines = [first, via, ...others, callId, cseq, "Allow: INVITE, ACK", "Content-Length: 0"];
  return Buffer.from(`${lines.join("\r\n")}\r\n\r\n`);
}

describe("encodeSipOptions", () => {
  it("has the request line and every header that RFC 3261 section 8.1.1 asks for", () => {
    const text = encodeSipOptions("sip:carol@example.org", "192.0.2.4:5999", ids).toString();
    assert.equal(
      text,
      [
        "OPTIONS sip:carol@example.org SIP/2.0",
        "Via: SIP/2.0/UDP 192.0.2.4:5999;branch=z9hG4bK77ef4c2312983.1;rport",
        "Max-Forwards: 70",
        "From: <sip:sluice@192.0.2.4:5999>;tag=1928301774",
        "To: <sip:carol@example.org>",
        "Call-ID: a84b4c76e66710",
        "CSeq: 63104 OPTIONS",
        "Contact: <sip:sluice@192.0.2.4:5999>",
        "Accept: application/sdp",
        "User-Agent: sluice",
        "Content-Length: 0",
        "",
        "",
      ].join("\r\n"),
    );
  });
});

describe("decodeSipResponse", () => {
  it("reads compact, folded and joined headers, whatever their case", () => {
    const folded = `v: SIP/2.0/UDP\r\n 192.0.2.4:5999; BRANCH = z9hG4bK77ef4c2312983.1 ,SIP/2.0/UDP x;branch=y`;
    const message = response({ via: folded, callId: "i:a84b4c76e66710", cseq: "CSEQ:  63104 \t OPTIONS" });
    assert.deepEqual(decodeSipResponse(message), {
      status: 200,
      branch: "z9hG4bK77ef4c2312983.1",
      callId: "a84b4c76e66710",
      cseq: "63104 OPTIONS",
    });
  });
  it("knows only responses", () => {
    for (const first of ["OPTIONS sip:x SIP/2.0", "SIP/2.0 2000 OK", "SIP/2.0 099 x", "SIP/1.0 200 OK", ""])
      assert.equal(decodeSipResponse(response({ first })), undefined, first);
  });
});

describe("judgeSipReply", () => {
  const EXPECTED = ["200-407", "409-499"];
  const judge = (fields: Parameters<typeof response>[0]) => judgeSipReply(response(fields), ids, EXPECTED);

  it("takes an expected final response", () => {
    assert.deepEqual(judge({}), { ok: true, reason: "status 200" });
    assert.deepEqual(judge({ first: "SIP/2.0 404 Not Found" }), { ok: true, reason: "status 404" });
  });
  it("fails by any other", () => {
    const expected = "expected 200-407 or 409-499";
    for (const status of [408, 500, 503, 603])
      assert.deepEqual(judge({ first: `SIP/2.0 ${status} x` }), {
        ok: false,
        reason: `status ${status}, ${expected}`,
      });
  });
  it("waits through provisional responses", () => {
    assert.deepEqual(judge({ first: "SIP/2.0 100 Trying" }), { ignored: "provisional status 100" });
  });
  it("leaves what does not answer this request alone", () => {
    assert.deepEqual(judge({ first: "hello" }), { ignored: "not a SIP response" });
    assert.deepEqual(judge({ via: `Via: ${VIA.replace("77ef", "77ee")}` }), { ignored: "another branch" });
    assert.deepEqual(judge({ via: "X: y" }), { ignored: "another branch" });
    assert.deepEqual(judge({ callId: "Call-ID: b" }), { ignored: "another Call-ID" });
    assert.deepEqual(judge({ cseq: "CSeq: 63104 INVITE" }), { ignored: "another CSeq" });
    assert.deepEqual(judge({ cseq: "CSeq: 63105 OPTIONS" }), { ignored: "another CSeq" });
  });
});
