/** `sluice run` as process 1 of a container without an init. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { RunningProcess, SLUICE } from "../support/run-cli.js";
import { createTemporaryFolder } from "../support/temporary-folder.js";
import { eventually } from "../support/waiting.js";

const UNSHARE = ["--pid", "--fork", "--mount-proc", "--kill-child"];
const mayUnshare =
  process.platform === "linux" &&
  process.getuid?.() === 0 &&
  spawnSync("unshare", [...UNSHARE, "true"]).status === 0;

/** Numbers of a process's children, and of those that are dead, as this namespace sees them. */
function childrenOf(parent: number): { all: number[]; dead: number[] } {
  const children = { all: [] as number[], dead: [] as number[] };
  for (const name of readdirSync("/proc").filter((entry) => /^\d+$/.test(entry))) {
    const stat = existsSync(`/proc/${name}/stat`) ? readStat(name) : "";
    const [state, its] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (its !== String(parent)) continue;
    children.all.push(Number(name));
    if (state === "Z") children.dead.push(Number(name));
  }
  return children;
}

function readStat(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, "latin1");
  } catch {
    return "";
  }
}

test("process 1 waits for what exec probes leave behind", {
  skip: mayUnshare ? false : "needs to make PID namespaces",
}, async (t) => {
  const file = join(
    createTemporaryFolder((remove) => t.after(remove)),
    "sluice.yaml",
  );
  const probe = { type: "exec", command: ["/bin/sh", "-c", "( sleep 0 & )"] };
  const pools = [{ backends: ["127.0.0.1:9"], health: { probe, interval: "500ms" } }];
  writeFileSync(file, JSON.stringify({ listeners: [{ address: "127.0.0.1:0" }], pools }));
  const args = [...UNSHARE, process.execPath, SLUICE, "run", file];
  const unshare = new RunningProcess(t, "unshare", args, { group: true });
  await unshare.waitFor("ready", () => (unshare.stderr.includes("ready") ? true : undefined));
  const [first] = childrenOf(unshare.pid).all;
  const dead = await eventually(() => {
    const found = childrenOf(first).dead;
    assert.ok(found.length > 1, "orphans have died");
    return found;
  });
  await eventually(() => {
    const still = new Set(childrenOf(first).dead);
    assert.deepEqual(
      dead.filter((pid) => still.has(pid)),
      [],
    );
  });
  process.kill(first, "SIGTERM");
  assert.equal((await unshare.ended()).code, 0);
});
