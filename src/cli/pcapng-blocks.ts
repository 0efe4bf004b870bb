/**
 * Cuts a stream of pcapng (draft-ietf-opsawg-pcapng) into its blocks, so that what is written ends with a whole one
 * wherever the stream breaks off, and counts what is in them.
 */

const SECTION_HEADER = 0x0a0d0d0a;
const INTERFACE_STATISTICS = 5;
const ENHANCED_PACKET = 6;
/** `isb_ifdrop`: datagrams that were not copied. */
const OPTION_IFDROP = 5;
const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
/** Far more than a datagram and its headers. */
const MAX_BLOCK = 1024 * 1024;
const LEAST_BLOCK = 12;

/** The stream is something else. */
export class PcapngError extends Error {}

export class PcapngBlocks {
  /** Datagrams in the blocks that were taken out. */
  datagrams = 0;
  bytes = 0;
  /** What the last interface statistics of each interface say was missed. */
  get missed(): number {
    return [...this.#missed.values()].reduce((sum, one) => sum + one, 0);
  }

  readonly #missed = new Map<number, number>();
  #waiting: Buffer = Buffer.alloc(0);
  #isLittle: boolean | undefined;

  /** The whole blocks that are there with this chunk, as one piece. @throws PcapngError */
  push(chunk: Buffer): Buffer {
    const bytes = this.#waiting.length === 0 ? chunk : Buffer.concat([this.#waiting, chunk]);
    let at = 0;
    for (let length = this.#lengthAt(bytes, at); length !== undefined; length = this.#lengthAt(bytes, at)) {
      if (at + length > bytes.length) break;
      this.#count(bytes.subarray(at, at + length));
      at += length;
    }
    this.#waiting = bytes.subarray(at);
    this.bytes += at;
    return bytes.subarray(0, at);
  }

  #lengthAt(bytes: Buffer, at: number): number | undefined {
    if (bytes.length - at < LEAST_BLOCK) return undefined;
    if (this.#isLittle === undefined) {
      // The section header's type reads the same in both byte orders; its magic tells which it is.
      if (bytes.readUInt32LE(at) !== SECTION_HEADER) throw new PcapngError("it does not begin as pcapng");
      this.#isLittle = bytes.readUInt32LE(at + 8) === BYTE_ORDER_MAGIC;
    }
    const length = this.#word(bytes, at + 4);
    if (length < LEAST_BLOCK || length > MAX_BLOCK || length % 4 !== 0) {
      throw new PcapngError(`a block of ${length} bytes came`);
    }
    return length;
  }

  #count(block: Buffer): void {
    const type = this.#word(block, 0);
    if (type === ENHANCED_PACKET) this.datagrams++;
    if (type === INTERFACE_STATISTICS && block.length >= 24) this.#countMissed(block);
  }

  /** Options follow the interface number and the timestamp: code, length, value filled up to four bytes. */
  #countMissed(block: Buffer): void {
    let at = 20;
    while (at + 4 <= block.length - 4) {
      const code = this.#half(block, at);
      const length = this.#half(block, at + 2);
      if (code === OPTION_IFDROP && length === 8 && at + 12 <= block.length) {
        this.#missed.set(this.#word(block, 8), this.#long(block, at + 4));
      }
      at += 4 + Math.ceil(length / 4) * 4;
    }
  }

  #half(bytes: Buffer, at: number): number {
    return this.#isLittle ? bytes.readUInt16LE(at) : bytes.readUInt16BE(at);
  }

  #word(bytes: Buffer, at: number): number {
    return this.#isLittle ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at);
  }

  #long(bytes: Buffer, at: number): number {
    return Number(this.#isLittle ? bytes.readBigUInt64LE(at) : bytes.readBigUInt64BE(at));
  }
}
