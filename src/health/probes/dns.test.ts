import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { encodeDnsQuery, judgeDnsReply } from "./dns.js";

const query = encodeDnsQuery(0xabcd, { name: "Example.org", recordType: "AAAA" });
const QUESTION = "07457861" + "6d706c65" + "036f7267" + "00" + "001c" + "0001";

/** A reply of the layout in RFC 1035 section 4.1.1. */
const reply = ({ id = "abcd", flags = "8180", counts = "0001000000000000", question = QUESTION } = {}) =>
  Buffer.from(id + flags + counts + question, "hex");

describe("encodeDnsQuery", () => {
  it("is a header with recursion desired, and one question", () => {
    assert.equal(query.toString("hex"), `abcd01000001000000000000${QUESTION}`);
  });
  it("asks for the root", () => {
    const root = encodeDnsQuery(1, { name: ".", recordType: "NS" });
    assert.equal(root.toString("hex"), "000101000001000000000000" + "00" + "0002" + "0001");
  });
  it("takes a name with and without a dot at its end for the same", () => {
    assert.deepEqual(encodeDnsQuery(0xabcd, { name: "Example.org.", recordType: "AAAA" }), query);
  });
});

describe("judgeDnsReply", () => {
  const judge = (fields: Parameters<typeof reply>[0], rcodes = ["NOERROR"]) =>
    judgeDnsReply(reply(fields), query, rcodes);

  it("takes an expected response code", () => {
    assert.deepEqual(judge({}), { ok: true, reason: "rcode NOERROR" });
    assert.deepEqual(judge({ flags: "8183" }, ["NOERROR", "NXDOMAIN"]), {
      ok: true,
      reason: "rcode NXDOMAIN",
    });
  });
  it("takes the name in other letters", () => {
    assert.equal("ok" in judge({ question: QUESTION.replace("07457861", "07655841") }), true);
  });
  it("fails by any other response code", () => {
    assert.deepEqual(judge({ flags: "8182" }), { ok: false, reason: "rcode SERVFAIL, expected NOERROR" });
    const both = judge({ flags: "818f" }, ["NOERROR", "REFUSED"]);
    assert.deepEqual(both, { ok: false, reason: "rcode 15, expected NOERROR or REFUSED" });
  });
  it("fails when the server could not read the question", () => {
    const answer = judge({ flags: "8001", counts: "0000000000000000", question: "" }, ["FORMERR"]);
    assert.deepEqual(answer, { ok: false, reason: "rcode FORMERR without the question" });
  });
  it("leaves what does not answer this question alone", () => {
    assert.deepEqual(judge({ id: "abce" }), { ignored: "another id" });
    assert.deepEqual(judge({ flags: "0100" }), { ignored: "a query" });
    assert.deepEqual(judge({ flags: "a800" }), { ignored: "another opcode" });
    assert.deepEqual(judge({ question: QUESTION.replace("001c", "0001") }), { ignored: "another question" });
    assert.deepEqual(judge({ question: QUESTION.replace("6f7267", "6f7268") }), {
      ignored: "another question",
    });
    assert.deepEqual(judge({ question: "" }), { ignored: "another question" });
    assert.deepEqual(judge({ counts: "0000000000000000", question: "" }), { ignored: "another question" });
    assert.deepEqual(judge({ counts: "", question: "" }), { ignored: "too short for DNS" });
  });
});
