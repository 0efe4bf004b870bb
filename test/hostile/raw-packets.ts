/**
 * IPv4 packets as bytes, for sources that are made up: UDP datagrams, and ICMP errors that quote one. Written into memory
 * that the kernel sends from (IP_HDRINCL: it adds the header's checksum, length and id). RFC 791, 768, 792.
 */

export const IP_BYTES = 20;
export const UDP_HEADERS_BYTES = IP_BYTES + 8;
/** Outer IP header, ICMP header, the quoted IP and UDP headers. */
export const ICMP_HEADERS_BYTES = IP_BYTES + 8 + UDP_HEADERS_BYTES;

const TTL = 64;
const UDP = 17;
const ICMP = 1;

export interface Ends {
  readonly source: number;
  readonly sourcePort: number;
  readonly target: number;
  readonly targetPort: number;
}

/** Writes both headers before a payload that is there already. @param udpLength what the UDP header claims */
export function writeUdpHeaders(
  view: DataView,
  at: number,
  ends: Ends,
  payloadBytes: number,
  udpLength = payloadBytes + 8,
  checksum = 0,
): void {
  writeIp(view, at, UDP, ends.source, ends.target, UDP_HEADERS_BYTES + payloadBytes);
  view.setUint16(at + 20, ends.sourcePort);
  view.setUint16(at + 22, ends.targetPort);
  view.setUint16(at + 24, udpLength);
  view.setUint16(at + 26, checksum);
}

/** An ICMP error from `from` about a datagram with these ends, of whose payload `quotedBytes` lie at its place already. */
export function writeIcmpError(
  view: DataView,
  at: number,
  kind: { readonly from: number; readonly type: number; readonly code: number },
  quoted: Ends,
  quotedBytes: number,
): void {
  const inner = at + IP_BYTES + 8;
  writeUdpHeaders(view, inner, quoted, quotedBytes);
  view.setUint16(inner + 10, sumOf(view, inner, IP_BYTES));
  const bytes = 8 + UDP_HEADERS_BYTES + quotedBytes;
  writeIp(view, at, ICMP, kind.from, quoted.source, IP_BYTES + bytes);
  view.setUint8(at + 20, kind.type);
  view.setUint8(at + 21, kind.code);
  view.setUint16(at + 22, 0);
  view.setUint32(at + 24, 0);
  view.setUint16(at + 22, sumOf(view, at + 20, bytes));
}

/** The number of a dotted address. */
export function ipNumber(text: string): number {
  return text.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
}

function writeIp(
  view: DataView,
  at: number,
  protocol: number,
  source: number,
  target: number,
  bytes: number,
): void {
  view.setUint32(at, 0x4500_0000 | bytes);
  view.setUint32(at + 4, 0);
  view.setUint8(at + 8, TTL);
  view.setUint8(at + 9, protocol);
  view.setUint16(at + 10, 0);
  view.setUint32(at + 12, source);
  view.setUint32(at + 16, target);
}

/** The Internet checksum (RFC 1071). */
function sumOf(view: DataView, at: number, bytes: number): number {
  let sum = 0;
  for (let i = 0; i < bytes - 1; i += 2) sum += view.getUint16(at + i);
  if (bytes % 2 === 1) sum += view.getUint8(at + bytes - 1) << 8;
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
