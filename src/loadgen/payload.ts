/**
 * The head of every datagram of a load. Hot: reading and writing allocate nothing. Little-endian; the rest is filler.
 *
 *   0 magic u16 | 2 tag u16, which an echo server may write | 4 client u32 | 8 slot u32 | 12 sequence u32 | 16 due f64
 *
 * `client` and `slot` are the generator's own numbers, `sequence` counts a client's datagrams, `due` is the time in
 * milliseconds, on the generator's clock, at which the datagram was to be sent.
 */
export const MIN_PAYLOAD_BYTES = 24;
const MAGIC = 0x6c73;
/** The tag of a datagram that no echo server has marked. */
export const NO_TAG = 0xffff;

export function writeHead(
  view: DataView,
  offset: number,
  client: number,
  slot: number,
  sequence: number,
  dueMs: number,
): void {
  view.setUint16(offset, MAGIC, true);
  view.setUint16(offset + 2, NO_TAG, true);
  view.setUint32(offset + 4, client, true);
  view.setUint32(offset + 8, slot, true);
  view.setUint32(offset + 12, sequence, true);
  view.setFloat64(offset + 16, dueMs, true);
}

/** Whether the `length` bytes there begin as a datagram of a load does. */
export function hasHead(view: DataView, offset: number, length: number): boolean {
  return length >= MIN_PAYLOAD_BYTES && view.getUint16(offset, true) === MAGIC;
}

export function readTag(view: DataView, offset: number): number {
  return view.getUint16(offset + 2, true);
}

export function writeTag(view: DataView, offset: number, tag: number): void {
  view.setUint16(offset + 2, tag, true);
}

export function readClient(view: DataView, offset: number): number {
  return view.getUint32(offset + 4, true);
}

export function readSlot(view: DataView, offset: number): number {
  return view.getUint32(offset + 8, true);
}

export function readSequence(view: DataView, offset: number): number {
  return view.getUint32(offset + 12, true);
}

export function readDueMs(view: DataView, offset: number): number {
  return view.getFloat64(offset + 16, true);
}
