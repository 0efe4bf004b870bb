import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { test } from "node:test";
import { runCli } from "../support/run-cli.js";

/** The figures of the table's rows: requests, answers, dropped on purpose. */
function readTable(stdout: string): number[][] {
  const rows = stdout.matchAll(/^(?:server \d +127\.0\.0\.1:\d+|in all) +(\d+) +[\d.]+% +(\d+) +(\d+)$/gm);
  return [...rows].map((row) => row.slice(1).map(Number));
}

test("sluice lab: exits 0, and its table adds up", async () => {
  const { code, stdout, stderr } = await runCli(["lab", "--port", "0", "--seed", "1"]);
  assert.equal(code, 0, stderr);
  const rows = readTable(stdout);
  const all = rows.pop()!;
  assert.deepEqual(
    rows.map(([requests]) => requests),
    [10, 10, 10],
  );
  for (const [column, total] of all.entries()) {
    assert.equal(
      rows.reduce((sum, row) => sum + row[column]!, 0),
      total,
    );
  }
  const [requests, answers, dropped] = all as [number, number, number];
  assert.equal(requests, 30);
  assert.ok(answers > 0 && dropped > 0, stdout);
  assert.equal(stdout.match(/^request +\d+ -> server \d/gm)?.length, 30);
  assert.match(
    stdout,
    new RegExp(`^loss: ${30 - answers} of 30 requests .* dropped ${dropped} on purpose`, "m"),
  );
});

test("sluice lab: with the same seed the servers drop the same answers", async () => {
  /** What each server dropped on purpose; what comes late on a busy machine is not their doing. */
  const drops = async (seed: string): Promise<(number | undefined)[]> => {
    const { stdout } = await runCli([
      "lab",
      "--port",
      "0",
      "--seed",
      seed,
      "--requests",
      "12",
      "--timeout",
      "100",
    ]);
    return readTable(stdout).map(([, , dropped]) => dropped);
  };
  const first = await drops("5");
  assert.equal(first.length, 4);
  assert.deepEqual(await drops("5"), first);
  assert.notDeepEqual(await drops("7"), first);
});

test("sluice lab: a port in use is one clear line and exit 1", async (t) => {
  const other = createSocket("udp4");
  t.after(() => other.close());
  other.bind(0, "127.0.0.1");
  await once(other, "listening");
  const { port } = other.address();
  const { code, stderr } = await runCli(["lab", "--port", String(port - 1)]);
  assert.equal(code, 1);
  assert.match(stderr, new RegExp(`^sluice: .*127\\.0\\.0\\.1:${port}.*in use.*\n$`));
});
