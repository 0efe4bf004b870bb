/**
 * Prints of the payloads that a worker has sent lately: four bytes out of each half, at places that nobody else knows, made
 * one number. Whoever makes up a payload without having seen the real one gets past a print once in 2^32 where payloads are
 * random. It is no signature: see SECURITY.md. It costs 2 ns, for the bytes have just been received.
 */

/** Prints kept; a power of two. */
const PRINTS = 32_768;
const SPREAD = 0x9e37_79b1 | 0;

export class PayloadPrints {
  /** How many were taken, modulo 2^32: the number of the next. */
  taken = 0;
  readonly #u8: Uint8Array;
  readonly #view: DataView;
  readonly #prints = new Int32Array(PRINTS);
  /** Places as parts of the length, in 65,536ths. */
  readonly #first: number;
  readonly #second: number;

  /** @param u8 the memory that offsets are in */
  constructor(u8: Uint8Array, random: () => number) {
    this.#u8 = u8;
    this.#view = new DataView(u8.buffer, u8.byteOffset, u8.byteLength);
    // `| 0`: kept as whole numbers, not as doubles.
    this.#first = (random() * 32_768) | 0;
    this.#second = ((1 + random()) * 32_768) | 0;
  }

  /** The print of 0 to 65,535 bytes. */
  of(offset: number, bytes: number): number {
    if (bytes < 4) return this.#ofFew(offset, bytes);
    const first = offset + (Math.imul(this.#first, bytes - 3) >>> 16);
    const second = offset + (Math.imul(this.#second, bytes - 3) >>> 16);
    return this.#view.getInt32(first, true) ^ Math.imul(this.#view.getInt32(second, true), SPREAD);
  }

  take(offset: number, bytes: number): void {
    this.#prints[this.taken & (PRINTS - 1)] = this.of(offset, bytes);
    this.taken = (this.taken + 1) | 0;
  }

  /** Whether print number `number`, counted as `taken` counts, is known still and is this one. */
  is(number: number, print: number): boolean {
    return (this.taken - number) >>> 0 <= PRINTS && this.#prints[number & (PRINTS - 1)] === print;
  }

  #ofFew(offset: number, bytes: number): number {
    let print = bytes;
    for (let at = 0; at < bytes; at++) print = (print << 8) | this.#u8[offset + at];
    return print;
  }
}
