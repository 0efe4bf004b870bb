/** Probes: whatever a backend answers, a judge never throws; and only a true answer to this very request counts as ok. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, it } from "node:test";
import fc from "fast-check";
import { encodeCoapPing, judgeCoapReply } from "#src/health/probes/coap.js";
import { encodeDnsQuery, judgeDnsReply } from "#src/health/probes/dns.js";
import { encodeNtpRequest, judgeNtpReply } from "#src/health/probes/ntp.js";
import { encodePing, judgePingReply } from "#src/health/probes/ping.js";
import { encodeQuicRequest, judgeQuicReply } from "#src/health/probes/quic.js";
import { encodeStatusServer, judgeRadiusReply } from "#src/health/probes/radius.js";
import { judgeSipReply } from "#src/health/probes/sip.js";
import { encodeStunRequest, judgeStunReply } from "#src/health/probes/stun.js";
import type { Judgement } from "#src/health/probes/udp-exchange.js";

interface Subject {
  readonly name: string;
  readonly judge: (reply: Buffer) => Judgement;
  /** An answer that counts as ok. */
  readonly good: Buffer;
  /** Where `good` carries what only the asked backend knows: a change there makes it no answer. */
  readonly proof: readonly [from: number, to: number];
}

const random = Buffer.from("9f1c3b5d7e8a92b4c6d8e0f1a3b5c7d9", "hex");

function dns(): Subject {
  const query = encodeDnsQuery(0x9f1c, { name: "example.org", recordType: "A" });
  const good = Buffer.from(query);
  good[2] = 0x81;
  return { name: "dns", judge: (reply) => judgeDnsReply(reply, query, ["NOERROR"]), good, proof: [0, 2] };
}

function stun(): Subject {
  const request = encodeStunRequest(random.subarray(0, 12), false);
  const mapped = Buffer.from("002000080001a147e112a643", "hex");
  const good = Buffer.concat([request.subarray(0, 20), mapped]);
  good.set([1, 1, 0, mapped.length]);
  const judge = (reply: Buffer) => judgeStunReply(reply, request, false);
  return { name: "stun", judge, good, proof: [4, 20] };
}

function radius(): Subject {
  const secret = Buffer.from("secret");
  const request = encodeStatusServer(7, random, secret);
  const head = Buffer.from([2, 7, 0, 20]);
  const digest = createHash("md5").update(head).update(random).update(secret).digest();
  const judge = (reply: Buffer) => judgeRadiusReply(reply, request, secret);
  return { name: "radius", judge, good: Buffer.concat([head, digest]), proof: [0, 20] };
}

function quic(): Subject {
  const ids = { destination: random.subarray(0, 8), source: random.subarray(8) };
  const version = Buffer.from("1a2a3a4a", "hex");
  const request = encodeQuicRequest(version, { destination: ids.source, source: ids.destination });
  const good = Buffer.concat([request.subarray(0, 23), Buffer.from([0, 0, 0, 1])]);
  good.fill(0, 1, 5);
  return { name: "quic", judge: (reply) => judgeQuicReply(reply, version, ids), good, proof: [5, 23] };
}

function ntp(): Subject {
  const request = encodeNtpRequest(random.subarray(0, 8));
  const good = Buffer.alloc(48, 1);
  good.set([0x24, 2]);
  good.set(random.subarray(0, 8), 24);
  return { name: "ntp", judge: (reply) => judgeNtpReply(reply, request, 15), good, proof: [24, 32] };
}

function sip(): Subject {
  const ids = { branch: "b1", callId: "c1", tag: "t1", sequence: 5 };
  const text =
    "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKb1\r\nCall-ID: c1\r\nCSeq: 5 OPTIONS\r\n\r\n";
  const at = text.indexOf("z9hG4bK");
  const judge = (reply: Buffer) => judgeSipReply(reply, ids, ["200-299"]);
  return { name: "sip", judge, good: Buffer.from(text), proof: [at, at + 9] };
}

function coap(): Subject {
  const ping = encodeCoapPing(0x9f1c);
  const judge = (reply: Buffer) => judgeCoapReply(reply, ping);
  return { name: "coap", judge, good: Buffer.from("70009f1c", "hex"), proof: [0, 4] };
}

function ping(): Subject {
  const request = encodePing(123_456_789, new Date(0));
  return {
    name: "ping",
    judge: (reply) => judgePingReply(reply, request),
    good: request,
    proof: [0, request.length],
  };
}

const subjects = [dns(), stun(), radius(), quic(), ntp(), sip(), coap(), ping()];
const isOk = (judgement: Judgement) => "ok" in judgement && judgement.ok;

/** A good answer with some bytes changed, and its end cut off or something appended. */
const mutationOf = (good: Buffer) =>
  fc
    .tuple(
      fc.array(fc.tuple(fc.nat({ max: good.length - 1 }), fc.nat({ max: 255 })), { maxLength: 6 }),
      fc.nat({ max: good.length }),
      fc.uint8Array({ maxLength: 40 }),
    )
    .map(([changes, length, more]) => {
      const changed = Buffer.from(good);
      for (const [at, byte] of changes) changed[at] = byte;
      return Buffer.concat([changed.subarray(0, length), more]);
    });

describe("replies to probes", () => {
  for (const { name, judge, good, proof } of subjects) {
    it(`${name}: the good one is ok`, () => assert.ok(isOk(judge(good)), JSON.stringify(judge(good))));

    it(`${name}: random bytes are never ok`, () => {
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 1_500 }), (bytes) => !isOk(judge(Buffer.from(bytes)))),
        { numRuns: 1_000 },
      );
    });

    it(`${name}: a changed one never throws, and says only what we wrote`, () => {
      fc.assert(
        fc.property(mutationOf(good), (reply) => {
          const judgement = judge(reply);
          assert.match("ok" in judgement ? judgement.reason : judgement.ignored, /^[\x20-\x7e]{3,100}$/);
        }),
        { numRuns: 1_000 },
      );
    });

    it(`${name}: any change in what proves it makes it no answer`, () => {
      const [from, to] = proof;
      for (let at = from; at < to; at++) {
        for (let bit = 0; bit < 8; bit++) {
          const changed = Buffer.from(good);
          changed[at] ^= 1 << bit;
          assert.equal(isOk(judge(changed)), false, `byte ${at}, bit ${bit}`);
        }
      }
    });
  }
});
