/**
 * The hash of every table whose keys a client chooses: HalfSipHash-1-3 (Aumasson and Bernstein, "SipHash: a fast short-input PRF",
 * 2012, in its form for 32 bits). Who does not know the seed cannot make keys that collide. MurmurHash3 has sets of keys that collide
 * for every seed: one IPv6 /64 holds enough of them for a chain of any length.
 */
import { hashWords } from "./hash.js";
import { MAPPED_WORD } from "./ip-words.js";

const OTHER_HALF = 0x68616c66;

export class KeyedHash {
  readonly #key0: number;
  readonly #key1: number;
  /** The state after the three words with which every IPv4 address begins, so that these cost nothing. */
  readonly #mapped: Int32Array;

  /**
   * @param key0 32 bits that clients cannot guess
   * @param key1 the other half of the key; default: made from the first
   */
  constructor(key0: number, key1: number = hashWords(Uint32Array.of(key0), 0, 1, OTHER_HALF)) {
    this.#key0 = key0 | 0;
    this.#key1 = key1 | 0;
    this.#mapped = mappedState(key0, key1);
  }

  /**
   * Hot. The hash of `count` words, as of their bytes in little-endian order: a signed number, -2^31 to 2^31 - 1, which V8 passes
   * between functions as it is.
   */
  of(words: Uint32Array, count: number): number {
    let v0 = this.#key0 | 0;
    let v1 = this.#key1 | 0;
    let v2 = v0 ^ 0x6c796765;
    let v3 = v1 ^ 0x74656462;
    let i = 0;
    if (count > 2 && words[2] === MAPPED_WORD && words[1] === 0 && words[0] === 0) {
      const state = this.#mapped;
      v0 = state[0];
      v1 = state[1];
      v2 = state[2];
      v3 = state[3];
      i = 3;
    }
    // The words, and after them the number of bytes in a word of its own.
    for (; i <= count; i++) {
      const word = i < count ? words[i] | 0 : count << 26;
      v3 ^= word;
      v0 = (v0 + v1) | 0;
      v2 = (v2 + v3) | 0;
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
      v0 = (((v0 << 16) | (v0 >>> 16)) + v3) | 0;
      v2 = (v2 + v1) | 0;
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
      v2 = (v2 << 16) | (v2 >>> 16);
      v0 ^= word;
    }
    v2 ^= 0xff;
    for (let round = 0; round < 3; round++) {
      v0 = (v0 + v1) | 0;
      v2 = (v2 + v3) | 0;
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
      v0 = (((v0 << 16) | (v0 >>> 16)) + v3) | 0;
      v2 = (v2 + v1) | 0;
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
      v2 = (v2 << 16) | (v2 >>> 16);
    }
    return v1 ^ v3;
  }
}

function mappedState(key0: number, key1: number): Int32Array {
  const v = Int32Array.of(key0, key1, key0 ^ 0x6c796765, key1 ^ 0x74656462);
  for (const word of [0, 0, MAPPED_WORD]) {
    v[3] ^= word;
    round(v);
    v[0] ^= word;
  }
  return v;
}

/** One SipRound. `of` has it twice as plain code: a call with an array would cost more than the round. */
function round(v: Int32Array): void {
  v[0] += v[1];
  v[1] = ((v[1] << 5) | (v[1] >>> 27)) ^ v[0];
  v[0] = (v[0] << 16) | (v[0] >>> 16);
  v[2] += v[3];
  v[3] = ((v[3] << 8) | (v[3] >>> 24)) ^ v[2];
  v[0] += v[3];
  v[3] = ((v[3] << 7) | (v[3] >>> 25)) ^ v[0];
  v[2] += v[1];
  v[1] = ((v[1] << 13) | (v[1] >>> 19)) ^ v[2];
  v[2] = (v[2] << 16) | (v[2] >>> 16);
}
