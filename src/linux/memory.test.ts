import assert from "node:assert/strict";
import { test } from "node:test";
import { loadLibc } from "./libc.js";
import { openArena, writePointer } from "./memory.js";

const skip = process.platform === "linux" ? false : "needs Linux";

test("openArena: all views lie on the same zeroed memory", { skip }, () => {
  const arena = openArena(loadLibc(), 5000);
  assert.equal(arena.bytes, 8192);
  assert.equal(arena.address % 4096, 0);
  assert.ok(arena.u8.every((byte) => byte === 0));
  arena.u8[0] = 1;
  arena.u8[7] = 0x80;
  assert.equal(arena.u32[0], 1);
  assert.equal(arena.i32[1], -0x8000_0000);
  assert.equal(arena.u64[0], 0x8000_0000_0000_0001n);
  assert.equal(arena.u16[3], 0x8000);
  assert.equal(arena.f64.length, 1024);
  arena.close();
});

test("openArena: addresses are small integers to V8, and what does not fit there lies elsewhere", {
  skip,
}, () => {
  const libc = loadLibc();
  const low = Array.from({ length: 3 }, () => openArena(libc, 3 << 20));
  for (const { address, bytes } of low) assert.ok(address + bytes < 2 ** 31, `${address}`);
  const large = openArena(libc, 2 ** 31);
  assert.ok(large.address > 2 ** 31, `${large.address}`);
  large.u8[2 ** 31 - 1] = 1;
  for (const arena of [...low, large]) arena.close();
});

test("openArena: the kernel writes where the views read", { skip }, () => {
  const libc = loadLibc();
  const arena = openArena(libc, 4096);
  const fd = libc.eventfd(7, 0);
  assert.equal(libc.read(fd, arena.address + 16, 8), 8);
  assert.equal(arena.u64[2], 7n);
  libc.close(fd);
  arena.close();
});

test("openArena: several at once do not share memory, and one outlives another", { skip }, () => {
  const libc = loadLibc();
  const arenas = Array.from({ length: 8 }, () => openArena(libc, 1 << 20));
  for (const [i, arena] of arenas.entries()) arena.u8.fill(i + 1);
  for (const arena of arenas.slice(0, 4)) arena.close();
  for (const [i, arena] of arenas.slice(4).entries()) {
    assert.equal(arena.u8[0], i + 5);
    assert.equal(arena.u8[arena.bytes - 1], i + 5);
    arena.close();
  }
});

test("Arena.allocate: aligns, moves on and refuses what does not fit", { skip }, () => {
  const arena = openArena(loadLibc(), 4096);
  assert.equal(arena.allocate(10), 0);
  assert.equal(arena.allocate(10), 64);
  assert.equal(arena.allocate(2, 2), 74);
  assert.throws(() => arena.allocate(4096), RangeError);
  assert.equal(arena.allocate(4096 - 128), 128);
  assert.throws(() => arena.allocate(1), /arena of 4096 bytes is full/);
  arena.close();
});

test("Arena.close: is idempotent and leaves empty views", { skip }, () => {
  const arena = openArena(loadLibc(), 4096);
  arena.close();
  arena.close();
  assert.equal(arena.u8.length, 0);
  assert.equal(arena.u8[0], undefined);
});

test("writePointer: splits addresses beyond 32 bits", () => {
  const u64 = new BigUint64Array(1);
  for (const address of [0, 1, 0xffff_ffff, 0x1_0000_0000, 0x7fff_dead_beef_f000]) {
    const safe = Math.min(address, Number.MAX_SAFE_INTEGER);
    writePointer(new Uint32Array(u64.buffer), 0, safe);
    assert.equal(u64[0], BigInt(safe));
  }
});
