/** The `dns` probe: one question (RFC 1035 section 4), judged by the response code of its answer. */
import { randomInt } from "node:crypto";
import type { DnsProbeConfig } from "../../config/health-config.js";
import { DNS_RCODES, DNS_TYPE_NUMBERS, type DnsRecordType } from "../../core/dns-names.js";
import { failed, type Probe, passed } from "../probe.js";
import { exchangeUdp, ignored, type Judgement } from "./udp-exchange.js";

const HEADER_BYTES = 12;
const CLASS_IN = 1;
const FLAG_RECURSION_DESIRED = 0x0100;
const FLAG_RESPONSE = 0x8000;
const OPCODE_MASK = 0x7800;

export interface DnsQuestion {
  readonly name: string;
  readonly recordType: DnsRecordType;
}

export function createDnsProbe({ name, recordType, rcodes }: DnsProbeConfig): Probe {
  return {
    type: "dns",
    run(target, timeoutMs, signal) {
      const query = encodeDnsQuery(randomInt(0x10000), { name, recordType });
      return exchangeUdp(
        target,
        { timeoutMs, signal },
        { createRequest: () => query, judge: (reply) => judgeDnsReply(reply, query, rcodes) },
      );
    },
  };
}

/** A query with recursion desired and one question of class IN. The name must be valid; `.` is the root. */
export function encodeDnsQuery(id: number, { name, recordType }: DnsQuestion): Buffer {
  const labels = name.split(".").filter((label) => label !== "");
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt16BE(id, 0);
  header.writeUInt16BE(FLAG_RECURSION_DESIRED, 2);
  header.writeUInt16BE(1, 4);
  const tail = Buffer.alloc(5);
  tail.writeUInt16BE(DNS_TYPE_NUMBERS[recordType], 1);
  tail.writeUInt16BE(CLASS_IN, 3);
  return Buffer.concat([header, ...labels.flatMap(encodeLabel), tail]);
}

function encodeLabel(label: string): Buffer[] {
  const bytes = Buffer.from(label, "latin1");
  return [Buffer.from([bytes.length]), bytes];
}

/** Judges by id, QR, opcode and question whether this answers `query`, and then by its response code. */
export function judgeDnsReply(reply: Buffer, query: Buffer, rcodes: readonly string[]): Judgement {
  if (reply.length < HEADER_BYTES) return ignored("too short for DNS");
  if (reply.readUInt16BE(0) !== query.readUInt16BE(0)) return ignored("another id");
  const flags = reply.readUInt16BE(2);
  if ((flags & FLAG_RESPONSE) === 0) return ignored("a query");
  if ((flags & OPCODE_MASK) !== 0) return ignored("another opcode");
  const rcode = DNS_RCODES[flags & 0xf] ?? String(flags & 0xf);
  // Some servers leave the question out when they refuse to read it.
  const hasNoQuestion = reply.readUInt16BE(4) === 0 && rcode !== "NOERROR";
  if (hasNoQuestion) return failed(`rcode ${rcode} without the question`);
  if (!hasQuestionOf(reply, query)) return ignored("another question");
  if (rcodes.includes(rcode)) return passed(`rcode ${rcode}`);
  return failed(`rcode ${rcode}, expected ${rcodes.join(" or ")}`);
}

/** Names compare without regard to ASCII case (RFC 4343); nothing else in a question changes by that. */
function hasQuestionOf(reply: Buffer, query: Buffer): boolean {
  const question = query.subarray(HEADER_BYTES);
  const other = reply.subarray(HEADER_BYTES, query.length);
  const nameEnd = question.length - 4;
  return (
    reply.readUInt16BE(4) === 1 &&
    other.subarray(nameEnd).equals(question.subarray(nameEnd)) &&
    lowerCase(other.subarray(0, nameEnd)) === lowerCase(question.subarray(0, nameEnd))
  );
}

function lowerCase(bytes: Buffer): string {
  return bytes.toString("latin1").replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}
