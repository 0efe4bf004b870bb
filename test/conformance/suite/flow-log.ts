/** The flow log under real traffic: what it says, sampling, rotation, a disk that is full. */
import assert from "node:assert/strict";
import { existsSync, readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { tagOf } from "../../support/backends.js";
import { createTemporaryFolder } from "../../support/temporary-folder.js";
import { addressOf, type PlaneUnderTest, startBalancer, worldOf } from "./plane-under-test.js";

/** The whole lines: the last one may be half written. */
const linesOf = (file: string) =>
  existsSync(file)
    ? readFileSync(file, "utf8")
        .split("\n")
        .slice(0, -1)
        .map((line) => JSON.parse(line))
    : [];

export function defineFlowLog(plane: PlaneUnderTest): void {
  const { openPeer, openBackends, eventually } = worldOf(plane);

  describe("flow log", () => {
    test("has a line for each flow that ended, and goes on in a new file after a reload", async (t) => {
      const file = join(
        createTemporaryFolder((remove) => t.after(remove)),
        "flows.jsonl",
      );
      const backends = await openBackends(t, "a", "b");
      const config = {
        listen: "127.0.0.1:0",
        affinity: "client",
        backends: backends.map(({ entry }) => entry),
        flowLog: { file },
      };
      const balancer = await startBalancer(t, plane, config);
      const client = await openPeer(t);
      const tag = tagOf(await client.ask("12345", addressOf(balancer)));
      await client.ask("", addressOf(balancer));
      await balancer.endFlow(balancer.flows()[0].id);
      await eventually(() => assert.equal(linesOf(file).length, 1));
      const [{ at, durationMs, ...line }] = linesOf(file);
      assert.deepEqual(line, {
        client: client.address,
        listener: balancer.listeners[0].name,
        pool: "default",
        backend: tag,
        requests: { datagrams: 2, bytes: 5 },
        replies: { datagrams: 2, bytes: 9 },
        end: "operator",
        moves: 0,
      });
      assert.ok(Math.abs(Date.parse(at) - Date.now()) < 3_600_000 && durationMs >= 0, `${at} ${durationMs}`);
      renameSync(file, `${file}.1`);
      await balancer.reload({ ...config, backends: config.backends.filter(({ name }) => name !== tag) });
      await client.ask("?", addressOf(balancer));
      await balancer.reload({ ...config, backends: config.backends.filter(({ name }) => name === tag) });
      await client.ask("?", addressOf(balancer));
      await eventually(() => assert.deepEqual(balancer.stats().flowLog, { lines: 1, dropped: 0 }));
      await balancer.close({ graceMs: 0 });
      assert.equal(linesOf(`${file}.1`).length, 1);
      const ends = linesOf(file).map(({ backend, end, moves }) => [moves, backend === tag, end]);
      assert.deepEqual(ends.sort(), [
        [0, false, "moved"],
        [1, true, "closed"],
      ]);
    });

    test("loses lines on a full disk, counts them, and traffic goes on", async (t) => {
      const backends = await openBackends(t, "a");
      const balancer = await startBalancer(t, plane, {
        listen: "127.0.0.1:0",
        affinity: "client",
        backends: backends.map(({ entry }) => entry),
        flowLog: { file: "/dev/full" },
        requests: 1,
        responses: 1,
      });
      const warnings: string[] = [];
      balancer.on("warning", ({ code, message }) => warnings.push(`${code}: ${message}`));
      const client = await openPeer(t);
      for (let i = 0; i < 20; i++) await client.ask("?", addressOf(balancer));
      await eventually(() => assert.deepEqual(balancer.stats().flowLog, { lines: 0, dropped: 20 }));
      assert.equal(warnings.length, 1);
      assert.match(warnings[0], /^flow_log: the flow log loses lines: \/dev\/full: ENOSPC/);
    });

    test("notes a part of the flows, or none", async (t) => {
      const file = join(
        createTemporaryFolder((remove) => t.after(remove)),
        "flows.jsonl",
      );
      const backends = await openBackends(t, "a");
      const config = {
        listen: "127.0.0.1:0",
        affinity: "client",
        backends: backends.map(({ entry }) => entry),
        requests: 1,
        responses: 1,
      };
      const balancer = await startBalancer(t, plane, config);
      const client = await openPeer(t);
      const ask = async (times: number) => {
        for (let i = 0; i < times; i++) await client.ask("?", addressOf(balancer));
      };
      await ask(10);
      assert.equal(balancer.stats().flowLog, undefined);
      await balancer.reload({ ...config, flowLog: { file, sample: 0.25 } });
      await ask(200);
      await balancer.reload(config);
      await eventually(() => assert.ok(linesOf(file).length > 15, `${linesOf(file).length}`));
      // Closed, it has written all that it noted.
      await balancer.close({ graceMs: 0 });
      assert.ok(linesOf(file).length < 100, `${linesOf(file).length}`);
      assert.equal(balancer.stats().flowLog, undefined);
    });
  });
}
