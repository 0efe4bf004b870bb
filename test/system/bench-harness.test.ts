/**
 * `npm run bench` as a program: one short run of one row. What it measures on a busy machine proves nothing, so only
 * the shape of the results is held, and that nothing stays behind.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { needs } from "../support/needs.js";
import { needsNamespaces } from "../support/network-namespaces.js";
import { RunningProcess, runProgram } from "../support/run-cli.js";
import { createTemporaryFolder } from "../support/temporary-folder.js";
import { eventually } from "../support/waiting.js";

const BENCH = fileURLToPath(new URL("../../bench/run.js", import.meta.url));
const SHORT = ["--runs", "1", "--tries", "1", "--duration", "0.3", "--warmup", "0.2"];
const TIMEOUT_MS = 120_000;

/** Root, namespaces, two CPUs, and nginx to be compared with. */
function needsBench(): { skip: string | false } {
  const { skip } = needsNamespaces();
  if (skip !== false) return { skip };
  return availableParallelism() < 2 ? { skip: "needs two CPUs" } : needs("nginx", "prlimit");
}

/** Names of namespaces that a benchmark, this one or another, has made. */
function listNamespaces(): string[] {
  return lines("ip", ["netns", "list"])
    .map((line) => line.split(" ")[0]!)
    .filter((name) => name.startsWith("sluice-bench-"));
}

function lines(program: string, args: readonly string[]): string[] {
  return spawnSync(program, args, { encoding: "utf8" }).stdout.split("\n").filter(Boolean);
}

/** A number above 0; what a stalled machine measures may be absurd, but never nothing. */
function isPositive(value: unknown): boolean {
  return typeof value === "number" && value > 0;
}

test("bench: one row gives figures of sluice and nginx, and a table of them", needsBench(), async (t) => {
  const folder = createTemporaryFolder((remove) => t.after(remove));
  const args = [BENCH, "--only", "flow-per-request", "--out", folder, ...SHORT];
  const { code, stdout, stderr } = await runProgram(process.execPath, args, { timeoutMs: TIMEOUT_MS });
  assert.equal(code, 0, stderr);
  const { environment, settings, rows } = JSON.parse(readFileSync(join(folder, "latest.json"), "utf8"));
  assert.equal(environment.node, process.versions.node);
  assert.match(environment.nginx, /^\d+\.\d+/);
  assert.deepEqual([settings.runs, settings.durationMs, settings.cpus], [1, 300, [0, 1]]);

  assert.deepEqual(
    rows.map(({ id }: { id: string }) => id),
    ["flow-per-request"],
  );
  const [{ contestants, figures }] = rows;
  assert.deepEqual(
    contestants.map(({ name }: { name: string }) => name),
    ["sluice", "nginx"],
  );
  for (const { name, runs } of contestants) {
    assert.equal(runs.length, 1);
    const { main } = runs[0].loads;
    assert.ok(main.seconds >= 0.25 && isPositive(main.sent) && isPositive(main.residentBytes), name);
    assert.ok(main.balancerUtilisation > 0 && main.balancerUtilisation <= 1.1, name);
    assert.ok(main.foreignShare >= 0 && main.foreignShare <= 1, name);
    assert.deepEqual([main.crossed, main.bad], [0, 0], name);
  }
  assert.deepEqual(
    figures.map(({ key, peers }: { key: string; peers: unknown[] }) => [key, peers.length]),
    [
      ["cpu", 1],
      ["replies", 1],
    ],
  );
  for (const { sluice, peers } of figures) {
    for (const value of [sluice.median, peers[0].median, peers[0].ratio]) assert.ok(isPositive(value));
  }
  assert.match(
    stdout,
    /^\| A new flow for every request \| CPU per datagram \| \*\*[\d,]+ ns\*\* \| nginx /m,
  );
  assert.ok(readFileSync(join(folder, "latest.md"), "utf8").includes(stdout.trim()));
});

test("bench: a signal ends it, and nothing stays behind", needsBench(), async (t) => {
  const folder = createTemporaryFolder((remove) => t.after(remove));
  const args = [BENCH, "--only", "flow-per-request", "--out", folder, "--duration", "60"];
  const before = listNamespaces();
  const bench = new RunningProcess(t, process.execPath, args);
  const name = await bench.waitFor("its first run", () =>
    /run 1 of/.test(bench.stderr) ? listNamespaces().find((one) => !before.includes(one)) : undefined,
  );
  const children = lines("ip", ["netns", "pids", name]);
  bench.signal("SIGINT");
  assert.equal((await bench.ended()).code, 130);
  assert.ok(!listNamespaces().includes(name));
  await eventually(() => {
    for (const child of children) assert.ok(!isOurs(child), `${child} still runs`);
  });
  assert.equal(existsSync(join(folder, "latest.json")), false);
});

/** A killed child may show for a moment longer, without a command line; its number may be another's by now. */
function isOurs(pid: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "latin1").includes("bench");
  } catch {
    return false;
  }
}

test("bench: says what it cannot do, and exits with 2", async () => {
  for (const [args, message] of [
    [["--runs", "0"], /^bench: --runs 0: expected a whole number from 1 to 1000$/m],
    [["--cpus", "0"], /^bench: --cpus: expected two different CPUs/m],
    [["--nonsense"], /^bench: Unknown option '--nonsense'/m],
  ] as const) {
    const { code, stderr } = await runProgram(process.execPath, [BENCH, ...args]);
    assert.equal(code, 2, stderr);
    assert.match(stderr, message);
  }
  const { code, stderr } = await runProgram(process.execPath, [BENCH], { env: { PATH: "/nonexistent" } });
  assert.equal(code, 2, stderr);
  assert.match(stderr, /^bench: (needs (Linux|root|the program `ip`)|--cpus)/m);
});
