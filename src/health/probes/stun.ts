/** The `stun` probe: a Binding request (RFC 8489), answered by a success response with our address in it. */
import { randomBytes } from "node:crypto";
import { crc32 } from "node:zlib";
import type { StunProbeConfig } from "../../config/health-config.js";
import { failed, type Probe, passed } from "../probe.js";
import { exchangeUdp, ignored, type Judgement } from "./udp-exchange.js";

/*
 *  0..1  message type   2..3  length without the header   4..7  magic cookie   8..19  transaction id
 *  then attributes: type (2), length (2), value, padded to four bytes
 */
const HEADER_BYTES = 20;
const TRANSACTION_ID = 8;
const BINDING_REQUEST = 0x0001;
const BINDING_SUCCESS = 0x0101;
const BINDING_ERROR = 0x0111;
const MAGIC_COOKIE = 0x2112a442;
const MAPPED_ADDRESS = 0x0001;
const ERROR_CODE = 0x0009;
const XOR_MAPPED_ADDRESS = 0x0020;
const FINGERPRINT = 0x8028;
const FINGERPRINT_BYTES = 8;
/** Section 14.7. */
const FINGERPRINT_XOR = 0x5354554e;
/** Section 6.2.1: RTO 500 ms, doubled each time, 7 requests. */
const RETRANSMIT_AT_MS = [500, 1_500, 3_500, 7_500, 15_500, 31_500];

export function createStunProbe({ fingerprint }: StunProbeConfig): Probe {
  return {
    type: "stun",
    run(target, timeoutMs, signal) {
      const request = encodeStunRequest(randomBytes(12), fingerprint);
      return exchangeUdp(
        target,
        { timeoutMs, signal },
        {
          createRequest: () => request,
          judge: (reply) => judgeStunReply(reply, request, fingerprint),
          retransmitAtMs: RETRANSMIT_AT_MS,
        },
      );
    },
  };
}

/** A Binding request without attributes, or with a FINGERPRINT alone. */
export function encodeStunRequest(transactionId: Uint8Array, fingerprint: boolean): Buffer {
  const request = Buffer.alloc(HEADER_BYTES + (fingerprint ? FINGERPRINT_BYTES : 0));
  request.writeUInt16BE(BINDING_REQUEST, 0);
  request.writeUInt16BE(request.length - HEADER_BYTES, 2);
  request.writeUInt32BE(MAGIC_COOKIE, 4);
  request.set(transactionId, TRANSACTION_ID);
  if (fingerprint) {
    request.writeUInt16BE(FINGERPRINT, HEADER_BYTES);
    request.writeUInt16BE(4, HEADER_BYTES + 2);
    request.writeUInt32BE(computeFingerprint(request.subarray(0, HEADER_BYTES)), HEADER_BYTES + 4);
  }
  return request;
}

/** Over the message up to the attribute itself, whose length the header has counted already. */
function computeFingerprint(message: Uint8Array): number {
  return (crc32(message) ^ FINGERPRINT_XOR) >>> 0;
}

/** A FINGERPRINT that is there is always checked; with `fingerprint` it must be. */
export function judgeStunReply(reply: Buffer, request: Buffer, fingerprint: boolean): Judgement {
  if (reply.length < HEADER_BYTES || reply.readUInt16BE(2) !== reply.length - HEADER_BYTES) {
    return ignored("not STUN");
  }
  if (!reply.subarray(4, HEADER_BYTES).equals(request.subarray(4, HEADER_BYTES))) {
    return ignored("another transaction id");
  }
  const attributes = readAttributes(reply);
  if (attributes === undefined) return ignored("attributes that do not fit");
  const problem = checkFingerprint(reply, attributes, fingerprint);
  if (problem !== undefined) return ignored(problem);
  const type = reply.readUInt16BE(0);
  if (type === BINDING_ERROR) return failed(`error ${readErrorCode(attributes.get(ERROR_CODE))}`);
  if (type !== BINDING_SUCCESS) return ignored("no answer to a Binding request");
  return attributes.has(XOR_MAPPED_ADDRESS) || attributes.has(MAPPED_ADDRESS)
    ? passed("binding success")
    : failed("binding success without a mapped address");
}

/** By type; of several of one type the first counts (section 14). Undefined when one reaches beyond the end. */
function readAttributes(message: Buffer): ReadonlyMap<number, Buffer> | undefined {
  const attributes = new Map<number, Buffer>();
  let at = HEADER_BYTES;
  while (at + 4 <= message.length) {
    const type = message.readUInt16BE(at);
    const end = at + 4 + message.readUInt16BE(at + 2);
    if (end > message.length) return undefined;
    if (!attributes.has(type)) attributes.set(type, message.subarray(at + 4, end));
    at = (end + 3) & ~3;
  }
  return at === message.length ? attributes : undefined;
}

function checkFingerprint(
  reply: Buffer,
  attributes: ReadonlyMap<number, Buffer>,
  isRequired: boolean,
): string | undefined {
  const value = attributes.get(FINGERPRINT);
  if (value === undefined) return isRequired ? "no fingerprint" : undefined;
  const start = reply.length - FINGERPRINT_BYTES;
  const isLast = value.length === 4 && reply.readUInt16BE(start) === FINGERPRINT;
  const isRight = isLast && value.readUInt32BE(0) === computeFingerprint(reply.subarray(0, start));
  return isRight ? undefined : "a wrong fingerprint";
}

/** Section 14.8: hundreds in three bits, then the rest of the number. */
function readErrorCode(value: Buffer | undefined): string {
  return value === undefined || value.length < 4 ? "without a code" : String((value[2] & 7) * 100 + value[3]);
}
