/**
 * Socket addresses between the kernel's bytes and the word form of the core: four 32-bit words, most significant
 * first, IPv4 in its IPv4-mapped form; then a scope id and a port. Hot: nothing is allocated and nothing throws.
 *
 *   sockaddr_in  (16 bytes)   0 family u16 | 2 port, big-endian | 4 address | 8 zero
 *   sockaddr_in6 (28 bytes)   0 family u16 | 2 port, big-endian | 4 flow info | 8 address | 24 scope id u32
 */
import { AF_INET, AF_INET6 } from "./constants.js";

export type AddressFamily = typeof AF_INET | typeof AF_INET6;

/** What `readSockaddr` fills: a Uint32Array with the address in words 0 to 3, the scope id, the port. */
export const SOCKADDR_WORDS = 6;
export const SCOPE_WORD = 4;
export const PORT_WORD = 5;

export const SOCKADDR_IN_BYTES = 16;
export const SOCKADDR_IN6_BYTES = 28;
/** Room for either kind, and a multiple of 8. */
export const SOCKADDR_SLOT_BYTES = 32;

/** Third word of an IPv4-mapped address. */
export const MAPPED_WORD = 0xffff;

/** The views that addresses are read from and written to; an Arena has them. */
export interface SockaddrViews {
  readonly u8: Uint8Array;
  readonly u16: Uint16Array;
  readonly u32: Uint32Array;
}

/** A socket's address as a value, for slow paths. */
export interface SocketAddress {
  /** Four words. */
  readonly words: ArrayLike<number>;
  /** Interface index of a link-local IPv6 address, else 0. */
  readonly scope: number;
  readonly port: number;
}

/**
 * Writes an address at `offset` (a multiple of 4) for a socket of `socketFamily`; an AF_INET6 socket gets IPv4 in
 * its mapped form. Answers the length to give the kernel, or 0 when an AF_INET socket cannot have that address.
 */
export function writeSockaddr(
  views: SockaddrViews,
  offset: number,
  words: ArrayLike<number>,
  wordOffset: number,
  scope: number,
  port: number,
  socketFamily: number,
): number {
  const u32 = views.u32;
  const index = offset >> 2;
  views.u16[offset >> 1] = socketFamily;
  views.u8[offset + 2] = port >> 8;
  views.u8[offset + 3] = port;
  if (socketFamily === AF_INET6) {
    u32[index + 1] = 0;
    for (let i = 0; i < 4; i++) u32[index + 2 + i] = swap32(words[wordOffset + i]);
    u32[index + 6] = scope;
    return SOCKADDR_IN6_BYTES;
  }
  if (!isMapped(words, wordOffset)) return 0;
  u32[index + 1] = swap32(words[wordOffset + 3]);
  u32[index + 2] = 0;
  u32[index + 3] = 0;
  return SOCKADDR_IN_BYTES;
}

/**
 * Reads the address of `length` bytes at `offset` (a multiple of 4) into `out[outOffset .. outOffset + 6)`.
 * False, with `out` untouched, when the family is unknown or the length too small.
 */
export function readSockaddr(
  views: SockaddrViews,
  offset: number,
  length: number,
  out: Uint32Array,
  outOffset: number,
): boolean {
  if (length < SOCKADDR_IN_BYTES) return false;
  const index = offset >> 2;
  const u32 = views.u32;
  const family = views.u16[offset >> 1];
  if (family === AF_INET) {
    out[outOffset] = 0;
    out[outOffset + 1] = 0;
    out[outOffset + 2] = MAPPED_WORD;
    out[outOffset + 3] = swap32(u32[index + 1]);
    out[outOffset + SCOPE_WORD] = 0;
  } else if (family === AF_INET6 && length >= SOCKADDR_IN6_BYTES) {
    for (let i = 0; i < 4; i++) out[outOffset + i] = swap32(u32[index + 2 + i]);
    out[outOffset + SCOPE_WORD] = u32[index + 6];
  } else {
    return false;
  }
  out[outOffset + PORT_WORD] = (views.u8[offset + 2] << 8) | views.u8[offset + 3];
  return true;
}

/** Turns the bytes of a word round: between network order in memory and the number on a little-endian machine. */
export function swap32(word: number): number {
  return (word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24);
}

export function isMapped(words: ArrayLike<number>, offset: number): boolean {
  return words[offset] === 0 && words[offset + 1] === 0 && words[offset + 2] === MAPPED_WORD;
}

/** `127.0.0.1:53` or `[2001:db8:0:0:0:0:0:1]:53`: for error messages, not shortened. */
export function describeAddress(address: SocketAddress): string {
  const { words, scope, port } = address;
  const last = words[3];
  if (isMapped(words, 0)) {
    return `${last >>> 24}.${(last >>> 16) & 255}.${(last >>> 8) & 255}.${last & 255}:${port}`;
  }
  const groups = Array.from({ length: 8 }, (_, i) => (words[i >> 1] >>> (i & 1 ? 0 : 16)) & 0xffff);
  const zone = scope === 0 ? "" : `%${scope}`;
  return `[${groups.map((group) => group.toString(16)).join(":")}${zone}]:${port}`;
}
