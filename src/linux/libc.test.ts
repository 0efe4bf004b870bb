import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { AF_INET, MSG_DONTWAIT, SOCK_DGRAM } from "./constants.js";
import { EAGAIN, EBADF, errnoName, errnoNumber } from "./errno.js";
import { loadLibc } from "./libc.js";
import { openArena } from "./memory.js";
import { check, SyscallError } from "./syscall-error.js";

const skip = process.platform === "linux" ? false : "needs Linux";

test("loadLibc: says why on other systems", { skip: skip ? false : "this is Linux" }, () => {
  assert.throws(loadLibc, { code: "NOT_SUPPORTED", message: /needs Linux/ });
});

test("loadLibc: refuses a processor whose structures it does not know", { skip }, (t) => {
  const arch = Object.getOwnPropertyDescriptor(process, "arch")!;
  t.after(() => Object.defineProperty(process, "arch", arch));
  Object.defineProperty(process, "arch", { ...arch, value: "riscv64" });
  assert.throws(loadLibc, { code: "NOT_SUPPORTED", message: /riscv64/ });
});

test("Libc: a failed call answers its own errno, also under garbage collection", { skip }, () => {
  const libc = loadLibc();
  const arena = openArena(libc, 4096);
  const fd = libc.socket(AF_INET, SOCK_DGRAM, 0);
  let garbage: unknown[] = [];
  for (let i = 0; i < 100_000; i++) {
    garbage.push({ i });
    if (garbage.length > 10_000) garbage = [];
    assert.equal(libc.recv(fd, arena.address, 100, MSG_DONTWAIT), -EAGAIN);
    if (i % 100 === 0) assert.equal(libc.recv(-1, arena.address, 100, MSG_DONTWAIT), -EBADF);
  }
  libc.close(fd);
  arena.close();
});

test("Libc: works in worker threads, each with its own errno", { skip }, async () => {
  const source = `
    const { parentPort, workerData } = require("node:worker_threads");
    import(workerData.libc).then(({ loadLibc }) => {
      const libc = loadLibc();
      const results = new Set();
      for (let i = 0; i < 20000; i++) results.add(libc.close(-1));
      parentPort.postMessage([...results]);
    });`;
  const libc = loadLibc();
  const worker = new Worker(source, {
    eval: true,
    workerData: { libc: new URL("./libc.js", import.meta.url).href },
  });
  const answer = once(worker, "message");
  const arena = openArena(libc, 4096);
  const fd = libc.socket(AF_INET, SOCK_DGRAM, 0);
  for (let i = 0; i < 20_000; i++) assert.equal(libc.recv(fd, arena.address, 1, MSG_DONTWAIT), -EAGAIN);
  assert.deepEqual(await answer, [[-EBADF]]);
  libc.close(fd);
  arena.close();
  await once(worker, "exit");
});

test("errnoName, errnoNumber: name both ways", () => {
  assert.equal(errnoName(11), "EAGAIN");
  assert.equal(errnoName(-111), "ECONNREFUSED");
  assert.equal(errnoName(-105), "ENOBUFS");
  assert.equal(errnoName(4000), "E4000");
  assert.equal(errnoNumber("ENOBUFS"), 105);
  assert.equal(errnoNumber("ENONSENSE"), undefined);
});

test("check: throws what failed, why, and on what", () => {
  assert.equal(check(3, "socket"), 3);
  assert.throws(
    () => check(-98, "bind", "127.0.0.1:53"),
    (error) => {
      assert.ok(error instanceof SyscallError);
      assert.equal(error.message, "bind of 127.0.0.1:53 failed: EADDRINUSE (address already in use)");
      assert.deepEqual(
        [error.code, error.call, error.errno, error.errnoName],
        ["EADDRINUSE", "bind", 98, "EADDRINUSE"],
      );
      return true;
    },
  );
});
