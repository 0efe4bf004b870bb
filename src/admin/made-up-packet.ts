/**
 * An IP packet around a datagram's payload: sluice sees payloads and addresses, and a capture file holds packets. Everything
 * that sluice does not know of the real one has its usual value (TTL 64, no options, no fragments).
 */
import type { Endpoint } from "../core/address.js";

export interface PacketPayload {
  /** True length; `bytes` may be cut. */
  readonly length: number;
  readonly bytes: Uint8Array;
}

const IPV4_BYTES = 20;
const IPV6_BYTES = 40;
const UDP_BYTES = 8;
const PROTOCOL_UDP = 17;
const TTL = 64;
const MAPPED = 0xffff;

/** Bytes of headers before the payload. */
export function headerBytes(client: Endpoint): number {
  return (isIpv4(client) ? IPV4_BYTES : IPV6_BYTES) + UDP_BYTES;
}

/**
 * The packet as it may have been on the wire; of the family of `client`, which is one of the two ends. The UDP checksum is
 * right, or 0 (RFC 768: none) where the payload is cut.
 */
export function makeUpPacket(
  from: Endpoint,
  to: Endpoint,
  client: Endpoint,
  { length, bytes }: PacketPayload,
): Buffer {
  const headers = headerBytes(client);
  const packet = Buffer.alloc(headers + bytes.length);
  packet.set(bytes, headers);
  const udpAt = headers - UDP_BYTES;
  const udpLength = Math.min(UDP_BYTES + length, 0xffff);
  const addresses = isIpv4(client)
    ? writeIpv4(packet, from, to, udpLength)
    : writeIpv6(packet, from, to, udpLength);
  packet.writeUInt16BE(from.port, udpAt);
  packet.writeUInt16BE(to.port, udpAt + 2);
  packet.writeUInt16BE(udpLength, udpAt + 4);
  if (bytes.length === length) {
    const pseudoHeader = addBytes(addresses, PROTOCOL_UDP + udpLength);
    // RFC 768: a checksum of 0 is sent as all ones.
    packet.writeUInt16BE(fold(addBytes(packet.subarray(udpAt), pseudoHeader)) || 0xffff, udpAt + 6);
  }
  return packet;
}

/** Header of RFC 791; gives the bytes of both addresses. */
function writeIpv4(packet: Buffer, from: Endpoint, to: Endpoint, udpLength: number): Buffer {
  packet[0] = 0x45;
  packet.writeUInt16BE(Math.min(IPV4_BYTES + udpLength, 0xffff), 2);
  packet.writeUInt16BE(0x4000, 6); // do not fragment
  packet[8] = TTL;
  packet[9] = PROTOCOL_UDP;
  packet.writeUInt32BE(ipv4Word(from), 12);
  packet.writeUInt32BE(ipv4Word(to), 16);
  packet.writeUInt16BE(fold(addBytes(packet.subarray(0, IPV4_BYTES), 0)), 10);
  return packet.subarray(12, 20);
}

/** Header of RFC 8200; gives the bytes of both addresses. */
function writeIpv6(packet: Buffer, from: Endpoint, to: Endpoint, udpLength: number): Buffer {
  packet[0] = 0x60;
  packet.writeUInt16BE(udpLength, 4);
  packet[6] = PROTOCOL_UDP;
  packet[7] = TTL;
  for (let i = 0; i < 4; i++) {
    packet.writeUInt32BE(from.ip.words[i], 8 + 4 * i);
    packet.writeUInt32BE(to.ip.words[i], 24 + 4 * i);
  }
  return packet.subarray(8, 40);
}

/** An IPv4-mapped IPv6 address was IPv4 on the wire. */
function isIpv4({ ip: { words } }: Endpoint): boolean {
  return words[0] === 0 && words[1] === 0 && words[2] === MAPPED;
}

/** 0.0.0.0 for the other end of an IPv4 packet that is only known as an IPv6 wildcard. */
function ipv4Word(endpoint: Endpoint): number {
  return isIpv4(endpoint) ? endpoint.ip.words[3] : 0;
}

/** The sum of RFC 1071, not folded: bytes as 16-bit words, the last one padded. Below 2^53 for any packet. */
function addBytes(bytes: Buffer, start: number): number {
  let sum = start;
  for (let i = 0; i + 1 < bytes.length; i += 2) sum += (bytes[i] << 8) | bytes[i + 1];
  if (bytes.length % 2 === 1) sum += bytes[bytes.length - 1] << 8;
  return sum;
}

function fold(sum: number): number {
  let folded = sum;
  while (folded > 0xffff) folded = (folded & 0xffff) + Math.floor(folded / 0x10000);
  return ~folded & 0xffff;
}
