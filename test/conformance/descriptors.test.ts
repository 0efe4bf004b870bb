/** Running out of descriptors: new flows are dropped with a reason and a warning, those that are there go on. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { describe, test } from "node:test";
import type { Stats } from "#src/api.js";
import { openBackends } from "../support/backends.js";
import { needs } from "../support/needs.js";
import { JsonProgram, programPath } from "../support/other-processes.js";
import { UdpPeer } from "../support/udp-peer.js";
import { eventually } from "../support/waiting.js";
import { assertConsistent } from "./suite/figures.js";

interface Report {
  readonly stats: Stats;
  readonly warnings: readonly string[];
}

const skip =
  process.platform === "linux"
    ? needs("prlimit").skip
    : "needs Linux, whose prlimit changes a running process";
const CLIENTS = 80;
const FLOWS = 40;

/** Leaves a process so many descriptors more than it has open. */
function leaveDescriptors(pid: number, count: number): void {
  const limit = readdirSync(`/proc/${pid}/fd`).length + count;
  const { status, stderr } = spawnSync("prlimit", [`--pid=${pid}`, `--nofile=${limit}:${limit}`]);
  assert.equal(status, 0, `${stderr}`);
}

describe("out of descriptors", { skip, concurrency: true }, () => {
  for (const plane of ["portable", "batched"]) {
    test(`${plane} plane: new flows are dropped, old ones go on, and it recovers`, {
      timeout: 30_000,
    }, async (t) => {
      const [backend] = await openBackends(t, "a");
      const config = {
        listen: "127.0.0.1:0",
        affinity: "client",
        idleTimeout: "2s",
        maxFlows: 1000,
        plane,
        workers: 1,
        backends: [backend.entry],
      };
      const program = new JsonProgram(t, [
        process.execPath,
        programPath("balancer-program"),
        JSON.stringify(config),
      ]);
      const [{ address: to }] = await program.next<{ address: string }[]>();
      leaveDescriptors(program.pid, FLOWS);
      const report = async (): Promise<Report> => program.ask<Report>();

      const clients = await Promise.all(Array.from({ length: CLIENTS }, () => UdpPeer.open(t)));
      for (const client of clients) client.send("first", to);
      const { active, warnings } = await eventually(async () => {
        const { stats, warnings } = await report();
        assert.equal(stats.listeners[0].requests.datagrams, CLIENTS);
        assert.ok(warnings.length > 0);
        const { active } = stats.flows;
        assert.equal(stats.drops.no_descriptor, CLIENTS - active, JSON.stringify(stats.drops));
        return { active, warnings };
      });
      assert.ok(Math.abs(active - FLOWS) <= 5, `${active} flows`);
      assert.ok(
        warnings.some((text) => text.startsWith("no_descriptor: ")),
        `${warnings}`,
      );
      assert.ok(warnings.length <= 4, `warnings are limited: ${warnings.length}`);

      const inside = await eventually(() => {
        const answered = clients.filter(({ waiting }) => waiting > 0);
        assert.equal(answered.length, active);
        return answered;
      });
      await assertConsistent(async () => (await report()).stats);
      for (const client of inside) await client.take(1);
      const replies = await Promise.all(inside.slice(0, 10).map((client) => client.ask("again", to)));
      assert.deepEqual(
        replies.map(({ text }) => text),
        replies.map(() => "a:again"),
      );

      while ((await report()).stats.flows.active > 0);
      const late = clients.filter((client) => !inside.includes(client));
      for (const client of late.slice(0, 10)) assert.equal((await client.ask("now", to)).text, "a:now");
      await assertConsistent(async () => (await report()).stats);
    });
  }
});
