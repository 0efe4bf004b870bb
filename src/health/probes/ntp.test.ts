import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { encodeNtpRequest, judgeNtpReply } from "./ntp.js";

const request = encodeNtpRequest(Buffer.from("0123456789abcdef", "hex"));

/** A server's answer, laid out as RFC 5905 figure 8 has it. */
function reply({
  first = "24",
  stratum = "02",
  reference = "7f000001",
  origin = "0123456789abcdef",
  sent = "e0",
} = {}) {
  const poll = "06";
  const precision = "e9";
  const delayAndDispersion = "0000010000000200";
  const time = "e93c7f0000000000";
  const transmit = sent + "00".repeat(7);
  const parts = [
    first,
    stratum,
    poll,
    precision,
    delayAndDispersion,
    reference,
    time,
    origin,
    time,
    transmit,
  ];
  return Buffer.from(parts.join(""), "hex");
}

describe("encodeNtpRequest", () => {
  it("has version 4, mode 3, and nothing but the transmit timestamp", () => {
    assert.equal(request.toString("hex"), `23${"00".repeat(39)}0123456789abcdef`);
  });
});

describe("judgeNtpReply", () => {
  const judge = (fields: Parameters<typeof reply>[0], maxStratum = 15) =>
    judgeNtpReply(reply(fields), request, maxStratum);

  it("takes a synchronised server", () => assert.deepEqual(judge({}), { ok: true, reason: "stratum 2" }));
  it("takes leap seconds to come", () => assert.equal("ok" in judge({ first: "64" }), true));
  it("fails by kiss-o'-death, and shows only proper codes", () => {
    const kiss = (code: string) =>
      judge({ stratum: "00", reference: Buffer.from(code, "latin1").toString("hex"), first: "e4" });
    assert.deepEqual(kiss("RATE"), { ok: false, reason: "kiss-o'-death RATE" });
    assert.deepEqual(kiss("\x1b[2J"), { ok: false, reason: "kiss-o'-death" });
  });
  it("fails when the clock is not synchronised", () => {
    assert.deepEqual(judge({ first: "e4" }), { ok: false, reason: "clock not synchronised (leap 3)" });
    assert.deepEqual(judge({ stratum: "10" }), { ok: false, reason: "stratum 16, expected at most 15" });
    assert.deepEqual(judge({}, 1), { ok: false, reason: "stratum 2, expected at most 1" });
    assert.deepEqual(judge({ sent: "00" }), { ok: false, reason: "no transmit timestamp" });
  });
  it("leaves the answer to another request, and what is none, alone", () => {
    assert.deepEqual(judge({ origin: "0123456789abcdee" }), { ignored: "another origin timestamp" });
    assert.deepEqual(judge({ first: "23" }), { ignored: "not from an NTP server" });
    assert.deepEqual(judgeNtpReply(reply().subarray(1), request, 15), { ignored: "too short for NTP" });
  });
});
