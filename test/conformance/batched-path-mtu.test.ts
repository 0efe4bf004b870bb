/** Paths that cannot take bursts of large datagrams: the kernel refuses, plain sends take over, nothing is lost. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Balancer, Stats } from "#src/api.js";
import { FAR_IP, NEAR_IP, needsNamespaces, openNamespaces } from "../support/network-namespaces.js";
import { JsonProgram, programPath } from "../support/other-processes.js";
import { assertConsistent } from "./suite/figures.js";

interface Report {
  readonly stats: Stats;
  readonly warnings: readonly string[];
}

const REFUSED = {
  backend: /^segments_refused: the path to backend \S+ takes bursts of datagrams up to 1999 bytes only/,
  client:
    /^segments_refused: the path from listener 10\.203\.0\.1:0 to 10\.203\.0\.2 takes bursts of datagrams up to 1999 bytes only/,
};
const LOCAL = "127.0.0.1";
const [SIZE, COUNT, MOST_ROUNDS] = [2000, 20, 300];

describe("batched plane: datagrams of 2,000 bytes over a path of 1,500", { concurrency: true }, () => {
  for (const side of ["backend", "client"] as const) {
    test(`to a ${side}: bursts pass whole, and a warning says so once`, {
      ...needsNamespaces(),
      timeout: 60_000,
    }, async (t) => {
      const { near, far } = openNamespaces(t, 1500);
      const run = (where: readonly string[], name: string, ...args: string[]) =>
        new JsonProgram(t, [...where, process.execPath, programPath(name), ...args]);

      const isFar = (end: string) => end === side;
      const echo = run(isFar("backend") ? far : near, "echo-program", isFar("backend") ? FAR_IP : LOCAL);
      const backend = await echo.next<string>();
      const listen = `${isFar("client") ? NEAR_IP : LOCAL}:0`;
      const config = { listen, affinity: "client", backends: [backend], plane: "batched", workers: 1 };
      const balancer = run(near, "balancer-program", JSON.stringify(config));
      const [{ address }] = await balancer.next<Balancer["listeners"]>();
      const client = run(
        isFar("client") ? far : near,
        "burst-program",
        isFar("client") ? FAR_IP : LOCAL,
        address,
        `${SIZE}`,
        `${COUNT}`,
        // Its own path refuses the far client's bursts, too.
        isFar("client") ? "apart" : "together",
      );
      assert.equal(await client.next(), "ready");
      // Whether replies meet in one turn of the worker is chance: so rounds go on until a burst was refused, and two more.
      let report = await balancer.ask<Report>();
      let rounds = 0;
      for (let after = 0; after < 2 && rounds < MOST_ROUNDS; rounds++) {
        assert.equal(await client.ask<number>(), COUNT);
        report = await balancer.ask<Report>();
        if (report.warnings.length > 0) after++;
      }
      const { stats, warnings } = report;
      await assertConsistent(async () => (await balancer.ask<Report>()).stats);
      assert.equal(stats.listeners[0].replies.datagrams, rounds * COUNT);
      assert.equal(
        Object.values(stats.drops).reduce((sum, count) => sum + count, 0),
        0,
      );
      assert.equal(warnings.length, 1, warnings.join());
      assert.match(warnings[0], REFUSED[side]);
    });
  }
});
