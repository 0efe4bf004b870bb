/** What goes wrong around the program while traffic flows: the wall clock jumps, the disk for the log is full. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { openBackends } from "../support/backends.js";
import { freePorts } from "../support/free-ports.js";
import { ROOT } from "../support/markdown.js";
import { SLUICE } from "../support/run-cli.js";
import { openSteadyTraffic } from "../support/steady-traffic.js";
import { createTemporaryFolder } from "../support/temporary-folder.js";
import { UdpPeer } from "../support/udp-peer.js";
import { eventually } from "../support/waiting.js";

const PLANES = process.platform === "linux" ? (["portable", "batched"] as const) : (["portable"] as const);

/** The whole lines of a log in JSON. */
function readLines(path: string): { time: string; level: string; msg: string }[] {
  const lines = readFileSync(path, "utf8").split("\n").slice(0, -1);
  return lines.map((line) => JSON.parse(line));
}

function reloadsIn(path: string): number {
  return readLines(path).filter(({ msg }) => /reload/.test(msg)).length;
}

/**
 * `sluice run` with its log on a descriptor; probes, short times and two backends. A busy machine lets a probe fail here and
 * there, but not 50 in a row, as a clock would that jumps.
 */
async function startOn(
  t: TestContext,
  plane: string,
  log: number,
  flags: { node?: string[]; run?: string[] },
) {
  const backends = await openBackends(t, "a", "b");
  const [port] = await freePorts(1);
  const file = join(
    createTemporaryFolder((remove) => t.after(remove)),
    "sluice.json",
  );
  const config = {
    plane,
    listeners: [{ name: "main", address: `127.0.0.1:${port}`, session: { idleTimeout: "2s" } }],
    pools: [
      {
        affinity: "client",
        backends: backends.map(({ entry }) => entry),
        health: { probe: { type: "udp", send: "probe" }, interval: "200ms", timeout: "100ms", fall: 50 },
      },
    ],
  };
  writeFileSync(file, JSON.stringify(config));
  const args = [...(flags.node ?? []), SLUICE, "run", file, ...(flags.run ?? [])];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "ignore", log] });
  t.after(() => child.kill("SIGKILL"));
  const to = `127.0.0.1:${port}`;
  const first = await UdpPeer.open(t);
  await eventually(async () => void (await first.ask("?", to, 100)));
  return { child, to, file };
}

describe("surroundings", { concurrency: 2 }, () => {
  for (const plane of PLANES) {
    test(`${plane}: a wall clock that jumps by days changes nothing`, async (t) => {
      const path = join(
        createTemporaryFolder((remove) => t.after(remove)),
        "log",
      );
      const log = openSync(path, "w");
      t.after(() => closeSync(log));
      const jumping = fileURLToPath(new URL("../support/jumping-date.js", import.meta.url));
      const { child, to } = await startOn(t, plane, log, {
        node: ["--import", jumping],
        run: ["--log-format", "json"],
      });
      const traffic = await openSteadyTraffic(t, to, { clients: 4, everyMs: 5 });
      await traffic.answered(2000);
      // The log has few lines, and all of them may be of one day: reload until there are two.
      const daysOfLog = () => new Set(readLines(path).map(({ time }) => time.slice(0, 10)));
      for (let reloads = 1; reloads <= 100 && daysOfLog().size < 2; reloads++) {
        child.kill("SIGHUP");
        await eventually(() => assert.equal(reloadsIn(path), reloads));
      }
      assert.equal(daysOfLog().size, 2, "the log's times do jump");
      const { missing, twice } = await traffic.stop();
      assert.deepEqual([missing, twice], [[], []]);
      child.kill("SIGTERM");
      assert.deepEqual(await once(child, "exit"), [0, null]);
      assert.deepEqual(
        readLines(path).filter(({ msg, level }) => level !== "info" || /backend is (?!up)/.test(msg)),
        [],
      );
    });

    for (const format of ["json", "pretty"]) {
      test(`${plane}, ${format}: a log that cannot be written stops nothing`, {
        skip: process.platform === "linux" ? false : "needs /dev/full",
      }, async (t) => {
        const full = openSync("/dev/full", "w");
        t.after(() => closeSync(full));
        const run = ["--log-format", format, "--log-level", "debug"];
        const { child, to } = await startOn(t, plane, full, { run });
        const traffic = await openSteadyTraffic(t, to, { clients: 4, everyMs: 5 });
        for (let reload = 0; reload < 5; reload++) {
          child.kill("SIGHUP");
          await traffic.answered(100);
        }
        const { missing, twice } = await traffic.stop();
        assert.deepEqual([missing, twice, child.exitCode], [[], [], null]);
        child.kill("SIGTERM");
        assert.deepEqual(await once(child, "exit"), [0, null]);
      });
    }
  }

  test("nothing that decides looks at the wall clock", () => {
    const folder = join(ROOT, "src");
    const files = readdirSync(folder, { recursive: true, encoding: "utf8" });
    // These tell people and monitors the time of day, and decide nothing by it.
    const stamps = [
      ...["lab/ping-client.ts", "health/probes/ping.ts", "flow-log.ts"],
      ...["admin/admin-server.ts", "admin/event-log.ts", "admin/warning-log.ts", "admin/otlp.ts"],
      ...[
        "admin/history-view.ts",
        "admin/routes/figures.ts",
        "admin/routes/history.ts",
        "admin/routes/tap.ts",
      ],
      ...["cli/top/render-top.ts", "cli/top/top.ts", "cli/view/event-line.ts", "cli/view/status-view.ts"],
    ];
    const uses = files
      .filter((file) => file.endsWith(".ts") && !/\.(test|testing)\.ts$/.test(file))
      .filter((file) => !stamps.includes(file.replaceAll("\\", "/")))
      .filter((file) => /\bDate\b(\.now|\()/.test(readFileSync(join(folder, file), "utf8")));
    assert.deepEqual(uses, []);
  });
});
