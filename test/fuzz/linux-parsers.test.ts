/** What the kernel hands up is parsed as if anything could stand there: no exception, no read outside, no lie. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { AF_INET, AF_INET6 } from "#src/linux/constants.js";
import {
  CONTROL_LOCAL,
  CONTROL_SEGMENT,
  CONTROL_WORDS,
  parseControl,
  writeSegmentSize,
  writeSource,
} from "#src/linux/control.js";
import { icmpOf, NO_ERROR } from "#src/linux/error-queue.js";
import { readSockaddr, SOCKADDR_WORDS, writeSockaddr } from "#src/linux/sockaddr.js";

const BYTES = 128;
const word = fc.integer({ min: 0, max: 0xffff_ffff });
const words = fc.tuple(word, word, word, word);
const ipv4Words = word.map((last): [number, number, number, number] => [0, 0, 0xffff, last]);

function createViews(content: Uint8Array = new Uint8Array(0)) {
  const buffer = new ArrayBuffer(BYTES);
  const u8 = new Uint8Array(buffer);
  u8.set(content);
  return { u8, u16: new Uint16Array(buffer), u32: new Uint32Array(buffer) };
}

test("readSockaddr: any bytes give a full address of a known family, or false and nothing", () => {
  const bytes = fc.uint8Array({ minLength: 0, maxLength: 64 });
  const family = fc.oneof(fc.constantFrom(AF_INET, AF_INET6), fc.integer({ min: 0, max: 0xffff }));
  fc.assert(
    fc.property(bytes, family, fc.integer({ min: 0, max: 64 }), (content, familyNumber, length) => {
      const views = createViews(content);
      views.u16[0] = familyNumber;
      const out = new Uint32Array(SOCKADDR_WORDS).fill(0xdead);
      const known = (familyNumber === AF_INET && length >= 16) || (familyNumber === AF_INET6 && length >= 28);
      assert.equal(readSockaddr(views, 0, length, out, 0), known);
      if (!known) assert.ok(out.every((value) => value === 0xdead));
    }),
  );
});

test("writeSockaddr, readSockaddr: come back the same", () => {
  const port = fc.integer({ min: 0, max: 65_535 });
  fc.assert(
    fc.property(fc.oneof(words, ipv4Words), word, port, (address, scope, portNumber) => {
      const views = createViews();
      const out = new Uint32Array(SOCKADDR_WORDS);
      const length = writeSockaddr(views, 4, address, 0, scope, portNumber, AF_INET6);
      assert.ok(readSockaddr(views, 4, length, out, 0));
      assert.deepEqual([...out], [...address, scope, portNumber]);
      assert.ok(views.u8.subarray(32).every((byte) => byte === 0));
    }),
  );
});

test("parseControl: reads nothing beyond its length, whatever the bytes", () => {
  const content = fc.uint8Array({ minLength: BYTES, maxLength: BYTES });
  fc.assert(
    fc.property(content, fc.integer({ min: 0, max: BYTES }), (bytes, length) => {
      const inside = createViews(bytes);
      const cut = createViews(bytes);
      cut.u8.fill(0xa5, length); // what lies beyond must not matter
      const [one, two] = [new Uint32Array(CONTROL_WORDS), new Uint32Array(CONTROL_WORDS)];
      parseControl(inside.u32, 0, length, one);
      parseControl(cut.u32, 0, length, two);
      assert.deepEqual(one, two);
    }),
  );
});

test("parseControl: headers that look right with hostile lengths end, and keep the segment size in range", () => {
  const header = fc.record({
    length: fc.oneof(fc.integer({ min: 0, max: 48 }), word),
    level: fc.constantFrom(0, 1, 17, 41),
    type: fc.constantFrom(8, 40, 50, 104),
    data: fc.tuple(word, word),
  });
  fc.assert(
    fc.property(fc.array(header, { minLength: 1, maxLength: 5 }), (headers) => {
      const { u32 } = createViews();
      for (const [i, { length, level, type, data }] of headers.entries()) {
        u32.set([length, 0, level, type, ...data], i * 6);
      }
      const out = new Uint32Array(CONTROL_WORDS);
      parseControl(u32, 0, headers.length * 24, out);
      assert.ok(out[CONTROL_SEGMENT] <= 0xffff);
      if (headers[0].length < 16 || headers[0].length > headers.length * 24) {
        assert.ok(out.every((value) => value === 0));
      }
    }),
  );
});

test("writeSegmentSize, writeSource: the parser finds the source behind the segment size", () => {
  const size = fc.integer({ min: 1, max: 0xffff });
  fc.assert(
    fc.property(ipv4Words, size, fc.constantFrom(AF_INET, AF_INET6), (address, segmentBytes, family) => {
      const { u32 } = createViews();
      const first = writeSegmentSize(u32, 0, segmentBytes);
      const total = first + writeSource(u32, first >> 2, address, 0, 0, family);
      const out = new Uint32Array(CONTROL_WORDS);
      parseControl(u32, 0, total, out);
      // On receive in_pktinfo is read at the place that sending writes: ipi_spec_dst.
      assert.deepEqual([...out.subarray(CONTROL_LOCAL)], address);
    }),
  );
});

test("icmpOf: reads nothing beyond its length, and ends, whatever the bytes", () => {
  const content = fc.uint8Array({ minLength: BYTES, maxLength: BYTES });
  fc.assert(
    fc.property(content, fc.integer({ min: 0, max: BYTES }), (bytes, length) => {
      const inside = createViews(bytes);
      const cut = createViews(bytes);
      cut.u8.fill(0xa5, length);
      assert.equal(icmpOf(inside.u32, 0, length), icmpOf(cut.u32, 0, length));
    }),
  );
});

test("icmpOf: headers that look right with hostile lengths never make an error of what is not there", () => {
  const header = fc.record({
    length: fc.oneof(fc.integer({ min: 0, max: 64 }), word),
    high: fc.constantFrom(0, 0, 0, 1),
    level: fc.constantFrom(0, 1, 41),
    type: fc.constantFrom(11, 25, 40),
    data: fc.tuple(word, fc.constantFrom(0, 1, 2, 3, 0x0303_0002), word, word),
  });
  fc.assert(
    fc.property(
      fc.array(header, { minLength: 1, maxLength: 4 }),
      fc.integer({ min: 0, max: 128 }),
      (all, most) => {
        const { u32 } = createViews();
        for (const [i, { length, high, level, type, data }] of all.entries()) {
          u32.set([length, high, level, type, ...data], i * 8);
        }
        const length = Math.min(most, all.length * 32);
        const error = icmpOf(u32, 0, length);
        if (length < 32) assert.equal(error, NO_ERROR);
        const told = [...u32.subarray(0, length >> 2)].map((one) => (one & 0xff00) | ((one >>> 16) & 0xff));
        assert.ok(error === NO_ERROR || told.includes(error & 0xffff));
      },
    ),
  );
});
