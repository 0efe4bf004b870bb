/**
 * IPv6 packets as bytes, for sources that are made up: UDP datagrams, whose checksum IPv6 wants. Written into memory that the
 * kernel sends from as it is. RFC 8200, 768.
 */

export const UDP6_HEADERS_BYTES = 48;

const IP_BYTES = 40;
const UDP = 17;
const HOP_LIMIT = 64;

export interface Ends6 {
  readonly source: readonly number[];
  readonly sourcePort: number;
  /** Four words of 32 bits, as the core has them. */
  readonly target: readonly number[];
  readonly targetPort: number;
}

/**
 * Writes both headers before a payload that is there already.
 * @param udpLength what the UDP header claims
 * @param wrongBy added to the checksum
 */
export function writeUdp6Headers(
  view: DataView,
  at: number,
  ends: Ends6,
  payloadBytes: number,
  udpLength = payloadBytes + 8,
  wrongBy = 0,
): void {
  const bytes = payloadBytes + 8;
  view.setUint32(at, 0x6000_0000);
  view.setUint16(at + 4, bytes);
  view.setUint8(at + 6, UDP);
  view.setUint8(at + 7, HOP_LIMIT);
  for (let i = 0; i < 4; i++) {
    view.setUint32(at + 8 + 4 * i, ends.source[i]);
    view.setUint32(at + 24 + 4 * i, ends.target[i]);
  }
  const udp = at + IP_BYTES;
  view.setUint16(udp, ends.sourcePort);
  view.setUint16(udp + 2, ends.targetPort);
  view.setUint16(udp + 4, udpLength);
  view.setUint16(udp + 6, 0);
  view.setUint16(udp + 6, (sumOf(view, at + 8, 32 + bytes, UDP + bytes) + wrongBy) & 0xffff);
}

/** The Internet checksum (RFC 1071) of addresses, header and payload, which lie together, and of the pseudo-header's rest; never 0. */
function sumOf(view: DataView, at: number, bytes: number, rest: number): number {
  let sum = rest;
  for (let i = 0; i < bytes - 1; i += 2) sum += view.getUint16(at + i);
  if (bytes % 2 === 1) sum += view.getUint8(at + bytes - 1) << 8;
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff || 0xffff;
}
