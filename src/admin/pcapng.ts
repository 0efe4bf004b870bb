/**
 * A tap as a pcapng file (draft-ietf-opsawg-pcapng), little-endian: one section, an interface for each listener, a packet for
 * each datagram, and at the end what each interface saw and missed. Times are in microseconds.
 */
import type { TappedDatagram } from "../api.js";
import { type Endpoint, parseEndpoint } from "../core/address.js";
import { makeUpPacket } from "./made-up-packet.js";

const BLOCK = { section: 0x0a0d0d0a, interface: 1, statistics: 5, packet: 6 } as const;
const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
/** Packets begin with an IP header. */
const LINKTYPE_RAW = 101;
const OPTION = { comment: 1, program: 4, name: 2, flags: 2, received: 4, dropped: 5 } as const;
const DIRECTION = { request: 1, reply: 2 } as const;
/** Of an IPv6 and a UDP header. */
const MOST_HEADER_BYTES = 48;

const NOWHERE: Endpoint = parseEndpoint("0.0.0.0:0");

interface Interface {
  readonly id: number;
  received: number;
  missed: number;
}

export class PcapngWriter {
  readonly #program: string;
  readonly #snapBytes: number;
  readonly #interfaces = new Map<string, Interface>();

  /** @param snapBytes most bytes of a payload */
  constructor(program: string, snapBytes: number) {
    this.#program = program;
    this.#snapBytes = snapBytes;
  }

  /** What the file begins with. */
  section(): Buffer {
    const body = Buffer.alloc(16);
    body.writeUInt32LE(BYTE_ORDER_MAGIC, 0);
    body.writeUInt16LE(1, 4); // version 1.0
    body.writeBigInt64LE(-1n, 8); // section length: not known
    return block(BLOCK.section, body, [text(OPTION.program, this.#program)]);
  }

  /** One datagram, after its interface where that is new. */
  datagram(datagram: TappedDatagram): Buffer {
    const blocks: Buffer[] = [];
    let at = this.#interfaces.get(datagram.listener);
    if (at === undefined) {
      at = { id: this.#interfaces.size, received: 0, missed: 0 };
      this.#interfaces.set(datagram.listener, at);
      blocks.push(this.#interface(datagram.listener));
    }
    at.received += 1 + datagram.missed;
    at.missed += datagram.missed;
    blocks.push(packet(at.id, datagram));
    return Buffer.concat(blocks);
  }

  /** What each interface saw and missed: the last thing in the file. */
  statistics(nowMs: number): Buffer {
    const blocks = [...this.#interfaces.values()].map(({ id, received, missed }) => {
      const body = Buffer.alloc(12);
      body.writeUInt32LE(id, 0);
      writeTime(body, 4, nowMs);
      return block(BLOCK.statistics, body, [count(OPTION.received, received), count(OPTION.dropped, missed)]);
    });
    return Buffer.concat(blocks);
  }

  #interface(listener: string): Buffer {
    const body = Buffer.alloc(8);
    body.writeUInt16LE(LINKTYPE_RAW, 0);
    body.writeUInt32LE(this.#snapBytes + MOST_HEADER_BYTES, 4);
    const comment = `Datagrams between clients and listener ${listener}. The IP and UDP headers are made up.`;
    return block(BLOCK.interface, body, [text(OPTION.name, listener), text(OPTION.comment, comment)]);
  }
}

function packet(interfaceId: number, datagram: TappedDatagram): Buffer {
  const client = parseEndpoint(datagram.client);
  // Of a listener that a reload took away meanwhile.
  const local = datagram.local === "" ? NOWHERE : parseEndpoint(datagram.local);
  const [from, to]: [Endpoint, Endpoint] =
    datagram.direction === "request" ? [client, local] : [local, client];
  const bytes = makeUpPacket(from, to, client, { length: datagram.length, bytes: datagram.payload });
  const body = Buffer.alloc(20 + padded(bytes.length));
  body.writeUInt32LE(interfaceId, 0);
  writeTime(body, 4, datagram.atMs);
  body.writeUInt32LE(bytes.length, 12);
  body.writeUInt32LE(bytes.length + datagram.length - datagram.payload.length, 16);
  body.set(bytes, 20);
  const flags = Buffer.alloc(4);
  flags.writeUInt32LE(DIRECTION[datagram.direction]);
  const comment = datagram.backend === "" ? [] : [text(OPTION.comment, `backend ${datagram.backend}`)];
  return block(BLOCK.packet, body, [option(OPTION.flags, flags), ...comment]);
}

/** Microseconds since 1970 as two words, the upper one first. */
function writeTime(body: Buffer, at: number, ms: number): void {
  const microseconds = Math.round(ms * 1000);
  body.writeUInt32LE(Math.floor(microseconds / 2 ** 32), at);
  body.writeUInt32LE(microseconds % 2 ** 32, at + 4);
}

/** Type, length, body, options, and the length again. */
function block(type: number, body: Buffer, options: readonly Buffer[]): Buffer {
  const endOfOptions = Buffer.alloc(4);
  const length = 12 + body.length + options.reduce((sum, { length }) => sum + length, endOfOptions.length);
  const head = Buffer.alloc(8);
  head.writeUInt32LE(type, 0);
  head.writeUInt32LE(length, 4);
  return Buffer.concat([head, body, ...options, endOfOptions, head.subarray(4)]);
}

function option(code: number, value: Buffer): Buffer {
  const bytes = Buffer.alloc(4 + padded(value.length));
  bytes.writeUInt16LE(code, 0);
  bytes.writeUInt16LE(value.length, 2);
  bytes.set(value, 4);
  return bytes;
}

function text(code: number, value: string): Buffer {
  return option(code, Buffer.from(value, "utf8"));
}

function count(code: number, value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return option(code, bytes);
}

function padded(length: number): number {
  return (length + 3) & ~3;
}
