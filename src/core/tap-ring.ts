/**
 * Copies of datagrams on their way from the thread that moves them to the main thread: entries of any length in a ring, with
 * one writer and one reader, who never wait for each other. What finds it full is counted for each tap it was for, and the
 * next entry says how many those were.
 *
 *   [ written | read | lost by tap … ]  then RING_BYTES of entries, each 8-byte aligned and in one piece
 *
 * `written` and `read` are bytes and go round at 2^32.
 */

/** Taps at once. */
export const MAX_TAPS = 4;

const HEADER_BYTES = 64;
const WRITTEN = 0;
const READ = 1;
const LOST = 2;
/** A power of two. */
const RING_BYTES = 4 * 1024 * 1024;
export const TAP_RING_BYTES = HEADER_BYTES + RING_BYTES;

/** Words of an entry before the payload. */
const SIZE = 0;
/** Bit 8: whether it is a reply; bits 0 to 3: which taps it is for. Nothing but SKIP: go on at the start of the ring. */
const FLAGS = 1;
const LENGTH = 2;
const CAPTURED = 3;
const CLIENT = 4;
const PLACE = 8;
const BACKEND = 9;
const LOCAL = 10;
const LOST_BEFORE = 16;
const ENTRY_BYTES = 80;
/** As a double. */
const AT = 7;
const REPLY = 1 << 8;
const SKIP = 1 << 9;
const TAPS = (1 << MAX_TAPS) - 1;

/** One datagram to copy. */
export interface TapEntry {
  /** Bit n for tap n. */
  taps: number;
  isReply: boolean;
  /** Milliseconds since 1970. */
  atMs: number;
  /** Where the client's IP (4 words) is, and after it scope, and listener slot << 16 | port. */
  words: Uint32Array;
  at: number;
  backendSlot: number;
  /** The local IP address where it is known, else undefined. */
  local: Uint32Array | undefined;
  source: Uint8Array;
  offset: number;
  length: number;
  /** At most `length`. */
  captured: number;
}

export class TapRingWriter {
  readonly #counts: Int32Array;
  readonly #u8: Uint8Array;
  readonly #u32: Uint32Array;
  readonly #f64: Float64Array;

  /** @param memory of TAP_RING_BYTES */
  constructor(memory: SharedArrayBuffer | ArrayBuffer) {
    this.#counts = new Int32Array(memory, 0, HEADER_BYTES / 4);
    this.#u8 = new Uint8Array(memory, HEADER_BYTES);
    this.#u32 = new Uint32Array(memory, HEADER_BYTES);
    this.#f64 = new Float64Array(memory, HEADER_BYTES);
  }

  add(entry: TapEntry): void {
    const counts = this.#counts;
    const size = ENTRY_BYTES + Math.ceil(entry.captured / 8) * 8;
    let written = counts[WRITTEN];
    const free = RING_BYTES - ((written - Atomics.load(counts, READ)) >>> 0);
    const toEnd = RING_BYTES - (written & (RING_BYTES - 1));
    const skipped = toEnd < size ? toEnd : 0;
    if (size + skipped > free) {
      for (let tap = 0; tap < MAX_TAPS; tap++) if ((entry.taps & (1 << tap)) !== 0) counts[LOST + tap]++;
      return;
    }
    if (skipped > 0) {
      const skip = (written & (RING_BYTES - 1)) >> 2;
      this.#u32[skip + SIZE] = skipped;
      this.#u32[skip + FLAGS] = SKIP;
      written = (written + skipped) | 0;
    }
    this.#fill(written & (RING_BYTES - 1), size, entry);
    Atomics.store(counts, WRITTEN, (written + size) | 0);
  }

  #fill(byte: number, size: number, entry: TapEntry): void {
    const u32 = this.#u32;
    const to = byte >> 2;
    const { words, at, local, source, offset, captured } = entry;
    u32[to + SIZE] = size;
    u32[to + FLAGS] = entry.taps | (entry.isReply ? REPLY : 0);
    u32[to + LENGTH] = entry.length;
    u32[to + CAPTURED] = captured;
    for (let i = 0; i < 4; i++) {
      u32[to + CLIENT + i] = words[at + i];
      u32[to + LOCAL + i] = local === undefined ? 0 : local[i];
      u32[to + LOST_BEFORE + i] = this.#counts[LOST + i];
    }
    u32[to + PLACE] = words[at + 5];
    u32[to + BACKEND] = entry.backendSlot;
    this.#f64[(byte >> 3) + AT] = entry.atMs;
    const payload = byte + ENTRY_BYTES;
    for (let i = 0; i < captured; i++) this.#u8[payload + i] = source[offset + i];
  }
}

/** A datagram as the reader gets it. */
export interface TapCopy {
  /** Bit n for tap n. */
  readonly taps: number;
  /** By tap: datagrams that were lost before this one, since the ring was made. */
  readonly lost: readonly number[];
  readonly isReply: boolean;
  readonly atMs: number;
  readonly clientIp: Uint32Array;
  readonly clientPort: number;
  readonly listenerSlot: number;
  readonly backendSlot: number;
  /** All 0 where it is not known. */
  readonly localIp: Uint32Array;
  readonly length: number;
  readonly payload: Uint8Array;
}

export class TapRingReader {
  readonly #memory: SharedArrayBuffer | ArrayBuffer;
  readonly #counts: Int32Array;

  constructor(memory: SharedArrayBuffer | ArrayBuffer) {
    this.#memory = memory;
    this.#counts = new Int32Array(memory, 0, HEADER_BYTES / 4);
  }

  /** By tap: datagrams that found the ring full, since it was made. */
  lost(): number[] {
    return Array.from({ length: MAX_TAPS }, (_, tap) => this.#counts[LOST + tap] >>> 0);
  }

  /** Takes out what is there. */
  take(): TapCopy[] {
    const counts = this.#counts;
    const written = Atomics.load(counts, WRITTEN);
    const copies: TapCopy[] = [];
    for (let read = counts[READ]; read !== written; ) {
      const byte = HEADER_BYTES + (read & (RING_BYTES - 1));
      const [size, flags] = new Uint32Array(this.#memory, byte, 2);
      if ((flags & SKIP) === 0) copies.push(this.#copy(byte));
      read = (read + size) | 0;
      Atomics.store(counts, READ, read);
    }
    return copies;
  }

  #copy(byte: number): TapCopy {
    const u32 = new Uint32Array(this.#memory, byte, ENTRY_BYTES / 4).slice();
    return {
      taps: u32[FLAGS] & TAPS,
      lost: [...u32.subarray(LOST_BEFORE, LOST_BEFORE + MAX_TAPS)],
      isReply: (u32[FLAGS] & REPLY) !== 0,
      atMs: new Float64Array(u32.buffer)[AT],
      clientIp: u32.subarray(CLIENT, CLIENT + 4),
      clientPort: u32[PLACE] & 0xffff,
      listenerSlot: u32[PLACE] >>> 16,
      backendSlot: u32[BACKEND],
      localIp: u32.subarray(LOCAL, LOCAL + 4),
      length: u32[LENGTH],
      payload: new Uint8Array(this.#memory, byte + ENTRY_BYTES, u32[CAPTURED]).slice(),
    };
  }
}
