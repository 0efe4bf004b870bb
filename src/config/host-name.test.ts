import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { SluiceError } from "../core/errors.js";
import {
  HOST_AND_PORT_EXPECTED,
  HOST_AND_PORT_PATTERN,
  HOST_NAME_EXPECTED,
  HOST_NAME_PATTERN,
  parseHostAndPort,
  parseHostName,
} from "./host-name.js";

const LONGEST = `${`${"a".repeat(63)}.`.repeat(3)}${"b".repeat(61)}`;
const NOT_AN_IP = "a host name, not an IP address; addresses belong under backends";

function refusal(text: string, expected: string) {
  const found = JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
  return (error: unknown) => {
    assert.ok(error instanceof SluiceError);
    assert.equal(error.code, "NAME_INVALID");
    assert.equal(error.message, `found ${found}, expected ${expected}`);
    return true;
  };
}

describe("parseHostAndPort", () => {
  const good: [string, string, number][] = [
    ["game.example.org:27015", "game.example.org", 27_015],
    ["game.example.org.:1", "game.example.org", 1],
    ["localhost:65535", "localhost", 65_535],
    ["a:1", "a", 1],
    ["_dns.x--y_z.Example:53", "_dns.x--y_z.Example", 53],
    ["1.2.3.example:53", "1.2.3.example", 53],
    ["xn--bcher-kva.example:53", "xn--bcher-kva.example", 53],
    [`${LONGEST}.:53`, LONGEST, 53],
  ];
  for (const [text, host, port] of good) {
    it(`reads ${text.slice(0, 40)}`, () => {
      assert.deepEqual(parseHostAndPort(text), { host, port });
      assert.match(text, new RegExp(HOST_AND_PORT_PATTERN));
    });
  }

  const bad = ["", ":53", "a", "a:", "a:0", "a:053", "a:65536", "a:99999", "a:1e3", "a:+5", "a: 5", "a :5"];
  bad.push("a..b:5", ".a:5", "a..:5", "-a:5", "a-:5", "a.-b:5", "bücher.example:5", "a/b:5", "a:5\n");
  bad.push(`${"a".repeat(64)}:5`, `${LONGEST}b:5`, `${LONGEST}b.:5`);
  for (const text of bad) {
    it(`refuses ${JSON.stringify(text).slice(0, 40)}`, () =>
      assert.throws(() => parseHostAndPort(text), refusal(text, HOST_AND_PORT_EXPECTED)));
  }

  for (const text of [
    "192.0.2.1:53",
    "192.0.2.1",
    "[2001:db8::1]:53",
    "2001:db8::1",
    "[::]:53",
    "1.2.3.4.:53",
  ]) {
    it(`says that ${text} is an address`, () =>
      assert.throws(() => parseHostAndPort(text), refusal(text, NOT_AN_IP)));
  }
});

describe("parseHostName", () => {
  for (const text of ["_sip._udp.example.org", "a", LONGEST, "0a"]) {
    it(`reads ${text.slice(0, 40)}, with a last dot or without`, () => {
      assert.equal(parseHostName(text), text);
      assert.equal(parseHostName(`${text}.`), text);
      assert.match(`${text}.`, new RegExp(HOST_NAME_PATTERN));
    });
  }
  for (const text of ["", ".", "a b", "a:53", "192.0.2.1", "10", "::1", "_sip..org", `${LONGEST}b`]) {
    it(`refuses ${JSON.stringify(text).slice(0, 40)}`, () =>
      assert.throws(() => parseHostName(text), refusal(text, HOST_NAME_EXPECTED)));
  }
});
