/** What a connection may cost: slow, huge and broken requests, too many, and Unix sockets that were left behind. */
import assert from "node:assert/strict";
import { existsSync, statSync, writeFileSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { text as readAll } from "node:stream/consumers";
import { type TestContext, test } from "node:test";
import { ListenError } from "../core/errors.js";
import { createFolder, openRig } from "./admin-rig.testing.js";

/** Sends bytes and gives everything that comes until the other end closes. */
async function talk(t: TestContext, port: number, bytes: string): Promise<string> {
  const socket = openSocket(t, port);
  socket.write(bytes);
  return readAll(socket);
}

function openSocket(t: TestContext, port: number): Socket {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => {});
  t.after(() => socket.destroy());
  return socket;
}

const HEAD = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n";

test("a request that does not arrive whole in time is refused: no head, half a head, half a body", async (t) => {
  const { port, ask } = await openRig(t, {}, { arrivalMs: 300 });
  const patch =
    "PATCH /api/v1/backends/web/a HTTP/1.1\r\nHost: localhost\r\ncontent-type: application/json\r\n";
  const started = performance.now();
  const answers = await Promise.all([
    talk(t, port, ""),
    talk(t, port, HEAD),
    talk(t, port, `${patch}content-length: 100\r\n\r\n{"weight"`),
  ]);
  for (const answer of answers) assert.match(answer, /^HTTP\/1.1 408 /);
  assert.ok(performance.now() - started >= 300);
  const { text } = await ask("/metrics");
  assert.match(text, /sluice_admin_requests_total\{method="-",status="408"\} 3/);
});

test("headers beyond 16 KiB, and what is no HTTP, are refused", async (t) => {
  const { port, ask } = await openRig(t);
  assert.match(await talk(t, port, `${HEAD}x: ${"y".repeat(20_000)}\r\n\r\n`), /^HTTP\/1.1 431 /);
  for (const garbage of [
    "\x16\x03\x01\x02\x00\x01\x00",
    "GARBAGE\r\n\r\n",
    "GET / HTTP/1.1\r\n\r\n",
    "\0".repeat(100),
  ]) {
    assert.match(await talk(t, port, garbage), /^HTTP\/1.1 400 /, JSON.stringify(garbage));
  }
  assert.equal((await ask("/healthz")).status, 200);
});

test("64 silent connections keep nobody out: the one that was silent for longest makes room", async (t) => {
  const { port, ask } = await openRig(t);
  const held = Array.from({ length: 64 }, () => openSocket(t, port));
  await Promise.all(held.map((socket) => new Promise((resolve) => socket.once("connect", resolve))));
  const ended = held.map((socket) => new Promise<void>((resolve) => socket.once("close", () => resolve())));
  for (const socket of held) socket.resume().on("error", () => {});
  for (let i = 0; i < 10; i++) assert.equal((await ask("/healthz")).status, 200);
  await Promise.any(ended);
});

test("a Unix socket: mode 0660, and gone after close", async (t) => {
  const { socketPath, side } = await openRig(t);
  assert.equal(statSync(socketPath).mode & 0o777, 0o660);
  await side.close();
  assert.ok(!existsSync(socketPath));
});

test("a Unix socket where nobody answers is replaced", async (t) => {
  const path = join(createFolder(t), "admin.sock");
  await leaveSocketBehind(path);
  const { side } = await openRig(t, { listen: ["127.0.0.1:0", `unix:${path}`] });
  assert.ok(side.addresses.includes(`unix:${path}`));
});

test("a Unix socket where somebody answers, a file, a missing folder: errors, and nothing is touched", async (t) => {
  const folder = createFolder(t);
  const path = join(folder, "admin.sock");
  const other = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => other.listen(path, resolve));
  t.after(() => other.close());
  const file = join(folder, "file");
  writeFileSync(file, "precious");
  const { change, ask } = await openRig(t);
  for (const wrong of [path, file, join(folder, "none", "admin.sock")]) {
    await assert.rejects(change({ listen: ["127.0.0.1:0", `unix:${wrong}`] }), (error) => {
      assert.ok(error instanceof ListenError);
      assert.match(error.message, new RegExp(`unix:${wrong}`));
      return true;
    });
  }
  assert.equal(statSync(file).size, 8);
  assert.ok(other.listening && existsSync(path));
  assert.equal((await ask("/healthz")).status, 200);
});

/** A socket file without a server: as after a crash, when nobody unlinks it. */
async function leaveSocketBehind(path: string): Promise<void> {
  const { spawnSync } = await import("node:child_process");
  const program = `require("net").createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, "SIGKILL"))`;
  spawnSync(process.execPath, ["-e", program]);
  assert.ok(statSync(path).isSocket());
}
