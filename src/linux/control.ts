/**
 * Control messages: what the kernel says of a received message beside its bytes, and what it is told with a sent
 * one. Hot: nothing is allocated and nothing throws. A control buffer is read as if anything could stand in it.
 */
import {
  AF_INET6,
  IP_PKTINFO,
  IPV6_PKTINFO,
  SO_RXQ_OVFL,
  SOL_IP,
  SOL_IPV6,
  SOL_SOCKET,
  SOL_UDP,
  UDP_GRO,
  UDP_SEGMENT,
} from "./constants.js";
import { CMSGHDR_BYTES, controlSpace } from "./mmsg.js";
import { MAPPED_WORD, swap32 } from "./sockaddr.js";

/** Words of what `parseControl` fills. */
export const CONTROL_WORDS = 7;
/** Bytes of each datagram in a message that GRO put together, the last may be shorter; 0 for a single datagram. */
export const CONTROL_SEGMENT = 0;
/** Datagrams that the kernel dropped on this socket since it was opened, modulo 2^32; 0 when it says nothing. */
export const CONTROL_OVERFLOW = 1;
/** Index of the interface that the message came in by; 0 when it is not known. */
export const CONTROL_INTERFACE = 2;
/** First of the four words of the address to answer from: one of this machine. All are 0 when it is not known. */
export const CONTROL_LOCAL = 3;

/** Reads `length` bytes of control messages at `offset` (a multiple of 8); stops at the first that is malformed. */
export function parseControl(u32: Uint32Array, offset: number, length: number, out: Uint32Array): void {
  for (let i = 0; i < CONTROL_WORDS; i++) out[i] = 0;
  let at = offset;
  const end = offset + length;
  while (at + CMSGHDR_BYTES <= end) {
    const index = at >> 2;
    const bytes = u32[index];
    if (bytes < CMSGHDR_BYTES || bytes > end - at || u32[index + 1] !== 0) return;
    readMessage(u32, index, bytes - CMSGHDR_BYTES, out);
    at += (bytes + 7) & ~7;
  }
}

function readMessage(u32: Uint32Array, index: number, dataBytes: number, out: Uint32Array): void {
  const level = u32[index + 2];
  const type = u32[index + 3];
  const data = index + CMSGHDR_BYTES / 4;
  if (level === SOL_UDP && type === UDP_GRO && dataBytes >= 4) {
    if (u32[data] <= 0xffff) out[CONTROL_SEGMENT] = u32[data];
  } else if (level === SOL_SOCKET && type === SO_RXQ_OVFL && dataBytes >= 4) {
    out[CONTROL_OVERFLOW] = u32[data];
  } else if (level === SOL_IP && type === IP_PKTINFO && dataBytes >= 12) {
    // in_pktinfo: interface, ipi_spec_dst, ipi_addr. The second is the address that the routing table would answer
    // from, also where the third is a broadcast or multicast address (ip(7)).
    out[CONTROL_INTERFACE] = u32[data];
    out[CONTROL_LOCAL] = 0;
    out[CONTROL_LOCAL + 1] = 0;
    out[CONTROL_LOCAL + 2] = MAPPED_WORD;
    out[CONTROL_LOCAL + 3] = swap32(u32[data + 1]);
  } else if (level === SOL_IPV6 && type === IPV6_PKTINFO && dataBytes >= 20) {
    // in6_pktinfo: address, interface. IPv4 on an AF_INET6 socket comes in its mapped form, and with in_pktinfo as well,
    // which knows better: here the address may be one of broadcast. Nothing can be sent from a multicast address (ff00::/8).
    out[CONTROL_INTERFACE] = u32[data + 4];
    if (out[CONTROL_LOCAL + 2] === MAPPED_WORD || (u32[data] & 0xff) === 0xff) return;
    for (let i = 0; i < 4; i++) out[CONTROL_LOCAL + i] = swap32(u32[data + i]);
  }
}

/** Writes a segment size (UDP_SEGMENT) at word `index`; answers the bytes taken. */
export function writeSegmentSize(u32: Uint32Array, index: number, segmentBytes: number): number {
  writeHeader(u32, index, 2, SOL_UDP, UDP_SEGMENT);
  u32[index + 4] = segmentBytes; // a u16 and padding
  u32[index + 5] = 0;
  return controlSpace(2);
}

/**
 * Writes the address to send from (IP_PKTINFO or IPV6_PKTINFO, by the socket's family) at word `index`; answers the
 * bytes taken. `interfaceIndex` 0 leaves the way out to the routing table; a link-local source needs its own.
 */
export function writeSource(
  u32: Uint32Array,
  index: number,
  words: ArrayLike<number>,
  wordOffset: number,
  interfaceIndex: number,
  socketFamily: number,
): number {
  if (socketFamily === AF_INET6) {
    writeHeader(u32, index, 20, SOL_IPV6, IPV6_PKTINFO);
    for (let i = 0; i < 4; i++) u32[index + 4 + i] = swap32(words[wordOffset + i]);
    u32[index + 8] = interfaceIndex;
    u32[index + 9] = 0;
    return controlSpace(20);
  }
  writeHeader(u32, index, 12, SOL_IP, IP_PKTINFO);
  u32[index + 4] = interfaceIndex;
  u32[index + 5] = swap32(words[wordOffset + 3]);
  u32[index + 6] = 0;
  u32[index + 7] = 0;
  return controlSpace(12);
}

function writeHeader(u32: Uint32Array, index: number, dataBytes: number, level: number, type: number): void {
  u32[index] = CMSGHDR_BYTES + dataBytes;
  u32[index + 1] = 0;
  u32[index + 2] = level;
  u32[index + 3] = type;
}
