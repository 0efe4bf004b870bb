/** The `ntp` probe: a client packet (RFC 5905 section 7.3) whose answer must come from a synchronised server. */
import { randomBytes } from "node:crypto";
import type { NtpProbeConfig } from "../../config/health-config.js";
import { failed, type Probe, passed } from "../probe.js";
import { exchangeUdp, ignored, type Judgement } from "./udp-exchange.js";

/*
 *  0      leap (2 bits), version (3), mode (3)      24..31  origin timestamp: the client's transmit timestamp
 *  1      stratum                                   32..39  receive timestamp
 * 12..15  reference id, or the kiss code            40..47  transmit timestamp
 */
const PACKET_BYTES = 48;
const ORIGIN = 24;
const TRANSMIT = 40;
const VERSION = 4;
const MODE_CLIENT = 3;
const MODE_SERVER = 4;
const LEAP_UNSYNCHRONISED = 3;

export function createNtpProbe({ maxStratum }: NtpProbeConfig): Probe {
  return {
    type: "ntp",
    run(target, timeoutMs, signal) {
      const request = encodeNtpRequest(randomBytes(8));
      return exchangeUdp(
        target,
        { timeoutMs, signal },
        { createRequest: () => request, judge: (reply) => judgeNtpReply(reply, request, maxStratum) },
      );
    },
  };
}

/**
 * A client packet that says nothing of our clock: all zero but for the transmit timestamp, which is random and so
 * serves as the id of the request (draft-ietf-ntp-data-minimization).
 */
export function encodeNtpRequest(transmitTimestamp: Uint8Array): Buffer {
  const packet = Buffer.alloc(PACKET_BYTES);
  packet[0] = (VERSION << 3) | MODE_CLIENT;
  packet.set(transmitTimestamp, TRANSMIT);
  return packet;
}

export function judgeNtpReply(reply: Buffer, request: Buffer, maxStratum: number): Judgement {
  if (reply.length < PACKET_BYTES) return ignored("too short for NTP");
  if ((reply[0] & 7) !== MODE_SERVER) return ignored("not from an NTP server");
  const origin = reply.subarray(ORIGIN, ORIGIN + 8);
  if (!origin.equals(request.subarray(TRANSMIT))) return ignored("another origin timestamp");
  const stratum = reply[1];
  if (stratum === 0) return failed(`kiss-o'-death${describeKiss(reply)}`);
  if (reply[0] >> 6 === LEAP_UNSYNCHRONISED) return failed("clock not synchronised (leap 3)");
  if (stratum > maxStratum) return failed(`stratum ${stratum}, expected at most ${maxStratum}`);
  if (reply.subarray(TRANSMIT, PACKET_BYTES).every((byte) => byte === 0))
    return failed("no transmit timestamp");
  return passed(`stratum ${stratum}`);
}

/** Kiss codes are four capital letters (section 7.4); anything else is not worth showing. */
function describeKiss(reply: Buffer): string {
  const code = reply.toString("latin1", 12, 16);
  return /^[A-Z]{4}$/.test(code) ? ` ${code}` : "";
}
