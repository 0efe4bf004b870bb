/**
 * The `quic` probe: a packet of a version that nobody has, which every QUIC server answers with Version Negotiation
 * (RFC 9000 section 6, RFC 8999). It needs no keys and leaves no state behind on the server.
 */
import { randomBytes } from "node:crypto";
import { failed, type Probe, passed } from "../probe.js";
import { exchangeUdp, ignored, type Judgement } from "./udp-exchange.js";

/** Long header, fixed bit set, type Initial; a server must not read more than the first bit (RFC 8999 section 5.1). */
const FIRST_BYTE = 0xc0;
const LONG_HEADER = 0x80;
/** RFC 9000 section 14.1: smaller ones are not answered. */
const REQUEST_BYTES = 1_200;
/** RFC 9000 section 7.2: a client's first destination connection id has at least 8 bytes. */
const ID_BYTES = 8;
const FIRST_ID = 5;
/** RFC 9002 section 6.2.2: the first timeout without a sample is about 1 s, and each next one is twice as long. */
const RETRANSMIT_AT_MS = [1_000, 3_000, 7_000, 15_000];

export interface ConnectionIds {
  readonly destination: Buffer;
  readonly source: Buffer;
}

export function createQuicProbe(): Probe {
  return {
    type: "quic",
    run(target, timeoutMs, signal) {
      const ids = { destination: randomBytes(ID_BYTES), source: randomBytes(ID_BYTES) };
      const version = createReservedVersion(randomBytes(4));
      const request = encodeQuicRequest(version, ids);
      return exchangeUdp(
        target,
        { timeoutMs, signal },
        {
          createRequest: () => request,
          judge: (reply) => judgeQuicReply(reply, version, ids),
          retransmitAtMs: RETRANSMIT_AT_MS,
        },
      );
    },
  };
}

/** A version of the form 0x?a?a?a?a, which is kept free for this purpose (RFC 9000 section 15). */
export function createReservedVersion(random: Uint8Array): Buffer {
  return Buffer.from(random.subarray(0, 4).map((byte) => (byte & 0xf0) | 0x0a));
}

/** First byte, version, length and bytes of both ids, and zeros up to 1,200 bytes. */
export function encodeQuicRequest(version: Buffer, { destination, source }: ConnectionIds): Buffer {
  const request = Buffer.alloc(REQUEST_BYTES);
  request[0] = FIRST_BYTE;
  request.set(version, 1);
  const afterDestination = writeId(request, FIRST_ID, destination);
  writeId(request, afterDestination, source);
  return request;
}

function writeId(packet: Buffer, at: number, id: Buffer): number {
  packet[at] = id.length;
  packet.set(id, at + 1);
  return at + 1 + id.length;
}

/** Version Negotiation (RFC 8999 section 6): version 0, our ids the other way round, a list of versions. */
export function judgeQuicReply(reply: Buffer, version: Buffer, ids: ConnectionIds): Judgement {
  if (reply.length < FIRST_ID || (reply[0] & LONG_HEADER) === 0 || reply.readUInt32BE(1) !== 0) {
    return ignored("not Version Negotiation");
  }
  const expected = Buffer.alloc(2 + ids.source.length + ids.destination.length);
  writeId(expected, writeId(expected, 0, ids.source), ids.destination);
  const versions = reply.subarray(FIRST_ID + expected.length);
  if (!reply.subarray(FIRST_ID, FIRST_ID + expected.length).equals(expected)) {
    return ignored("other connection ids");
  }
  if (versions.length === 0 || versions.length % 4 !== 0) return failed("a list of versions that is cut off");
  for (let at = 0; at < versions.length; at += 4) {
    if (versions.subarray(at, at + 4).equals(version)) return failed("claims to speak the reserved version");
  }
  return passed(`version negotiation, ${versions.length / 4} versions`);
}
