/**
 * A DNS message around the datagrams of a load, for targets that forward nothing else: header, one question, and the
 * load's own bytes as the data of an EDNS option (RFC 6891, from the range for local use), so that the whole is a
 * valid message of any size. Hot: only the id and one flag are written for each datagram.
 *
 *   0 header | 12 question `sluice. A IN` | 24 OPT record | 35 option code and length | 39 the load's bytes
 */
export const DNS_HEAD_BYTES = 39;

/** The name of `sluice.` as the wire has it. */
const NAME = [6, 0x73, 0x6c, 0x75, 0x69, 0x63, 0x65, 0];
const TYPE_A = 1;
const TYPE_OPT = 41;
const CLASS_IN = 1;
/** The largest answer that an asker takes over UDP; answers here are as long as their query. */
const UDP_BYTES = 1232;
/** First of the option codes for local and experimental use (RFC 6891, section 9). */
const OPTION_CODE = 65_001;
const RECURSION_DESIRED = 0x01;
const ANSWER = 0x80;

/** Writes everything before the load's bytes for a message of `length` bytes in all, with id 0. */
export function writeDnsHead(view: DataView, offset: number, length: number): void {
  const dataBytes = length - DNS_HEAD_BYTES;
  for (let i = 0; i < DNS_HEAD_BYTES; i++) view.setUint8(offset + i, 0);
  view.setUint8(offset + 2, RECURSION_DESIRED);
  view.setUint16(offset + 4, 1); // questions
  view.setUint16(offset + 10, 1); // additional records: the OPT
  for (const [i, byte] of NAME.entries()) view.setUint8(offset + 12 + i, byte);
  view.setUint16(offset + 20, TYPE_A);
  view.setUint16(offset + 22, CLASS_IN);
  view.setUint16(offset + 25, TYPE_OPT); // after the root name, one zero byte
  view.setUint16(offset + 27, UDP_BYTES);
  view.setUint16(offset + 33, dataBytes + 4);
  view.setUint16(offset + 35, OPTION_CODE);
  view.setUint16(offset + 37, dataBytes);
}

/** The id tells a client's queries apart; its low 16 bits count. */
export function writeDnsId(view: DataView, offset: number, id: number): void {
  view.setUint16(offset, id & 0xffff);
}

/** Makes an answer of a query, if there is room for either. */
export function markDnsAnswer(view: DataView, offset: number, length: number): void {
  if (length >= 3) view.setUint8(offset + 2, view.getUint8(offset + 2) | ANSWER);
}

/** Whether the `length` bytes there are marked as an answer. */
export function isDnsAnswer(view: DataView, offset: number, length: number): boolean {
  return length >= 3 && (view.getUint8(offset + 2) & ANSWER) !== 0;
}
