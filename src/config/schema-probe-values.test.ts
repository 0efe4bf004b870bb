import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { z } from "zod";
import { formatIp } from "../core/address.js";
import { formatPath } from "./key-path.js";
import { toFindings } from "./schema-findings.js";
import {
  bytesToSend,
  command,
  ipAddress,
  replyExpectation,
  secret,
  statusList,
  textLike,
} from "./schema-probe-values.js";

function problemsOf(schema: z.ZodType, value: unknown): string[] {
  const { error } = schema.safeParse(value, { reportInput: true });
  return toFindings(error?.issues ?? [], 10).map(({ path, message }) => `${formatPath(path)}: ${message}`);
}

describe("textLike", () => {
  const schema = textLike("three letters", "^[a-z]{3}$", 5);
  it("takes what the pattern says", () => assert.equal(schema.parse("abc"), "abc"));
  it("says of anything else what it found", () => {
    assert.deepEqual(problemsOf(schema, "ab\n"), [': found "ab\\n", expected three letters']);
    assert.deepEqual(problemsOf(schema, undefined), [": missing, expected three letters"]);
    assert.deepEqual(problemsOf(schema, ["abc"]), [": found a list, expected three letters"]);
  });
  it("has a longest length", () => {
    assert.equal(problemsOf(schema, "abcdef")[0], ": expected at most 5 characters");
  });
});

describe("ipAddress", () => {
  it("reads both families, with a zone where there is one", () => {
    for (const text of ["192.0.2.1", "2001:db8::1", "fe80::1%eth0"]) {
      assert.equal(formatIp(ipAddress().parse(text)), text);
    }
  });
  for (const text of ["0.0.0.0", "::", "0:0::0"]) {
    it(`refuses the wildcard ${text}`, () =>
      assert.deepEqual(problemsOf(ipAddress(), text), [
        `: found "${text}", expected the address of one server: a wildcard cannot be sent to`,
      ]));
  }
  it("refuses a port, a name and a number", () => {
    for (const value of ["192.0.2.1:53", ""]) {
      assert.deepEqual(problemsOf(ipAddress(), value), [
        `: cannot read the IP address "${value}": expected an IPv4 address such as 192.0.2.1 or an IPv6 address such as 2001:db8::1`,
      ]);
    }
    assert.deepEqual(problemsOf(ipAddress(), "localhost"), [
      ': cannot read the IP address "localhost": expected an IP address, not a host name',
    ]);
    assert.deepEqual(problemsOf(ipAddress(), 5), [
      ": found 5, expected an IP address such as 192.0.2.1 or 2001:db8::1",
    ]);
  });
});

describe("bytesToSend", () => {
  it("is hex digits in lower case, whatever the form", () => {
    assert.equal(bytesToSend().parse("a\0é"), "6100c3a9");
    assert.equal(bytesToSend().parse({ hex: "00FFaB" }), "00ffab");
    assert.equal(bytesToSend().parse({ base64: "AP+r" }), "00ffab");
    assert.equal(bytesToSend().parse({ base64: "" }), "");
  });

  it("takes as much as fits in a datagram, counted in bytes, and no more", () => {
    const tooMuch = [": expected at most 65507 bytes"];
    assert.equal(bytesToSend().parse("x".repeat(65_507)).length, 2 * 65_507);
    assert.deepEqual(problemsOf(bytesToSend(), "x".repeat(65_508)), tooMuch);
    assert.deepEqual(problemsOf(bytesToSend(), "é".repeat(32_754)), tooMuch);
    assert.equal(bytesToSend().parse({ hex: "00".repeat(65_507) }).length, 2 * 65_507);
    assert.deepEqual(problemsOf(bytesToSend(), { hex: "00".repeat(65_508) }), [
      "hex: expected at most 131014 characters",
    ]);
    assert.deepEqual(problemsOf(bytesToSend(), { base64: "AAAA".repeat(21_836) }), tooMuch);
  });

  const cases: [string, unknown, string][] = [
    ["a number", 5, ": found 5, expected text, { hex: … } or { base64: … }"],
    ["a list", ["a"], ": found a list, expected text, { hex: … } or { base64: … }"],
    ["no form", {}, ": found none of them, expected exactly one of hex or base64"],
    ["two forms", { hex: "", base64: "" }, ": found 2 of them, expected exactly one of hex or base64"],
    ["letters that are no hex", { hex: "0g" }, 'hex: found "0g", expected hex digits, two for each byte'],
    ["hex with a prefix", { hex: "0x00" }, 'hex: found "0x00", expected hex digits, two for each byte'],
    ["base64 without its end", { base64: "YQ" }, 'base64: found "YQ", expected base64'],
    ["the base64 of URLs", { base64: "AP-r" }, 'base64: found "AP-r", expected base64'],
  ];
  for (const [what, value, expected] of cases) {
    it(`refuses ${what}`, () => assert.ok(problemsOf(bytesToSend(), value).includes(expected)));
  }
});

describe("replyExpectation", () => {
  it("tells its forms apart", () => {
    const expected: [unknown, unknown][] = [
      ["none", { kind: "none" }],
      ["any", { kind: "any" }],
      [{ text: "OK" }, { kind: "bytes", hex: "4f4b" }],
      [{ text: "" }, { kind: "bytes", hex: "" }],
      [{ hex: "FF" }, { kind: "bytes", hex: "ff" }],
      [{ base64: "/w==" }, { kind: "bytes", hex: "ff" }],
      [{ regex: "^a.b\\u{1f600}" }, { kind: "regex", pattern: "^a.b\\u{1f600}" }],
    ];
    for (const [value, config] of expected) assert.deepEqual(replyExpectation().parse(value), config);
  });

  const any = "none, any, { text: … }, { hex: … }, { base64: … } or { regex: … }";
  it("does not take text alone, which could be a mistyped word", () => {
    assert.deepEqual(problemsOf(replyExpectation(), "OK"), [`: found "OK", expected ${any}`]);
    assert.deepEqual(problemsOf(replyExpectation(), 5), [`: found 5, expected ${any}`]);
  });

  it("refuses patterns that are none with the flags s and u", () => {
    for (const regex of ["(", "[b-a]", "\\-", "a{2,1}"]) {
      assert.deepEqual(problemsOf(replyExpectation(), { regex }), [
        `regex: found ${JSON.stringify(regex)}, expected a regular expression`,
      ]);
    }
  });

  it("counts the forms that are there", () => {
    assert.deepEqual(problemsOf(replyExpectation(), { text: "a", hex: "00", regex: "a" }), [
      ": found 3 of them, expected exactly one of text, hex, base64 or regex",
    ]);
  });
});

describe("statusList", () => {
  const schema = statusList(200, 599);
  it("is text, from numbers and ranges", () => {
    assert.deepEqual(schema.parse([200, "204", "300-399", "599-599"]), ["200", "204", "300-399", "599-599"]);
  });

  it("says of each bad item where it is", () => {
    const bad = [199, 600, "abc", 1e21, -5, 200.5, null, "200-", "200-600", "300-299", " 200", "2e2"];
    const shown = ['"199"', '"600"', '"abc"', "1e+21", '"-5"', "200.5", "nothing", '"200-"', '"200-600"'];
    shown.push('"300-299"', '" 200"', '"2e2"');
    assert.deepEqual(
      problemsOf(schema, [200, ...bad]),
      shown.map(
        (found, i) =>
          `[${i + 1}]: found ${found}, expected a status from 200 to 599 or a range such as "200-299"`,
      ),
    );
  });

  it("has 1 to 100 items", () => {
    assert.deepEqual(problemsOf(schema, []), [": found an empty list, expected at least one status"]);
    assert.equal(schema.parse(Array(100).fill(200)).length, 100);
    assert.deepEqual(problemsOf(schema, Array(101).fill(200)), [": expected at most 100 statuses"]);
  });
});

describe("secret", () => {
  it("is text, or the file that it is in", () => {
    assert.deepEqual(secret().parse("s"), { text: "s" });
    assert.deepEqual(secret().parse({ file: "/run/secret" }), { file: "/run/secret" });
  });

  const cases: [unknown, string[]][] = [
    ["", [": found an empty secret, expected text"]],
    [{ file: "" }, ['file: found "", expected the path of a file']],
    [{ file: 5 }, ["file: found 5, expected the path of a file"]],
    [undefined, [": expected text or { file: … }"]],
    ["hunter2".repeat(300), [": expected at most 2000 characters"]],
    [["hunter2"], [": expected text or { file: … }"]],
    [271828, [": expected text or { file: … }"]],
    [{ text: "hunter2" }, ["file: missing, expected the path of a file"]],
  ];
  for (const [value, expected] of cases) {
    it(`does not show itself in a problem of ${JSON.stringify(value)?.slice(0, 20)}`, () => {
      const found = problemsOf(secret(), value);
      for (const problem of expected) assert.ok(found.includes(problem), found.join("\n"));
      assert.doesNotMatch(found.join(), /hunter2|271828/);
    });
  }
});

describe("command", () => {
  it("keeps arguments as they are, also empty ones", () => {
    assert.deepEqual(command().parse(["/bin/a b", "", "$x"]), ["/bin/a b", "", "$x"]);
  });
  it("needs a program", () => {
    assert.deepEqual(problemsOf(command(), []), [": found an empty list, expected a program"]);
    assert.deepEqual(problemsOf(command(), ["", "a"]), ["[0]: found an empty text, expected a program"]);
    assert.deepEqual(problemsOf(command(), "ls"), [
      ': found "ls", expected a list: the program, and its arguments',
    ]);
  });
  it("refuses NUL, numbers, and more than 100", () => {
    assert.deepEqual(problemsOf(command(), ["a", "b\0c", 5]), [
      '[1]: found "b\\u0000c", expected text without NUL',
      "[2]: found 5, expected text without NUL",
    ]);
    assert.deepEqual(problemsOf(command(), Array(101).fill("a")), [": expected at most 100 arguments"]);
  });
});
