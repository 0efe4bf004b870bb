import assert from "node:assert/strict";
import { test } from "node:test";
import { DNS_HEAD_BYTES, isDnsAnswer, markDnsAnswer, writeDnsHead, writeDnsId } from "./dns.js";

test("writeDnsHead: a query for sluice. A IN whose EDNS option holds the rest of the message", () => {
  const bytes = Buffer.alloc(80, 0xee);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  writeDnsHead(view, 8, 64);
  writeDnsId(view, 8, 0x5_1234);
  const dataBytes = (64 - DNS_HEAD_BYTES).toString(16).padStart(4, "0");
  const optionBytes = (64 - DNS_HEAD_BYTES + 4).toString(16).padStart(4, "0");
  const header = ["1234", "0100", "0001", "0000", "0000", "0001"];
  const question = ["06", Buffer.from("sluice").toString("hex"), "00", "0001", "0001"];
  const opt = ["00", "0029", "04d0", "00000000", optionBytes, "fde9", dataBytes];
  assert.equal(bytes.toString("hex", 8, 8 + DNS_HEAD_BYTES), [...header, ...question, ...opt].join(""));
  assert.deepEqual([bytes[7], bytes[8 + DNS_HEAD_BYTES]], [0xee, 0xee], "nothing beside it is touched");
});

test("markDnsAnswer: sets the flag that makes an answer of a query, and only that", () => {
  const view = new DataView(new ArrayBuffer(64));
  writeDnsHead(view, 0, 64);
  assert.equal(isDnsAnswer(view, 0, 64), false);
  markDnsAnswer(view, 0, 64);
  assert.equal(view.getUint16(2), 0x8100);
  assert.equal(isDnsAnswer(view, 0, 64), true);
  assert.equal(isDnsAnswer(view, 0, 2), false);
  const short = new DataView(new ArrayBuffer(2));
  markDnsAnswer(short, 0, 2);
  assert.equal(short.getUint16(0), 0);
});
