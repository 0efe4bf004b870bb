/** Workers of the batched plane that die: they come back on the same sockets, and leave nothing behind. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { LISTENER, listenerAt } from "#src/core/counters.js";
import type { BatchedPlane } from "#src/planes/batched/batched-plane.js";
import { tagOf } from "../support/backends.js";
import { openPlane } from "../support/batched-planes.js";
import { proves } from "../support/proves.js";
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
  test("service resumes on the same socket; what waits in it is served", async (t) => {
    proves("batched", "worker-dies");
    const { plane, warnings, to, stats } = await openPlane(t, 1);
    const client = await UdpPeer.open(t);
    const bound = tagOf(await client.ask("before", to));
    plane.faults.crashWorker(0);
    await crashed(warnings, 1);
    const replies = Array.from({ length: 10 }, (_, i) => `${i}`);
    for (const text of replies) client.send(text, to);
    const got = await client.take(10);
    assert.deepEqual(
      got.map(({ text, from }) => [text.slice(2), from]),
      replies.map((text) => [text, to]),
    );
    assert.equal(bound, "a");
    assert.match(warnings[0], /^worker_crashed: worker 0 died \(crash was asked for\): .* in 0 ms/);
    await assertConsistent(stats);
    const { active, ended } = stats().flows;
    assert.deepEqual([active, ended.worker_lost], [1, 1]);
    assert.equal(plane.flows({ limit: 100 }).length, 1);
  });

  test("upstream ports of its flows go to nobody else while replies may come", async (t) => {
    const { plane, warnings, to, backends } = await openPlane(t, 1);
    const askAnew = async (count: number) => {
      for (let i = 0; i < count; i++) {
        const client = await UdpPeer.open(t);
        await client.ask("?", to);
      }
    };
    const portsOf = () => backends.flatMap(({ got }) => got.map(({ from }) => from));
    await askAnew(150);
    const before = new Set(portsOf());
    assert.equal(before.size, 150);
    plane.faults.crashWorker(0);
    await crashed(warnings, 1);
    // Of some 28,000 ports: were the old ones free, eight would be met again on average.
    await askAnew(1500);
    const after = portsOf();
    assert.equal(after.length, 1650);
    assert.equal(new Set(after).size, 1650, "ports that were met again");
  });

  test("under traffic only what the worker had in hand is lost", async (t) => {
    const { plane, warnings, to, stats } = await openPlane(t, 1);
    const traffic = await openSteadyTraffic(t, to, { clients: 4, everyMs: 5 });
    await traffic.answered(20);
    plane.faults.crashWorker(0);
    await crashed(warnings, 1);
    // Requests on their way to a backend when the worker died: their replies find no socket.
    const next = traffic.writeOff();
    await traffic.answered(100);
    const isLater = (request: string) => Number(request.split("/")[1]) >= next;
    traffic.halt();
    await eventually(() => assert.deepEqual(traffic.missing.filter(isLater), []));
    const { twice } = await traffic.stop(0);
    assert.deepEqual(twice, []);
    await assertConsistent(stats);
  });

  test("one of two dies: clients of the other notice nothing", async (t) => {
    proves("batched", "worker-dies");
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
    await assertConsistent(stats);
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

  /** Kills worker 0 until it pauses for a second. */
  async function killUntilItPauses(plane: BatchedPlane, warnings: readonly string[]) {
    for (let crash = 1; crash <= 4; crash++) {
      plane.faults.crashWorker(0);
      await crashed(warnings, crash);
      if (crash < 4) await eventually(() => assert.ok(plane.faults.isUp(0)));
    }
    assert.match(warnings.at(-1)!, /in 1000 ms$/);
  }

  test("while a worker waits out its pause another serves its clients, and nobody else's flows move", async (t) => {
    proves("batched", "worker-dies");
    const { plane, warnings, to, stats } = await openPlane(t, 2);
    const clients = await Promise.all(Array.from({ length: 24 }, () => UdpPeer.open(t)));
    const requestsOf = (worker: number) => plane.counters[worker][listenerAt(0) + LISTENER.requests];
    const isOfSecond: boolean[] = [];
    const before: string[] = [];
    for (const client of clients) {
      const count = requestsOf(1);
      before.push(tagOf(await client.ask("before", to)));
      isOfSecond.push(requestsOf(1) > count);
    }
    const ofSecond = isOfSecond.filter(Boolean).length;
    assert.ok(ofSecond > 0 && ofSecond < 24, `${ofSecond} of 24 clients are the second worker's`);

    await killUntilItPauses(plane, warnings);
    const served = requestsOf(1);
    const during = await Promise.all(clients.map((client) => client.ask("during", to)));
    // Unless the machine was so busy that the pause is over by now.
    if (!plane.faults.isUp(0)) assert.equal(requestsOf(1) - served, 24, "the living worker served them all");
    for (const [i, reply] of during.entries()) {
      assert.equal(reply.from, to);
      if (isOfSecond[i]) assert.equal(tagOf(reply), before[i]);
    }
    assert.equal(stats().flows.moved, 0);

    await eventually(() => assert.ok(plane.faults.isUp(0)));
    const [first, second] = [requestsOf(0), requestsOf(1)];
    const after = await Promise.all(clients.map((client) => client.ask("after", to)));
    assert.deepEqual([requestsOf(0) - first, requestsOf(1) - second], [24 - ofSecond, ofSecond]);
    for (const [i, reply] of after.entries()) if (isOfSecond[i]) assert.equal(tagOf(reply), before[i]);
    await assertConsistent(stats);
  });

  test("a reload while another stands in: listeners come and go for it, too", async (t) => {
    const { plane, warnings, to, backends, apply } = await openPlane(t, 2);
    const clients = await Promise.all(Array.from({ length: 12 }, () => UdpPeer.open(t)));
    await killUntilItPauses(plane, warnings);
    await apply(2, [backends[2]]);
    const replies = await Promise.all(clients.map((client) => client.ask("?", to)));
    assert.deepEqual(new Set(replies.map(tagOf)), new Set(["c"]));
  });

  test("a stand-in that dies: the other's clients wait for their own worker from then on", async (t) => {
    const { plane, warnings, to } = await openPlane(t, 2);
    const clients = await Promise.all(Array.from({ length: 12 }, () => UdpPeer.open(t)));
    await killUntilItPauses(plane, warnings);
    plane.faults.crashWorker(1);
    await crashed(warnings, 5);
    await eventually(() => assert.ok(plane.faults.isUp(1)));
    const before = plane.counters[0][listenerAt(0) + LISTENER.requests];
    const replies = await Promise.all(clients.map((client) => client.ask("?", to)));
    assert.equal(replies.length, 12, "all are answered once it is back");
    assert.ok(
      plane.counters[0][listenerAt(0) + LISTENER.requests] > before,
      "some by the first worker itself",
    );
  });

  test("drops of the kernel are counted once, by whichever worker", async (t) => {
    const { plane, warnings, to, stats } = await openPlane(t, 1);
    const client = await UdpPeer.open(t);
    await client.ask("before", to);
    const crash = async (count: number) => {
      plane.faults.crashWorker(0);
      await crashed(warnings, count);
    };
    await crash(1);
    await eventually(() => assert.ok(plane.faults.isUp(0)));
    await crash(2);
    // More than the queue holds, and nobody reads it. What comes after them tells of the drops.
    for (let i = 0; i < 6000; i++) client.send("x".repeat(1000), to);
    await eventually(() => assert.ok(plane.faults.isUp(0)));
    // It reads: what comes now finds room in the queue.
    await eventually(() => assert.ok(stats().listeners[0].requests.datagrams > 1));
    const other = await UdpPeer.open(t);
    await other.ask("told", to);
    const { queueDrops } = stats().listeners[0];
    assert.ok(queueDrops > 0);
    await crash(3);
    await eventually(() => assert.ok(plane.faults.isUp(0)));
    await other.ask("again", to);
    assert.equal(stats().listeners[0].queueDrops, queueDrops);
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
        // The dead worker's only upstream socket rests.
        const expected = [before[0] + 1, before[1]];
        await eventually(() => assert.deepEqual([descriptors(), threads()], expected, `crash ${crash}`));
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

  test("a worker that dies has its taps when it is there again; an end of its flow that was asked for is answered", async (t) => {
    const { plane, warnings, to } = await openPlane(t, 1);
    const client = await UdpPeer.open(t);
    await plane.setTap(2, { listenerSlot: 0, snapBytes: 10 });
    await client.ask("before", to);
    assert.deepEqual(
      plane.takeTapped()[0].copies.map(({ taps }) => taps),
      [4, 4],
    );
    const [{ id }] = plane.flows({ limit: 1 });
    plane.faults.crashWorker(0);
    assert.equal(await plane.endFlow(id), false);
    await crashed(warnings, 1);
    await eventually(() => assert.equal(plane.workers()[0].state, "running"));
    assert.equal(plane.workers()[0].restarts, 1);
    for (let i = 0; i < 10; i++) await client.ask("after", to);
    const after = plane.takeTapped()[0].copies;
    assert.ok(after.length > 10 && after.every(({ payload }) => payload.length <= 10), `${after.length}`);
    assert.equal(await plane.endFlow(id), false, "a new flow with the same number is another");
    assert.equal(plane.flows({ limit: 9 }).length, 1);
  });
});
