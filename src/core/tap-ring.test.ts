import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { TAP_RING_BYTES, type TapEntry, TapRingReader, TapRingWriter } from "./tap-ring.js";

const words = Uint32Array.of(0, 0, 0xffff, 0xc0000201, 0, (3 << 16) | 4000);

function open() {
  const memory = new SharedArrayBuffer(TAP_RING_BYTES);
  return { writer: new TapRingWriter(memory), reader: new TapRingReader(memory), memory };
}

function entryOf(payload: Uint8Array, parts: Partial<TapEntry> = {}): TapEntry {
  return {
    ...{ taps: 1, isReply: false, atMs: 1.5, words, at: 0, backendSlot: 9, local: undefined },
    ...{ source: payload, offset: 0, length: payload.length, captured: payload.length },
    ...parts,
  };
}

const bytes = (length: number, value = length) => new Uint8Array(length).fill(value);

describe("TapRingWriter and TapRingReader", () => {
  it("hand over what was written, in order, once", () => {
    const { writer, reader } = open();
    const local = Uint32Array.of(1, 2, 3, 4);
    writer.add(entryOf(bytes(0)));
    writer.add(
      entryOf(Uint8Array.of(9, 8, 7, 6), {
        taps: 0b1010,
        isReply: true,
        local,
        offset: 1,
        length: 3,
        captured: 2,
      }),
    );
    const [first, second, ...others] = reader.take();
    assert.deepEqual(others, []);
    assert.deepEqual(
      [
        first.taps,
        first.isReply,
        first.atMs,
        first.clientPort,
        first.listenerSlot,
        first.backendSlot,
        first.length,
      ],
      [1, false, 1.5, 4000, 3, 9, 0],
    );
    assert.deepEqual([...first.clientIp], [...words.subarray(0, 4)]);
    assert.deepEqual([[...first.localIp], [...first.payload]], [[0, 0, 0, 0], []]);
    assert.deepEqual([second.taps, second.isReply, second.length], [0b1010, true, 3]);
    assert.deepEqual(
      [[...second.localIp], [...second.payload]],
      [
        [1, 2, 3, 4],
        [8, 7],
      ],
    );
    assert.deepEqual(reader.take(), []);
  });

  it("go round many times without a mix-up, also past 2^32 bytes", () => {
    const { writer, reader, memory } = open();
    new Int32Array(memory).fill(-4096, 0, 2);
    let next = 0;
    for (let round = 0; round < 400; round++) {
      const lengths = Array.from({ length: 7 }, () => (next = (next * 31 + 7) % 65_508));
      for (const length of lengths) writer.add(entryOf(bytes(length, length & 0xff)));
      const taken = reader.take();
      assert.deepEqual(
        taken.map(({ length }) => length),
        lengths,
      );
      for (const { payload, length } of taken) assert.ok(payload.every((byte) => byte === (length & 0xff)));
    }
    assert.deepEqual(reader.lost(), [0, 0, 0, 0]);
  });

  it("count what finds no room, for each tap that wanted it, and tell with the next", () => {
    const { writer, reader } = open();
    const big = bytes(60_000);
    let written = 0;
    for (let i = 0; i < 100; i++) writer.add(entryOf(big, { taps: 0b11 }));
    written = reader.take().length;
    assert.ok(written > 60 && written < 70, `${written}`);
    assert.deepEqual(reader.lost(), [100 - written, 100 - written, 0, 0]);
    writer.add(entryOf(big, { taps: 0b100 }));
    assert.deepEqual(reader.take()[0].lost, [100 - written, 100 - written, 0, 0]);
  });
});
