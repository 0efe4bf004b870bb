/** Addresses: what is written reads back, the form is the canonical one, and garbage is refused in one way only. */
import assert from "node:assert/strict";
import { isIP, isIPv4, isIPv6 } from "node:net";
import { describe, it } from "node:test";
import fc from "fast-check";
import {
  AddressError,
  endpointEquals,
  formatEndpoint,
  formatIp,
  type IpAddress,
  parseEndpoint,
  parseIp,
  parsePrefix,
} from "#src/core/address.js";
import { formatIpWords, keepBits, maskWords, writeIpWords } from "#src/core/ip-words.js";

const MAPPED = 0xffff;

/** Zeros are common, so that `::` is. */
const group = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff }));
const groups = fc.tuple(group, group, group, group, group, group, group, group);
const word = fc.integer({ min: 0, max: 0xffffffff });
const zone = fc.constantFrom("", "", "eth0", "3", "br-lan.7");

const ipv4 = word.map((last): IpAddress => ({ family: 4, words: [0, 0, MAPPED, last], zone: "" }));
const ipv6 = fc.tuple(groups, zone).map(([values, name]): IpAddress => {
  const [a, b, c, d] = [0, 2, 4, 6].map((i) => values[i] * 0x10000 + values[i + 1]);
  const mapped = a === 0 && b === 0 && c === MAPPED;
  return { family: mapped ? 4 : 6, words: [a, b, c, d], zone: mapped ? "" : name };
});
const ip = fc.oneof(ipv4, ipv6);
const endpoint = fc
  .tuple(ip, fc.integer({ min: 0, max: 65_535 }))
  .map(([address, port]) => ({ ip: address, port }));

/** Text made of what addresses are made of, and some that is made of anything. */
const garbage = fc.oneof(
  fc.string({ unit: fc.constantFrom(..."0123456789abcfFg:.%[]/ -+"), maxLength: 24 }),
  fc
    .array(
      fc.constantFrom("::", ":", "1", "0", "ffff", "1.2.3.4", "255", ".", "[", "]", "%eth0", "/8", ":53"),
      { maxLength: 9 },
    )
    .map((parts) => parts.join("")),
  fc.string({ unit: "binary", maxLength: 40 }),
);

/** The canonical text by the URL standard, which writes IPv4-mapped addresses in hexadecimal. */
function urlHost(text: string): string {
  return new URL(`http://[${text}]/`).hostname.slice(1, -1);
}

function onlyAddressErrors<T>(parse: (text: string) => T, text: string): T | undefined {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof AddressError)) throw error;
    assert.match(error.message, /^cannot read the .*: expected /s);
    return undefined;
  }
}

function wordsOf(address: IpAddress): Uint32Array {
  return Uint32Array.from(address.words);
}

describe("addresses", () => {
  it("read back as they were written", () => {
    fc.assert(
      fc.property(ip, (address) => assert.deepEqual(parseIp(formatIp(address)), address)),
      { numRuns: 1000 },
    );
    fc.assert(fc.property(endpoint, (one) => assert.deepEqual(parseEndpoint(formatEndpoint(one)), one)));
  });

  it("are written in the canonical form that the URL standard has too", () => {
    fc.assert(
      fc.property(ipv6, (address) => {
        const text = formatIp({ ...address, zone: "" });
        fc.pre(address.family === 6);
        assert.ok(isIPv6(text), text);
        assert.equal(text, urlHost(text));
      }),
      { numRuns: 1000 },
    );
    fc.assert(fc.property(ipv4, (address) => assert.ok(isIPv4(formatIp(address)))));
  });

  it("read the same from any spelling of their groups", () => {
    const spelling = fc.tuple(groups, fc.integer({ min: 0, max: 3 }), fc.boolean(), fc.boolean());
    fc.assert(
      fc.property(spelling, ([values, zeros, upper, dotted]) => {
        const hex = values.map((value) => value.toString(16).padStart(zeros + 1, "0"));
        const tail = [values[6] >> 8, values[6] & 255, values[7] >> 8, values[7] & 255].join(".");
        const text = dotted ? `${hex.slice(0, 6).join(":")}:${tail}` : hex.join(":");
        const address = parseIp(upper ? text.toUpperCase() : text);
        if (address.family === 6) assert.equal(urlHost(formatIp(address)), urlHost(text));
        else assert.equal(urlHost(`::ffff:${formatIp(address)}`), urlHost(text));
      }),
      { numRuns: 500 },
    );
  });

  it("are IPv4 however they are spelt, networks too", () => {
    fc.assert(
      fc.property(ipv4, fc.integer({ min: 0, max: 32 }), (address, length) => {
        assert.deepEqual(parseIp(`::ffff:${formatIp(address)}`), address);
        const words = wordsOf(address);
        keepBits(words, 0, 96 + length);
        const ip = formatIpWords(words, 0);
        assert.deepEqual(parsePrefix(`::ffff:${ip}/${96 + length}`), parsePrefix(`${ip}/${length}`));
      }),
    );
  });

  it("are accepted exactly when node:net accepts them, zones aside", () => {
    fc.assert(
      fc.property(garbage, (text) => {
        fc.pre(!text.includes("%"));
        assert.equal(onlyAddressErrors(parseIp, text) !== undefined, isIP(text) !== 0);
        assert.equal(writeIpWords(text, new Uint32Array(4), 0), isIP(text) !== 0);
      }),
      { numRuns: 3000 },
    );
  });

  it("are refused with an AddressError and nothing else", () => {
    fc.assert(
      fc.property(garbage, (text) => {
        onlyAddressErrors(parseIp, text);
        onlyAddressErrors(parsePrefix, text);
        const read = onlyAddressErrors(parseEndpoint, text);
        if (read !== undefined) assert.ok(endpointEquals(parseEndpoint(formatEndpoint(read)), read));
      }),
      { numRuns: 3000 },
    );
  });
});

describe("words", () => {
  it("are written from the text of an address and read back", () => {
    fc.assert(
      fc.property(ip, (address) => {
        const words = new Uint32Array(4).fill(0xdeadbeef);
        assert.ok(writeIpWords(formatIp(address), words, 0));
        assert.deepEqual(words, wordsOf(address));
        const again = new Uint32Array(4);
        assert.ok(writeIpWords(formatIpWords(words, 0), again, 0));
        assert.deepEqual(again, words);
      }),
      { numRuns: 1000 },
    );
  });

  it("are masked as one whole number would be", () => {
    fc.assert(
      fc.property(
        ip,
        fc.integer({ min: 0, max: 32 }),
        fc.integer({ min: 0, max: 128 }),
        (address, prefix4, prefix6) => {
          const words = wordsOf(address);
          const isV4 = words[0] === 0 && words[1] === 0 && words[2] === MAPPED;
          const kept = BigInt(isV4 ? 96 + prefix4 : prefix6);
          const expected = (toBigInt(words) >> (128n - kept)) << (128n - kept);
          maskWords(words, 0, prefix4, prefix6);
          assert.equal(toBigInt(words), expected);
        },
      ),
      { numRuns: 1000 },
    );
  });

  it("that are masked make a prefix that parses, and the error for others suggests it", () => {
    fc.assert(
      fc.property(ip, fc.integer({ min: 0, max: 128 }), (address, bits) => {
        const length = address.family === 4 ? bits % 33 : bits;
        const words = wordsOf(address);
        keepBits(words, 0, address.family === 4 ? 96 + length : length);
        const [a, b, c, d] = words;
        const prefix = `${formatIp({ ...address, words: [a, b, c, d], zone: "" })}/${length}`;
        assert.deepEqual(parsePrefix(prefix), { ip: { ...address, words: [a, b, c, d], zone: "" }, length });
        const text = `${formatIp({ ...address, zone: "" })}/${length}`;
        if (text !== prefix)
          assert.throws(
            () => parsePrefix(text),
            (error: Error) => error.message.endsWith(`: ${prefix}`),
          );
      }),
      { numRuns: 500 },
    );
  });
});

function toBigInt(words: Uint32Array): bigint {
  return words.reduce((value, one) => (value << 32n) | BigInt(one), 0n);
}
