/**
 * The 32-bit hash that must be the same in every process: of affinity keys for consistent policies, and of names. MurmurHash3 x86_32
 * (Austin Appleby, in the public domain). It is no defence against keys that are chosen to collide, whatever the seed: clients that
 * choose their address so as to get a certain backend can. Tables of what clients choose use keyed-hash.ts.
 */

const encoder = new TextEncoder();

/** The hash, 0 to 2^32 - 1, of `count` words from `offset`, as of their bytes in little-endian order. */
export function hashWords(words: Uint32Array, offset: number, count: number, seed: number): number {
  return hashWordsSigned(words, offset, count, seed) >>> 0;
}

/**
 * Hot. The same hash as a signed number, -2^31 to 2^31 - 1. The packet path uses this one: V8 passes such a number
 * between functions as it is, while one from 2^31 up is put on the heap wherever a call is not inlined.
 */
export function hashWordsSigned(words: Uint32Array, offset: number, count: number, seed: number): number {
  let hash = seed | 0;
  for (let i = 0; i < count; i++) hash = mixWord(hash, words[offset + i]);
  return finish(hash ^ (count << 2));
}

/** The hash, 0 to 2^32 - 1, of a text's UTF-8 bytes. */
export function hashString(text: string, seed: number): number {
  const bytes = encoder.encode(text);
  const wholeWords = bytes.length >> 2;
  let hash = seed | 0;
  for (let i = 0; i < wholeWords; i++) hash = mixWord(hash, wordAt(bytes, i << 2));
  if (bytes.length & 3) hash ^= scramble(wordAt(bytes, wholeWords << 2));
  return finish(hash ^ bytes.length) >>> 0;
}

/** Four bytes as a little-endian word, with 0 for those beyond the end. */
function wordAt(bytes: Uint8Array, at: number): number {
  const byte = (i: number) => bytes[at + i] ?? 0;
  return byte(0) | (byte(1) << 8) | (byte(2) << 16) | (byte(3) << 24);
}

function mixWord(hash: number, word: number): number {
  const mixed = hash ^ scramble(word);
  return (Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe6546b64) | 0;
}

function scramble(word: number): number {
  const product = Math.imul(word, 0xcc9e2d51);
  return Math.imul((product << 15) | (product >>> 17), 0x1b873593);
}

function finish(hash: number): number {
  let mixed = hash ^ (hash >>> 16);
  mixed = Math.imul(mixed, 0x85ebca6b);
  mixed ^= mixed >>> 13;
  mixed = Math.imul(mixed, 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
