import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { type TestContext, test } from "node:test";
import { createBenchCommand } from "./bench.js";

const skip = process.platform === "linux" ? false : "needs Linux";

/** Runs the command in this process; answers what it printed, and restores the exit code that it set. */
async function runCommand(t: TestContext, args: readonly string[]) {
  const log = t.mock.method(console, "log", () => {});
  t.mock.method(console, "error", () => {});
  const command = createBenchCommand()
    .exitOverride()
    .configureOutput({ writeErr: () => {} });
  try {
    await command.parseAsync(args, { from: "user" });
    return {
      output: log.mock.calls.map((call) => call.arguments.join(" ")).join("\n"),
      exitCode: process.exitCode,
    };
  } finally {
    process.exitCode = 0;
  }
}

async function freePort(): Promise<number> {
  const socket = createSocket("udp4").bind(0, "127.0.0.1");
  await once(socket, "listening");
  const { port } = socket.address();
  socket.close();
  await once(socket, "close");
  return port;
}

test("bench: measures its own echo servers and prints JSON", { skip }, async (t) => {
  const address = `127.0.0.1:${await freePort()}`;
  const flags = ["--echo", address, "--duration", "0.2s", "--warmup", "0ms", "--json"];
  const { output, exitCode } = await runCommand(t, [address, ...flags]);
  const result = JSON.parse(output);
  assert.deepEqual(
    [result.plan.target, result.plan.durationMs, result.lost, result.crossed],
    [address, 200, 0, 0],
  );
  assert.ok(result.answered > 0 && result.answered === result.sent);
  assert.ok(!exitCode);
});

test("bench: prints a report, and exits with 1 when nothing answers", { skip }, async (t) => {
  const address = `127.0.0.1:${await freePort()}`;
  const { output, exitCode } = await runCommand(t, [address, "--duration", "100ms", "--warmup", "0ms"]);
  assert.match(output, new RegExp(`^${address}: 8 clients, 256 in flight, 64 bytes`));
  assert.match(output, /reply time {5}no reply/);
  assert.equal(exitCode, 1);
});

test("bench: says what is wrong with a flag, and wants something to do", async (t) => {
  for (const [args, message] of [
    [["127.0.0.1:1", "--size", "23"], /'--size <bytes>'.*whole number from 24 to 65507/],
    [["127.0.0.1:1", "--duration", "10"], /found "10" without a unit, expected a duration such as 500ms/],
    [["127.0.0.1"], /expected a port too/],
    [[], /give a TARGET, or --echo/],
  ] as const) {
    await assert.rejects(runCommand(t, args), message);
  }
});
