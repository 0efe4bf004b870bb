import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { AF_UNIX, SOCK_CLOEXEC, SOCK_DGRAM } from "./constants.js";
import { loadLibc } from "./libc.js";
import { openNotifySocket, writeUnixAddress } from "./notify-socket.js";
import { check, SyscallError } from "./syscall-error.js";

const skip = process.platform === "linux" ? false : "needs Linux";

/** What a bound Unix datagram socket receives of `send`. */
function receiveOf(path: string, send: () => void): string {
  const libc = loadLibc();
  const fd = check(libc.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket");
  try {
    const address = writeUnixAddress(path);
    check(libc.bind(fd, address, address.length), "bind");
    send();
    const bytes = Buffer.alloc(1000);
    return bytes.subarray(0, check(libc.read(fd, bytes, bytes.length), "read")).toString();
  } finally {
    libc.close(fd);
  }
}

test("openNotifySocket: a message reaches a socket in the file system", { skip }, (t) => {
  const folder = mkdtempSync(join(tmpdir(), "sluice-notify-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "notify");
  const socket = openNotifySocket(loadLibc(), path);
  t.after(() => socket.close());
  assert.throws(
    () => socket.send("early"),
    (error) => error instanceof SyscallError && error.errnoName === "ENOENT",
  );
  assert.equal(
    receiveOf(path, () => socket.send("READY=1\nSTATUS=grüße")),
    "READY=1\nSTATUS=grüße",
  );
});

test("openNotifySocket: a message reaches an abstract socket", { skip }, (t) => {
  const name = `@sluice-test-${process.pid}`;
  const socket = openNotifySocket(loadLibc(), name);
  t.after(() => socket.close());
  assert.equal(
    receiveOf(name, () => socket.send("STOPPING=1")),
    "STOPPING=1",
  );
});

test("writeUnixAddress: refuses what no Unix socket can be called", () => {
  for (const path of ["", "@", "relative", "vsock:2:1234", `/${"x".repeat(107)}`]) {
    assert.throws(() => writeUnixAddress(path), RangeError, path);
  }
  assert.equal(writeUnixAddress(`/${"x".repeat(106)}`).length, 110);
});
