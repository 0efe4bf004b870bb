/**
 * What the clients send: every request has a number and is told apart from every other one, as bytes of our own or as a DNS
 * query. Backends put their tag into the reply; the clients check everything else.
 */

const MAGIC = 0x736c6661;
const HEADER_BYTES = 12;
/** Requests are up to so long: within what the batched plane can send again whole over IPv4. */
const LONGEST_BYTES = 500;
const DNS_HEADER_BYTES = 12;
const ANSWER_BYTES = 16;

export interface Protocol {
  createRequest(client: number, number: number): Buffer;
  /** What a backend with this tag answers, or undefined for what is no request of ours. */
  createReply(request: Buffer, tag: number): Buffer | undefined;
  /** Undefined for anything but the reply to a request of ours, byte by byte. */
  readReply(
    reply: Buffer,
  ): { readonly client: number; readonly number: number; readonly tag: number } | undefined;
}

/** Lengths from 12 to 500 bytes, every fourth the longest. A reply is the tag and the request. */
export const PLAIN: Protocol = {
  createRequest(client, number) {
    const bytes =
      number % 4 === 0 ? LONGEST_BYTES : HEADER_BYTES + ((number * 37) % (LONGEST_BYTES - HEADER_BYTES));
    const request = Buffer.alloc(bytes, number & 0xff);
    request.writeUInt32BE(MAGIC, 0);
    request.writeUInt32BE(client, 4);
    request.writeUInt32BE(number, 8);
    return request;
  },
  createReply(request, tag) {
    if (request.length < HEADER_BYTES || request.readUInt32BE(0) !== MAGIC) return undefined;
    return Buffer.concat([Buffer.of(tag), request]);
  },
  readReply(reply) {
    if (reply.length < HEADER_BYTES + 1) return undefined;
    const [client, number] = [reply.readUInt32BE(5), reply.readUInt32BE(9)];
    const isWhole = reply.subarray(1).equals(this.createRequest(client, number));
    return isWhole ? { client, number, tag: reply[0]! } : undefined;
  },
};

/** A query for the A record of `n<number>.c<client>.test.`; the answer's address ends in the tag. */
export const DNS: Protocol = {
  createRequest(client, number) {
    const labels = [`n${number}`, `c${client}`, "test", ""];
    const name = Buffer.concat(labels.map((label) => Buffer.from(String.fromCharCode(label.length) + label)));
    const header = Buffer.from([number >> 8, number, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
    return Buffer.concat([header, name, Buffer.of(0, 1, 0, 1)]);
  },
  createReply(request, tag) {
    if (request.length < DNS_HEADER_BYTES) return undefined;
    const reply = Buffer.concat([request, Buffer.of(0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 192, 0, 2, tag)]);
    reply.writeUInt16BE(0x8180, 2);
    reply.writeUInt16BE(1, 6);
    return reply;
  },
  readReply(reply) {
    const match = /n(\d+).c(\d+).test/s.exec(reply.toString("latin1"));
    if (match === null || reply.length < ANSWER_BYTES) return undefined;
    const [number, client] = [Number(match[1]), Number(match[2])];
    const tag = reply.at(-1)!;
    const isWhole = reply.equals(this.createReply(this.createRequest(client, number), tag)!);
    return isWhole ? { client, number, tag } : undefined;
  },
};
