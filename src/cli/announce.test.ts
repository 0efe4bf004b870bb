/** What `sluice run` logs of what operators do. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeBalancer } from "../admin/fake-balancer.testing.js";
import { SluiceError } from "../core/errors.js";
import { logEvents } from "./announce.js";
import { createLogger } from "./logger.js";

function openLog() {
  const lines: Record<string, unknown>[] = [];
  const output = { write: (line: string) => void lines.push(JSON.parse(line)) };
  const balancer = new FakeBalancer();
  logEvents(createLogger({ level: "info", format: "json", colorize: false, output }), balancer);
  return { balancer, lines };
}

test("every change through the API is one line: who, from where, what", () => {
  const { balancer, lines } = openLog();
  const reload = {
    action: "reload",
    target: "",
    by: "local",
    from: "127.0.0.1",
    detail: "version 2: pools added b",
  } as const;
  balancer.emit("operator", reload);
  balancer.emit("operator", { action: "drain", target: "web/a", by: "socket", from: undefined, detail: "" });
  balancer.emit("operator", { ...reload, by: "program", from: undefined });
  assert.deepEqual(
    lines.map(({ level, time, ...rest }) => [level, rest]),
    [
      [
        "info",
        { action: "reload", by: "local", from: "127.0.0.1", detail: reload.detail, msg: "operator action" },
      ],
      ["info", { action: "drain", target: "web/a", by: "socket", msg: "operator action" }],
    ],
  );
});

test("a config that takes what its sender may not have is told, once in ten seconds", () => {
  const { balancer, lines } = openLog();
  for (let i = 0; i < 100; i++)
    balancer.emit("reloadFailed", new SluiceError("TOKEN_NEEDED", "it changes admin"));
  balancer.emit("reloadFailed", new SluiceError("CONFIG_INVALID", "whoever asked is told"));
  assert.deepEqual(
    lines.map(({ level, code, msg }) => [level, code, msg]),
    [["warn", "TOKEN_NEEDED", "a config from a caller without a token was refused: it changes admin"]],
  );
});
