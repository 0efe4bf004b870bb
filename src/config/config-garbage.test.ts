/** Texts that are no config, large and of many kinds: refused with a bounded answer, in time that grows as the text does. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ConfigError } from "./config-error.js";
import { loadConfigText } from "./load-config.js";
import { describeSyntaxError } from "./yaml-errors.js";

const MIB = 1024 * 1024;
/** A part of it is enough for the size of an answer. */
const LARGE = MIB / 8;
const fill = (text: string, length: number) => text.repeat(Math.ceil(length / text.length)).slice(0, length);
const series = (length: number, item: (i: number) => string) => {
  const parts: string[] = [];
  for (let i = 0, size = 0; size < length; i++) {
    const part = item(i);
    parts.push(part);
    size += part.length;
  }
  return parts.join("");
};
const HEAD = "listen: 127.0.0.1:1\n";

const KINDS: Readonly<Record<string, (length: number) => string>> = {
  "closing brackets": (length) => fill("}", length),
  "opening brackets": (length) => fill("[", length),
  "commas in a list": (length) => `[${fill(",", length)}`,
  "colons in a list": (length) => `[${fill(": ", length)}`,
  "brackets that do not match": (length) => fill("[a}{b]", length),
  "a flow map without commas": (length) => `{${fill('"a":1 "b":2 ', length)}`,
  quotes: (length) => fill('"', length),
  "a quote that does not end": (length) => `"${fill("a\n", length)}`,
  "bad escapes": (length) => `"${fill("\\q", length)}"`,
  tags: (length) => fill("!x ", length),
  anchors: (length) => fill("&a ", length),
  "anchors and aliases": (length) => series(length, (i) => `- &a${i} x\n- *a${i}\n`),
  "aliases of aliases": (length) =>
    `a0: &a0 [x,x]\n${series(length, (i) => `a${i + 1}: &a${i + 1} [*a${i},*a${i}]\n`)}`,
  "aliases of nothing": (length) => `[${fill("*a,", length)}]`,
  "two keys in a line": (length) => fill("a: b: c\n", length),
  "the same with CRLF": (length) => fill("a: b: c\r\n", length),
  "question marks": (length) => fill("?\n", length),
  "one key many times": (length) => fill("k: 1\n", length),
  "many keys": (length) => series(length, (i) => `k${i}: 1\n`),
  "many unknown keys": (length) => HEAD + series(length, (i) => `k${i}: 1\n`),
  "a key without end": (length) => `${HEAD}${fill("x", length)}: 1\n`,
  "many backends with an unknown key": (length) =>
    `${HEAD}backends:\n${fill("- {x: 1}\n", Math.min(length, 36_000))}`,
  "backends that are the same": (length) =>
    `${HEAD}backends: [${fill("127.0.0.1:2,", Math.min(length, 48_000))}]`,
  "networks that are none": (length) =>
    `${HEAD}backends: [127.0.0.1:2]\nguard:\n  deny: [${fill("x,", length)}]`,
  tabs: (length) => fill("a:\n\t- b\n", length),
  documents: (length) => fill("---\n", length),
  directives: (length) => fill("%YAML 9\n", length),
  "block scalars": (length) => fill("a: |9\n x\n", length),
  "one word": (length) => fill("x", length),
  "replacement characters": (length) => fill("\ufffd: \ufffd: ", length),
  NUL: (length) => fill("\0", length),
  comments: (length) => `a: [${fill("#x\n", length)}`,
  "indentation to and fro": (length) => fill("  a: 1\n b: 2\n", length),
};

function refuse(text: string): ConfigError {
  try {
    loadConfigText(text, "f");
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    return error;
  }
  throw new assert.AssertionError({ message: "accepted" });
}

describe("garbage is refused with at most 20 problems, in a few kilobytes", () => {
  for (const [kind, make] of Object.entries(KINDS)) {
    it(kind, () => {
      const error = refuse(make(LARGE));
      assert.ok(error.problems.length <= 20, String(error.problems.length));
      const lines = error.message.split("\n").length;
      assert.equal(lines, error.problems.length + (error.more > 0 ? 1 : 0));
      for (const text of [error.message, JSON.stringify(error.problems)]) {
        assert.ok(text.length < 20 * 1024, `${text.length} characters: ${text.slice(0, 500)}`);
      }
    });
  }
});

/** Processor time, the least of a few tries: what others do on the machine is not in it. */
function costMs(text: string): number {
  const tries = Array.from({ length: 3 }, () => {
    const before = process.cpuUsage();
    refuse(text);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000;
  });
  return Math.max(1, Math.min(...tries));
}

/** Those that took minutes, each for a reason of its own. */
const SLOW_ONCE = [
  "closing brackets",
  "commas in a list",
  "bad escapes",
  "anchors and aliases",
  "many unknown keys",
];

describe("sixteen times the garbage costs far less than sixteen times sixteen times as much", () => {
  const SMALL = 16 * 1024;
  for (const kind of SLOW_ONCE) {
    it(kind, () => {
      const make = KINDS[kind]!;
      costMs(make(16 * SMALL));
      const ratio = costMs(make(16 * SMALL)) / costMs(make(SMALL));
      assert.ok(ratio < 96, `${ratio} times the processor time`);
    });
  }
});

describe("describeSyntaxError", () => {
  it("looks at a bounded part of the text, wherever the error is", () => {
    let read = 0;
    const text = new Proxy(new String(`a: ${fill("[", MIB)}`), {
      get(target, name) {
        const value = Reflect.get(target, name);
        if (typeof value !== "function") return value;
        return (...given: unknown[]) => {
          const result: unknown = value.apply(target.valueOf(), given);
          read += typeof result === "string" ? result.length : target.length;
          return result;
        };
      },
    }) as unknown as string;
    for (let at = 0; at < MIB; at += 1024) {
      describeSyntaxError({ code: "UNEXPECTED_TOKEN", message: "Unexpected", pos: [at, at + 1] }, text);
    }
    assert.ok(read <= 1024 * 200, `${read} characters for 1024 errors`);
  });
  it("says as much of what the parser quotes as anyone reads", () => {
    const pair: [number, number] = [0, 1];
    const error = { code: "UNEXPECTED_TOKEN" as const, message: fill("x", MIB), pos: pair };
    assert.ok(describeSyntaxError(error, "x").length < 400);
  });
});
