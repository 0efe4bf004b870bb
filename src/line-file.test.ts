import assert from "node:assert/strict";
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough, Writable } from "node:stream";
import { after, describe, it } from "node:test";
import { LineFile } from "./line-file.js";
import { LineStream } from "./line-sink.js";

const folder = mkdtempSync(join(tmpdir(), "sluice-line-file-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const figures = ({ lines, dropped, waiting }: LineFile | LineStream) => [lines, dropped, waiting];

async function settled(sink: LineFile | LineStream): Promise<void> {
  for (let i = 0; sink.waiting > 0; i++) {
    assert.ok(i < 1000, "still waiting");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

describe("LineFile", () => {
  it("appends lines, and is not open any more when it is closed", async () => {
    const path = join(folder, "a");
    for (const round of [1, 2]) {
      const file = new LineFile(path, assert.fail);
      file.write([`${round}a\n`, `${round}b\n`]);
      file.write([`${round}c\n`]);
      file.close();
      await file.closed;
      assert.deepEqual(figures(file), [3, 0, 0]);
    }
    assert.equal(readFileSync(path, "utf8"), "1a\n1b\n1c\n2a\n2b\n2c\n");
    assert.equal(statSync(path).mode & 0o777 & ~0o640, 0);
  });

  it("goes on in a new file after a reopen, with nothing lost in between", async () => {
    const path = join(folder, "rotated");
    const file = new LineFile(path, assert.fail);
    file.write(["before\n"]);
    await settled(file);
    renameSync(path, `${path}.1`);
    file.write(["between\n"]);
    file.reopen();
    file.write(["after\n"]);
    file.close();
    await file.closed;
    assert.equal(readFileSync(`${path}.1`, "utf8") + readFileSync(path, "utf8"), "before\nbetween\nafter\n");
    assert.ok(readFileSync(`${path}.1`, "utf8").startsWith("before\n"));
    assert.match(readFileSync(path, "utf8"), /after\n$/);
    assert.deepEqual(figures(file), [3, 0, 0]);
  });

  it("goes on in the file that was open while the new one cannot be opened", async () => {
    const place = join(folder, "place");
    mkdirSync(place);
    const kept: (boolean | undefined)[] = [];
    const file = new LineFile(join(place, "a"), (_reason, isKept) => kept.push(isKept));
    file.write(["before\n"]);
    await settled(file);
    renameSync(place, `${place}.1`);
    file.reopen();
    file.write(["between\n"]);
    await settled(file);
    assert.deepEqual([figures(file), [...new Set(kept)]], [[2, 0, 0], [true]]);
    mkdirSync(place);
    file.reopen();
    file.write(["after\n"]);
    file.close();
    await file.closed;
    assert.equal(readFileSync(join(`${place}.1`, "a"), "utf8"), "before\nbetween\n");
    assert.equal(readFileSync(join(place, "a"), "utf8"), "after\n");
  });

  it("gives a file that it has made to another user, and no other file", {
    skip: process.getuid?.() !== 0 && "needs to be root",
  }, async () => {
    const owners: number[] = [];
    writeFileSync(join(folder, "old"), "");
    symlinkSync(join(folder, "old"), join(folder, "link"));
    for (const name of ["made", "old", "link"]) {
      const file = new LineFile(join(folder, name), assert.fail);
      await file.giveTo(65534, 65534);
      file.close();
      await file.closed;
      owners.push(statSync(join(folder, name)).uid);
    }
    assert.deepEqual(owners, [65534, 0, 0]);
  });

  it("counts what a full disk does not take, and says so", async () => {
    const reasons: string[] = [];
    const file = new LineFile("/dev/full", (reason) => reasons.push(reason));
    file.write(["a\n", "b\n"]);
    await settled(file);
    assert.deepEqual(figures(file), [0, 2, 0]);
    assert.match(reasons[0], /ENOSPC/);
    file.close();
    await file.closed;
  });

  it("counts what cannot be written because the file cannot be opened", async () => {
    const reasons: string[] = [];
    const file = new LineFile(join(folder, "no", "such", "folder"), (reason) => reasons.push(reason));
    file.write(["a\n"]);
    await settled(file);
    assert.deepEqual(figures(file), [0, 1, 0]);
    assert.match(reasons[0], /ENOENT/);
    file.close();
    await file.closed;
  });

  it("lets no more than 8 MiB wait", async () => {
    const reasons: string[] = [];
    const file = new LineFile(join(folder, "big"), (reason) => reasons.push(reason));
    const line = `${"x".repeat(2 ** 20 - 1)}\n`;
    for (let i = 0; i < 12; i++) file.write([line]);
    const { waiting, dropped } = file;
    assert.ok(waiting >= 8 && waiting <= 9 && dropped === 12 - waiting, `${waiting} ${dropped}`);
    assert.match(reasons[0], /8 MiB/);
    file.close();
    await file.closed;
    assert.equal(file.lines, waiting);
  });
});

describe("LineStream", () => {
  it("writes lines, and leaves the stream open", async () => {
    const stream = new PassThrough();
    const sink = new LineStream(stream, assert.fail);
    sink.write(["a\n", "b\n"]);
    sink.close();
    assert.equal(stream.read().toString(), "a\nb\n");
    await sink.closed;
    assert.deepEqual(figures(sink), [2, 0, 0]);
    assert.ok(stream.writable);
  });

  it("drops lines of a stream that does not keep up, or fails", async () => {
    const reasons: string[] = [];
    const stuck = new LineStream(new Writable({ write: () => {} }), (reason) => reasons.push(reason));
    for (let i = 0; i < 12; i++) stuck.write([`${"x".repeat(2 ** 20 - 1)}\n`]);
    assert.ok(stuck.dropped >= 3 && stuck.waiting === 12 - stuck.dropped, `${stuck.dropped}`);
    const broken = new Writable({ write: (_chunk, _encoding, done) => done(new Error("no reader")) });
    const sink = new LineStream(broken, (reason) => reasons.push(reason));
    sink.write(["a\n"]);
    await settled(sink);
    sink.write(["b\n"]);
    assert.deepEqual(figures(sink), [0, 2, 0]);
    assert.deepEqual(reasons.slice(-2), ["no reader", "it is closed"]);
  });
});
