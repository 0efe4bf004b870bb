import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { encodePing, judgePingReply } from "./ping.js";

const request = encodePing(7, new Date(2024, 0, 2, 3, 4, 5));

describe("encodePing", () => {
  it("writes the number and the local time", () => assert.equal(request.toString(), "PING 7 03:04:05"));
});

describe("judgePingReply", () => {
  const judge = (text: string) => judgePingReply(Buffer.from(text), request);
  it("takes the same text in upper case", () =>
    assert.deepEqual(judge("PING 7 03:04:05"), { ok: true, reason: "answered" }));
  it("leaves the answer to another request alone", () => {
    for (const text of ["PING 8 03:04:05", "ping 7 03:04:05", "PING 7 03:04:05\n", ""])
      assert.deepEqual(judge(text), { ignored: "another text" });
  });
});
