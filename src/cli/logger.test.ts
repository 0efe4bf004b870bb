import assert from "node:assert/strict";
import { test } from "node:test";
import type { LogFormat, LogLevel } from "./log-choices.js";
import { createLogger } from "./logger.js";

/** A logger and what it has written. */
function makeLogger(format: LogFormat, level: LogLevel = "info") {
  const lines: string[] = [];
  const output = { write: (line: string) => void lines.push(line) };
  return { lines, log: createLogger({ level, format, colorize: false, output }) };
}

test("createLogger: json is one object a line with the level by name", () => {
  const { lines, log } = makeLogger("json");
  log.info({ listeners: [{ name: "a", address: "127.0.0.1:53" }] }, "ready");
  const { time, ...rest } = JSON.parse(lines[0]!);
  assert.deepEqual(rest, {
    level: "info",
    listeners: [{ name: "a", address: "127.0.0.1:53" }],
    msg: "ready",
  });
  assert.equal(new Date(time).toISOString(), time);
});

test("createLogger: pretty writes the fields behind the message, on the spot", () => {
  const { lines, log } = makeLogger("pretty");
  log.warn(
    { requests: 3, drops: { no_backend: 2 }, notes: ["a b", "c"], file: "x y.yaml", problem: {} },
    "traffic",
  );
  assert.match(
    lines[0]!,
    /^\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}\] WARN: traffic requests=3 drops=\{no_backend: 2\} notes=\["a b", c\] file="x y\.yaml"\n$/,
  );
});

test("createLogger: a stack is shown below the message", () => {
  const { lines, log } = makeLogger("pretty", "debug");
  log.error({ stack: "Error: x\n    at y" }, "failed");
  assert.match(lines[0]!, /ERROR: failed\nError: x\n {4}at y\n$/);
});

test("createLogger: nothing below the level, nothing at all when silent", () => {
  const { lines, log } = makeLogger("json", "warn");
  log.info("no");
  log.warn("yes");
  makeLogger("json", "silent").log.error("no");
  assert.equal(lines.length, 1);
});
