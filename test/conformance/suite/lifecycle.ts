/** Starting, events, and the ways to close. */
import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import type { ListenError } from "#src/core/errors.js";
import { FakeClock } from "#src/core/fake-clock.testing.js";
import { ownAddress, tagOf } from "../../support/backends.js";
import { proves } from "../../support/proves.js";
import {
  addressOf,
  type PlaneUnderTest,
  placeOf,
  sideBySide,
  startBalancer,
  worldOf,
} from "./plane-under-test.js";

const HOUR_MS = 3_600_000;

export function defineLifecycle(plane: PlaneUnderTest): void {
  const { clock, openPeer, openBackends, openTraffic, eventually, until, pass } = worldOf(plane);

  async function short(t: TestContext, listen: string | string[] = `${ownAddress()}:0`) {
    const [a] = await openBackends(t, "a");
    return { listen, affinity: "client", backends: [a.entry] };
  }

  describe("life of a balancer", sideBySide(plane), () => {
    test("port 0: the system's choice is told, and runs on the plane that was asked for", async (t) => {
      const balancer = await startBalancer(t, plane, await short(t, ["127.0.0.1:0", "127.0.0.2:0"]));
      const addresses = balancer.listeners.map(({ address }) => address);
      assert.match(addresses.join(" "), /^127\.0\.0\.1:[1-9]\d* 127\.0\.0\.2:[1-9]\d*$/);
      assert.equal(balancer.plane, plane.name);
      assert.equal(balancer.stats().plane, plane.name);
      const client = await openPeer(t);
      for (const to of addresses) assert.equal((await client.ask("?", to)).from, to);
    });

    test("an address in use: ListenError, and nothing is left open", async (t) => {
      const [taken, free] = [await openPeer(t), await openPeer(t, { ip: ownAddress() })];
      free.close();
      const config = await short(t, [free.address, taken.address]);
      await assert.rejects(startBalancer(t, plane, config), (error: ListenError) => {
        assert.deepEqual(
          [error.name, error.code, error.address],
          ["ListenError", "LISTEN_FAILED", taken.address],
        );
        assert.match(error.message, /in use/);
        assert.equal((error.cause as NodeJS.ErrnoException).code, "EADDRINUSE");
        return true;
      });
      await openPeer(t, placeOf(free.address));
    });

    test("a second balancer on the same address is refused, whatever its workers", async (t) => {
      const config = await short(t);
      const first = await startBalancer(t, plane, { ...config, workers: 2 });
      for (const workers of [1, 2]) {
        const second = startBalancer(t, plane, { ...config, listen: addressOf(first), workers });
        await assert.rejects(second, { code: "LISTEN_FAILED" });
      }
      assert.equal(tagOf(await (await openPeer(t)).ask("?", addressOf(first))), "a");
    });

    test("two balancers in one process do not notice each other", async (t) => {
      const configs = [await short(t), await short(t)];
      const [one, other] = await Promise.all(configs.map((config) => startBalancer(t, plane, config)));
      const client = await openPeer(t);
      for (let i = 0; i < 3; i++) {
        await client.ask("?", addressOf(one));
        await client.ask("?", addressOf(other));
      }
      await one.close({ graceMs: 0 });
      await client.ask("?", addressOf(other));
      assert.deepEqual(
        [one, other].map((balancer) => balancer.stats().listeners[0].requests.datagrams),
        [3, 4],
      );
    });

    test("events: listening and reload with what they are about, close at the end", async (t) => {
      proves("both", "stop");
      const config = await short(t);
      const balancer = await startBalancer(t, plane, config);
      const seen: unknown[] = [];
      balancer.on("listening", (listeners) => seen.push(["listening", listeners]));
      balancer.on("reload", ({ version }) => seen.push(["reload", version]));
      balancer.on("reloadFailed", ({ message }) => seen.push(["reloadFailed", message !== ""]));
      balancer.on("close", () => seen.push(["close"]));
      await balancer.reload(config);
      await assert.rejects(balancer.reload({ listen: "nowhere", backends: [] }), { name: "ConfigError" });
      const off = () => seen.push("off");
      balancer.on("reload", off).off("reload", off);
      await balancer.reload(config);
      const { listeners } = balancer;
      await balancer.close({ graceMs: 0 });
      assert.deepEqual(seen, [
        ["listening", listeners],
        ["reload", 2],
        ["reloadFailed", true],
        ["listening", listeners],
        ["reload", 3],
        ["close"],
      ]);
    });

    test("close({ graceMs: 0 }): flows end, the address is free, figures can still be read", async (t) => {
      const balancer = await startBalancer(t, plane, await short(t));
      const to = addressOf(balancer);
      await (await openPeer(t)).ask("?", to);
      await until(balancer.close({ graceMs: 0 }));
      await openPeer(t, placeOf(to));
      const { flows, listeners } = balancer.stats();
      assert.deepEqual([flows.active, flows.ended.closed, listeners[0].requests.datagrams], [0, 1, 1]);
      assert.deepEqual(balancer.flows(), []);
      await balancer.close();
      await assert.rejects(balancer.reload(await short(t)), { code: "CLOSED" });
    });

    test("close with grace forwards while datagrams pass, and ends when the time is over", async (t) => {
      proves("both", "stop");
      const clock = plane.memory?.clock ?? new FakeClock();
      const balancer = await startBalancer(t, plane, await short(t), { clock });
      const traffic = await openTraffic(t, addressOf(balancer), { clients: 2, everyMs: 5 });
      await traffic.answered(2);
      let isClosed = false;
      const closed = balancer.close({ graceMs: 800 }).then(() => {
        isClosed = true;
      });
      await traffic.answered(20);
      assert.equal(isClosed, false);
      await clock.pass(850);
      await until(closed);
    });

    test("close with grace ends early when no flow is active", async (t) => {
      const idle = await startBalancer(t, plane, await short(t));
      await until(idle.close({ graceMs: HOUR_MS }));
      const quiet = await startBalancer(t, plane, await short(t));
      await (await openPeer(t)).ask("?", addressOf(quiet));
      await until(quiet.close({ graceMs: HOUR_MS }));
    });

    test("a second close with graceMs 0 cuts a waiting one short", async (t) => {
      const clock = plane.memory?.clock ?? new FakeClock();
      const balancer = await startBalancer(t, plane, await short(t), { clock });
      const traffic = await openTraffic(t, addressOf(balancer), { clients: 1 });
      await traffic.answered(1);
      const first = balancer.close({ graceMs: HOUR_MS });
      await traffic.answered(5);
      const second = balancer.close({ graceMs: 0 });
      await clock.pass(50);
      await until(Promise.all([first, second]));
    });

    if (pass !== undefined) {
      test("close with grace: to the millisecond, and a second after the last datagram", async (t) => {
        for (const [graceMs, quietFrom, expected] of [
          [800, 800, 800],
          [10_000, 300, 1300],
        ]) {
          const balancer = await startBalancer(t, plane, await short(t));
          const traffic = await openTraffic(t, addressOf(balancer), { clients: 1, everyMs: 5 });
          await traffic.answered(1);
          const startMs = clock.now();
          let closedMs = 0;
          void balancer.close({ graceMs }).then(() => {
            closedMs = clock.now() - startMs;
          });
          await pass(quietFrom);
          traffic.halt();
          await pass(graceMs);
          assert.ok(closedMs >= expected && closedMs <= expected + 50, `${closedMs}`);
        }
      });
    }

    test("an AbortSignal closes at once; an aborted one starts nothing", async (t) => {
      const config = await short(t);
      const abort = new AbortController();
      const balancer = await startBalancer(t, plane, config, { signal: abort.signal });
      const to = addressOf(balancer);
      const closed = new Promise<void>((resolve) => balancer.on("close", resolve));
      abort.abort();
      await until(closed);
      await openPeer(t, placeOf(to));
      const listen = (await openPeer(t)).address;
      await assert.rejects(startBalancer(t, plane, { ...config, listen }, { signal: abort.signal }), {
        name: "AbortError",
      });
    });

    test("asyncDispose closes", async (t) => {
      const balancer = await startBalancer(t, plane, { ...(await short(t)), grace: "0s" });
      const to = addressOf(balancer);
      await balancer[Symbol.asyncDispose]();
      await openPeer(t, placeOf(to));
    });

    test("a reload under way when close is called is finished first", async (t) => {
      const config = await short(t);
      const balancer = await startBalancer(t, plane, config);
      const reloaded = balancer.reload(config);
      const closed = balancer.close({ graceMs: 0 });
      await Promise.allSettled([reloaded, closed]);
      await closed;
      await eventually(() => assert.equal(balancer.stats().flows.active, 0));
      await openPeer(t, placeOf(addressOf(balancer)));
    });
  });
}
