/** Workers of the batched plane that die: they come back on the same sockets, and leave nothing behind. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { tagOf } from "../support/backends.js";
import { openPlane } from "../support/batched-planes.js";
import { openSteadyTraffic } from "../support/steady-traffic.js";
import { UdpPeer } from "../support/udp-peer.js";
import { eventually } from "../support/waiting.js";
import { assertConsistent } from "./suite/figures.js";

const skip = process.platform === "linux" ? false : "the batched plane needs Linux";

const descriptors = () => readdirSync("/proc/self/fd").length;
const threads = () => readdirSync("/proc/self/task").length;
/** MiB of address space, which mappings count towards whether they are touched or not. */
const mappedMiB = () =>
  Number(/^VmSize:\s+(\d+) kB/m.exec(readFileSync("/proc/self/status", "utf8"))![1]) / 1024;

/** Resolves at the `count`th warning that a worker died. */
const crashed = (warnings: readonly string[], count: number) =>
  eventually(() => assert.equal(warnings.filter((text) => text.startsWith("worker_crashed")).length, count));

describe("batched plane: workers that die", { skip }, () => {
  test("service resumes within a second on the same socket; what waits in it is served", async (t) => {
    const { plane, warnings, to, stats } = await openPlane(t, 1);
    const client = await UdpPeer.open(t);
    const bound = tagOf(await client.ask("before", to));
    plane.faults.crashWorker(0);
    await crashed(warnings, 1);
    const startMs = performance.now();
    const replies = Array.from({ length: 10 }, (_, i) => `${i}`);
    for (const text of replies) client.send(text, to);
    const got = await client.take(10);
    const tookMs = performance.now() - startMs;
    assert.ok(tookMs < 1000, `${tookMs} ms`);
    assert.deepEqual(
      got.map(({ text, from }) => [text.slice(2), from]),
      replies.map((text) => [text, to]),
    );
    assert.equal(bound, "a");
    assert.match(warnings[0], /^worker_crashed: worker 0 died \(crash was asked for\): .* in 0 ms/);
    assertConsistent(stats());
    const { active, ended } = stats().flows;
    assert.deepEqual([active, ended.worker_lost], [1, 1]);
    assert.equal(plane.flows({ limit: 100 }).length, 1);
  });

  test("under traffic only what the worker had in hand is lost", async (t) => {
    const { plane, warnings, to, stats } = await openPlane(t, 1);
    const traffic = await openSteadyTraffic(t, to, { clients: 4, everyMs: 5 });
    await traffic.answered(20);
    plane.faults.crashWorker(0);
    await crashed(warnings, 1);
    await traffic.answered(100);
    const { missing, twice, sent } = await traffic.stop();
    // Requests on their way to a backend when the worker died: their replies find no socket.
    assert.ok(missing.length <= 12, `${missing.length} of ${sent}: ${missing}`);
    assert.deepEqual(twice, []);
    assertConsistent(stats());
  });

  test("one of two dies: clients of the other notice nothing", async (t) => {
    const { plane, warnings, to, stats } = await openPlane(t, 2);
    const clients = await Promise.all(Array.from({ length: 16 }, () => UdpPeer.open(t)));
    const before = await Promise.all(clients.map((client) => client.ask("1", to)));
    const ofSecond = stats().flows.active - plane.flows({ limit: 100 }).length;
    assert.equal(ofSecond, 0);
    plane.faults.crashWorker(0);
    await crashed(warnings, 1);
    const after = await Promise.all(clients.map((client) => client.ask("2", to)));
    assert.deepEqual(
      after.map(({ text }) => text.slice(2)),
      clients.map(() => "2"),
    );
    const { worker_lost: lost } = stats().flows.ended;
    assert.ok(lost > 0 && lost < 16, `${lost} of 16 clients were on the worker that died`);
    const stayed = after.filter((reply, i) => tagOf(reply) === tagOf(before[i])).length;
    assert.ok(stayed >= 16 - lost, `${stayed} kept their backend`);
    assertConsistent(stats());
  });

  test("a worker that keeps dying is restarted more and more slowly, each time with a warning", async (t) => {
    const { plane, warnings, to } = await openPlane(t, 1);
    const client = await UdpPeer.open(t);
    for (let crash = 1; crash <= 3; crash++) {
      plane.faults.crashWorker(0);
      await crashed(warnings, crash);
      assert.match((await client.ask(`${crash}`, to)).text, /^[abc]:\d$/);
    }
    const pauses = warnings.map((text) => Number(/in (\d+) ms$/.exec(text)?.[1]));
    assert.deepEqual(pauses, [0, 250, 500]);
  });

  test("a snapshot that comes while a worker is down is what it starts on", async (t) => {
    const { plane, warnings, to, backends, apply } = await openPlane(t, 1);
    const client = await UdpPeer.open(t);
    assert.equal(tagOf(await client.ask("?", to)), "a");
    for (let crash = 1; crash <= 2; crash++) {
      await client.ask("?", to);
      plane.faults.crashWorker(0);
      await crashed(warnings, crash);
    }
    await apply(2, [backends[2]]);
    assert.equal(tagOf(await client.ask("?", to)), "c");
    await apply(3, [backends[1]]);
    assert.equal(tagOf(await client.ask("?", to)), "b");
  });

  test("a snapshot that comes as the worker dies is not waited for in vain", async (t) => {
    const { plane, to, backends, apply } = await openPlane(t, 1);
    plane.faults.crashWorker(0);
    await apply(2, [backends[1]]);
    assert.equal(tagOf(await (await UdpPeer.open(t)).ask("?", to)), "b");
  });

  test("dead workers leave no descriptor, mapping or thread; close leaves nothing at all", async (t) => {
    const client = await UdpPeer.open(t);
    const run = async (crashes: number): Promise<number> => {
      const { plane, warnings, to, backends } = await openPlane(t, 1);
      await client.ask("?", to);
      let firstMiB = 0;
      for (let crash = 1; crash <= crashes; crash++) {
        const before = [descriptors(), threads()];
        plane.faults.crashWorker(0);
        await crashed(warnings, crash);
        await client.ask("?", to);
        await eventually(() => assert.deepEqual([descriptors(), threads()], before, `crash ${crash}`));
        firstMiB ||= mappedMiB();
      }
      const grownMiB = mappedMiB() - firstMiB;
      await plane.close();
      for (const { peer } of backends) peer.close();
      return grownMiB;
    };
    await run(1); // what Node opens once and for all
    const before = [descriptors(), threads()];
    const grownMiB = await run(3);
    await eventually(() => assert.deepEqual([descriptors(), threads()], before, "after close"));
    assert.ok(grownMiB < 60, `two more crashes left ${grownMiB} MiB mapped`);
  });
});
