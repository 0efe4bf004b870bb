/** The `radius` probe: Status-Server (RFC 5997), which a server answers without looking at any user. */
import { createHash, createHmac, randomBytes, randomInt, timingSafeEqual } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { RadiusProbeConfig, SecretConfig } from "../../config/health-config.js";
import { failed, type Probe, passed } from "../probe.js";
import { describeFault } from "./describe-fault.js";
import { exchangeUdp, ignored, type Judgement } from "./udp-exchange.js";

/*
 *  0  code   1  identifier   2..3  length   4..19  authenticator   then attributes: type (1), length (1), value
 */
const HEADER_BYTES = 20;
const AUTHENTICATOR = 4;
const STATUS_SERVER = 12;
/** What a server answers: Access-Accept on its authentication port, Accounting-Response on its accounting port. */
const ALIVE_CODES: ReadonlyMap<number, string> = new Map([
  [2, "Access-Accept"],
  [5, "Accounting-Response"],
]);
const MESSAGE_AUTHENTICATOR = 80;
const DIGEST_BYTES = 16;
const ATTRIBUTE_BYTES = 2 + DIGEST_BYTES;

export function createRadiusProbe({ secret }: RadiusProbeConfig): Probe {
  return {
    type: "radius",
    async run(target, timeoutMs, signal) {
      const startedMs = performance.now();
      const key = await readSecret(secret).catch((error: unknown) => error);
      if (!Buffer.isBuffer(key)) {
        const outcome = failed(`cannot read the secret: ${describeFault(key)}`);
        return { ...outcome, elapsedMs: performance.now() - startedMs };
      }
      const request = encodeStatusServer(randomInt(256), randomBytes(DIGEST_BYTES), key);
      return exchangeUdp(
        target,
        { timeoutMs, signal },
        { createRequest: () => request, judge: (reply) => judgeRadiusReply(reply, request, key) },
      );
    },
  };
}

/** A file is read each time, so that a new secret needs no reload; the line break at its end is not part of it. */
async function readSecret(secret: SecretConfig): Promise<Buffer> {
  if ("text" in secret) return Buffer.from(secret.text);
  const text = (await readFile(secret.file, "utf8")).replace(/\r?\n$/, "");
  if (text === "") throw Object.assign(new Error("empty"), { code: "empty file" });
  return Buffer.from(text);
}

/** Header and Message-Authenticator (RFC 3579 section 3.2): HMAC-MD5 of the packet with that value as zeros. */
export function encodeStatusServer(
  identifier: number,
  requestAuthenticator: Uint8Array,
  secret: Buffer,
): Buffer {
  const packet = Buffer.alloc(HEADER_BYTES + ATTRIBUTE_BYTES);
  packet[0] = STATUS_SERVER;
  packet[1] = identifier;
  packet.writeUInt16BE(packet.length, 2);
  packet.set(requestAuthenticator, AUTHENTICATOR);
  packet[HEADER_BYTES] = MESSAGE_AUTHENTICATOR;
  packet[HEADER_BYTES + 1] = ATTRIBUTE_BYTES;
  packet.set(createHmac("md5", secret).update(packet).digest(), HEADER_BYTES + 2);
  return packet;
}

/** Only one who knows the secret can pass; with a wrong secret on either side nothing does. */
export function judgeRadiusReply(datagram: Buffer, request: Buffer, secret: Buffer): Judgement {
  if (datagram.length < HEADER_BYTES) return ignored("too short for RADIUS");
  const length = datagram.readUInt16BE(2);
  if (length < HEADER_BYTES || length > datagram.length) return ignored("a wrong length");
  if (datagram[1] !== request[1]) return ignored("another identifier");
  // What follows the length is padding (RFC 2865 section 3).
  const reply = datagram.subarray(0, length);
  const requestAuthenticator = request.subarray(AUTHENTICATOR, HEADER_BYTES);
  if (!hasResponseAuthenticator(reply, requestAuthenticator, secret)) {
    return ignored("a wrong Response Authenticator; is it the same secret?");
  }
  if (!hasMessageAuthenticator(reply, requestAuthenticator, secret)) {
    return ignored("a wrong Message-Authenticator");
  }
  const meaning = ALIVE_CODES.get(reply[0]);
  if (meaning !== undefined) return passed(meaning);
  return failed(`code ${reply[0]}, expected Access-Accept (2) or Accounting-Response (5)`);
}

/** RFC 2865 section 3: MD5 of code, id, length, the request's authenticator, attributes and secret. */
function hasResponseAuthenticator(reply: Buffer, requestAuthenticator: Buffer, secret: Buffer): boolean {
  const digest = createHash("md5")
    .update(reply.subarray(0, AUTHENTICATOR))
    .update(requestAuthenticator)
    .update(reply.subarray(HEADER_BYTES))
    .update(secret)
    .digest();
  return timingSafeEqual(digest, reply.subarray(AUTHENTICATOR, HEADER_BYTES));
}

/** True as well when there is none; false when attributes do not fit in the packet. */
function hasMessageAuthenticator(reply: Buffer, requestAuthenticator: Buffer, secret: Buffer): boolean {
  for (let at = HEADER_BYTES; at < reply.length; at += reply[at + 1]) {
    const length = reply[at + 1] ?? 0;
    if (length < 2 || at + length > reply.length) return false;
    if (reply[at] !== MESSAGE_AUTHENTICATOR) continue;
    if (length !== ATTRIBUTE_BYTES) return false;
    const plain = Buffer.from(reply);
    plain.set(requestAuthenticator, AUTHENTICATOR);
    plain.fill(0, at + 2, at + length);
    const digest = createHmac("md5", secret).update(plain).digest();
    if (!timingSafeEqual(digest, reply.subarray(at + 2, at + length))) return false;
  }
  return true;
}
