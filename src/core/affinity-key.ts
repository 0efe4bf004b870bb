/** Affinity keys outside the packet path: for people who ask where a client goes. flow-finder.ts has the same, faster. */
import { hashWordsSigned } from "./hash.js";
import { formatIpWords, isMapped, maskWords } from "./ip-words.js";
import type { Affinity } from "./snapshot.js";

/** Seed of the hash that consistent policies see: the same in every process, so that balancers agree. */
export const CONSISTENT_SEED = 0x517ce5;

/** The IP address as far as affinity `client-ip` looks at it; whole for the others. */
export function maskedIp(affinity: Affinity, words: ArrayLike<number>): Uint32Array {
  const masked = Uint32Array.from({ length: 4 }, (_, i) => words[i]);
  if (affinity.kind === "client-ip") maskWords(masked, 0, affinity.prefix4, affinity.prefix6);
  return masked;
}

/** How many bits of the word form of this client's address `maskedIp` keeps. */
export function maskedBits(affinity: Affinity, words: Uint32Array): number {
  if (affinity.kind !== "client-ip") return 128;
  return isMapped(words, 0) ? 96 + affinity.prefix4 : affinity.prefix6;
}

/** What consistent policies get, with a sign: the hash of the affinity key, and for affinity `none` that of the client. */
export function hashAffinityKey(affinity: Affinity, words: ArrayLike<number>, port: number): number {
  const ip = maskedIp(affinity, words);
  if (affinity.kind === "client-ip") return hashWordsSigned(ip, 0, 4, CONSISTENT_SEED);
  return hashWordsSigned(Uint32Array.of(...ip, port), 0, 5, CONSISTENT_SEED);
}

/** For people: `192.0.2.1:5353`, `192.0.2.0/24`; empty with affinity `none`. */
export function formatAffinityKey(affinity: Affinity, words: ArrayLike<number>, port: number): string {
  if (affinity.kind === "none") return "";
  const ip = maskedIp(affinity, words);
  const text = formatIpWords(ip, 0);
  if (affinity.kind === "client") return text.includes(":") ? `[${text}]:${port}` : `${text}:${port}`;
  const bits = maskedBits(affinity, Uint32Array.from(ip));
  if (bits === 128) return text;
  return `${text}/${isMapped(ip, 0) ? bits - 96 : bits}`;
}
