import assert from "node:assert/strict";
import { test } from "node:test";
import { createLogger } from "./logger.js";
import { printable, printableJson, printableLines } from "./printable.js";

test("printable: control characters are shown, not obeyed; other text stays", () => {
  assert.equal(printable("PING é 1\u001b[2J\r\n\u0000\u009b"), "PING é 1\\x1b[2J\\x0d\\x0a\\x00\\x9b");
});

/** All control characters but the line break. */
const OBEYED = /(?!\n)[\p{Cc}\u202e\u2066]/u;
const EVIL = "a\u009b31m\u202eb\u0007\u2066";

test("printableLines keeps line breaks, printableJson what the JSON means", () => {
  assert.equal(printableLines(`a\n${EVIL}`), "a\na\\x9b31m\\u{202e}b\\x07\\u{2066}");
  const json = printableJson(JSON.stringify({ name: EVIL }, undefined, 2));
  assert.doesNotMatch(json, OBEYED);
  assert.deepEqual(JSON.parse(json), { name: EVIL });
});

test("createLogger: neither format lets a terminal obey what is in messages and fields", () => {
  for (const format of ["pretty", "json"] as const) {
    const lines: string[] = [];
    const output = { write: (line: string) => void lines.push(line) };
    const log = createLogger({ level: "info", format, colorize: false, output });
    log.warn({ backend: EVIL, list: [EVIL], [EVIL]: 1, stack: `${EVIL}\n at x` }, `found ${EVIL}`);
    assert.doesNotMatch(lines.join(""), OBEYED, format);
    assert.match(lines.join(""), /found a/);
  }
});
