import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { startReaping } from "./orphan-reaper.js";

test("startReaping: waits for who is dead at two looks, and for nobody else", {
  skip: process.platform === "linux" ? false : "needs Linux",
}, (t) => {
  const proc = mkdtempSync(join(tmpdir(), "sluice-proc-"));
  t.after(() => rmSync(proc, { recursive: true }));
  const put = (pid: number, state: string, parent: number, start: number) => {
    mkdirSync(join(proc, String(pid)), { recursive: true });
    writeFileSync(
      join(proc, String(pid), "stat"),
      `${pid} (a) Z 1 b) ${state} ${parent} ${"0 ".repeat(17)}${start} 0\n`,
    );
  };
  const reaped: number[] = [];
  let look = (): void => assert.fail("no timer");
  const clock = {
    every(_ms: number, action: () => void) {
      look = action;
      return () => {};
    },
  };
  const warn = (message: string) => assert.fail(message);
  startReaping({ clock, warn, proc, pid: 1, wait: (pid) => void reaped.push(pid) });
  put(10, "Z", 1, 100);
  put(11, "S", 1, 100);
  put(12, "Z", 11, 100);
  put(13, "Z", 1, 100);
  look();
  assert.deepEqual(reaped, []);
  put(13, "Z", 1, 200); // another process with the number
  look();
  assert.deepEqual(reaped, [10]);
  rmSync(join(proc, "10"), { recursive: true });
  look();
  assert.deepEqual(reaped, [10, 13]);
});
