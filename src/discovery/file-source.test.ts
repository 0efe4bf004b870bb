/** The file source and the watch below it, with real files: what tells of a change is the system itself. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { createSystemClock } from "../core/clock.js";
import { FakeClock } from "../core/fake-clock.testing.js";
import { FakeResolver } from "./fake-resolver.testing.js";
import { createFileSource } from "./file-source.js";
import type { Source } from "./source.js";
import { watchFile } from "./watch-file.js";

function createFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "sluice-file-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function openSource(t: TestContext, path: string, clock = createSystemClock()) {
  const failures: string[] = [];
  const source = createFileSource(
    { kind: "file", path },
    { clock, resolver: new FakeResolver(), changed: () => {}, failed: (reason) => failures.push(reason) },
  );
  t.after(() => source.close());
  return { source, failures };
}

const namesOf = ({ backends }: Source) => backends.map(({ name }) => name);

/** Until `check` holds; notice of a change takes some time. */
async function until(check: () => boolean, what: string): Promise<void> {
  for (let i = 0; i < 12_000; i++) {
    if (check()) return;
    await delay(5);
  }
  assert.fail(`waited in vain: ${what}`);
}

describe("createFileSource", () => {
  it("reads the file, and again when it is written or replaced", async (t) => {
    const file = join(createFolder(t), "b.yaml");
    writeFileSync(file, "- 192.0.2.1:7\n");
    const { source, failures } = openSource(t, file);
    await source.start();
    assert.deepEqual(namesOf(source), ["192.0.2.1:7"]);
    writeFileSync(file, "- 192.0.2.2:7\n");
    await until(() => namesOf(source).join() === "192.0.2.2:7", "the file written in place");
    writeFileSync(`${file}.new`, '["192.0.2.3:7"]');
    renameSync(`${file}.new`, file);
    await until(() => namesOf(source).join() === "192.0.2.3:7", "the file replaced");
    assert.deepEqual([source.status().state, failures], ["ok", []]);
  });

  it("keeps the last answer for a file that is wrong or gone, and says what is wrong where", async (t) => {
    const file = join(createFolder(t), "b.yaml");
    writeFileSync(file, "- 192.0.2.1:7\n");
    const { source, failures } = openSource(t, file);
    await source.start();
    writeFileSync(file, "- address: 192.0.2.1:7\n  weight: x\n- nonsense\n");
    await until(() => failures.length === 1, "the first failure");
    const problem = `${file}:2:11: [0].weight: found "x", expected a whole number from 0 to 65535`;
    assert.equal(failures[0], `${problem} (and 1 more problem)`);
    rmSync(file);
    await until(() => failures.length === 2, "the second failure");
    assert.equal(failures[1], `${file}: no such file`);
    assert.deepEqual([namesOf(source), source.status().state], [["192.0.2.1:7"], "failing"]);
    writeFileSync(file, "- 192.0.2.2:7\n");
    await until(() => source.status().state === "ok", "the recovery");
    assert.deepEqual(namesOf(source), ["192.0.2.2:7"]);
  });

  it("follows a link to another folder, as Kubernetes replaces files", async (t) => {
    const folder = createFolder(t);
    for (const [i, name] of ["..1", "..2"].entries()) {
      mkdirSync(join(folder, name));
      writeFileSync(join(folder, name, "b.yaml"), `- 192.0.2.${i + 1}:7\n`);
    }
    symlinkSync("..1", join(folder, "..data"));
    symlinkSync("..data/b.yaml", join(folder, "b.yaml"));
    const { source } = openSource(t, join(folder, "b.yaml"));
    await source.start();
    assert.deepEqual(namesOf(source), ["192.0.2.1:7"]);
    symlinkSync("..2", join(folder, "..new"));
    renameSync(join(folder, "..new"), join(folder, "..data"));
    await until(() => namesOf(source).join() === "192.0.2.2:7", "the link replaced");
  });

  it("waits for a file, and a folder, that is not there yet", async (t) => {
    const folder = join(createFolder(t), "later");
    const clock = new FakeClock();
    const { source, failures } = openSource(t, join(folder, "b.yaml"), clock);
    await source.start();
    assert.deepEqual([namesOf(source), failures], [[], [`${join(folder, "b.yaml")}: no such file`]]);
    mkdirSync(folder);
    writeFileSync(join(folder, "b.yaml"), "- 192.0.2.1:7\n");
    for (let i = 0; i < 12_000 && source.backends.length === 0; i++) {
      await clock.pass(1_000);
      await delay(5);
    }
    assert.deepEqual(namesOf(source), ["192.0.2.1:7"]);
  });
});

describe("watchFile", () => {
  it("finds out by itself what nothing tells of, and leaves other files of the folder alone", async (t) => {
    const folder = createFolder(t);
    const file = join(folder, "b.yaml");
    writeFileSync(file, "1");
    const clock = new FakeClock();
    let calls = 0;
    const watch = watchFile(file, () => calls++, clock);
    t.after(() => watch.close());
    await delay(20);
    writeFileSync(join(folder, "other"), "1");
    await delay(20);
    await clock.pass(4_000);
    assert.equal(calls, 0);
    // The folder as another one in its place: its watch hears no more.
    renameSync(folder, `${folder}-old`);
    t.after(() => rmSync(`${folder}-old`, { recursive: true, force: true }));
    mkdirSync(folder);
    writeFileSync(file, "2");
    for (let i = 0; i < 12_000 && calls === 0; i++) {
      await clock.pass(1_000);
      await delay(5);
    }
    assert.ok(calls > 0, "found by looking");
    for (let i = 0; i < 10; i++) {
      await delay(5);
      await clock.pass(100);
    }
    calls = 0;
    const quiet = clock.pending;
    // Time passes only when something is due beside the next look, and never as much as until that.
    for (let passedMs = 0, i = 0; calls === 0 && passedMs < 3_000 && i < 12_000; i++) {
      writeFileSync(file, `3${i}`);
      await delay(5);
      if (clock.pending === quiet) continue;
      await clock.pass(50);
      passedMs += 50;
    }
    assert.ok(calls > 0, "told by the watch of the new folder");
  });

  it("is silent once it is closed", async (t) => {
    const file = join(createFolder(t), "b.yaml");
    writeFileSync(file, "1");
    const clock = new FakeClock();
    let calls = 0;
    watchFile(file, () => calls++, clock).close();
    writeFileSync(file, "2");
    await delay(20);
    await clock.pass(20_000);
    assert.equal(calls, 0);
    assert.equal(clock.pending, 0);
  });
});
