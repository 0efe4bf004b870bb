/** Starting, events, and the ways to close. */
import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import { createBalancer } from "#src/balancer.js";
import type { ListenError } from "#src/core/errors.js";
import { openBackends, tagOf } from "../../support/backends.js";
import { proves } from "../../support/proves.js";
import { openSteadyTraffic } from "../../support/steady-traffic.js";
import { UdpPeer } from "../../support/udp-peer.js";
import { eventually, within } from "../../support/waiting.js";
import { addressOf, onPlane, type PlaneUnderTest, SIDE_BY_SIDE, startBalancer } from "./plane-under-test.js";

const portOf = (address: string) => Number(address.slice(address.lastIndexOf(":") + 1));

export function defineLifecycle(plane: PlaneUnderTest): void {
  async function short(t: TestContext, listen: string | string[] = "127.0.0.1:0") {
    const [a] = await openBackends(t, "a");
    return { listen, affinity: "client", backends: [a.entry] };
  }

  describe("life of a balancer", SIDE_BY_SIDE, () => {
    test("port 0: the system's choice is told, and runs on the plane that was asked for", async (t) => {
      const balancer = await startBalancer(t, plane, await short(t, ["127.0.0.1:0", "127.0.0.2:0"]));
      const addresses = balancer.listeners.map(({ address }) => address);
      assert.match(addresses.join(" "), /^127\.0\.0\.1:[1-9]\d* 127\.0\.0\.2:[1-9]\d*$/);
      assert.equal(balancer.plane, plane.name);
      assert.equal(balancer.stats().plane, plane.name);
      const client = await UdpPeer.open(t);
      for (const to of addresses) assert.equal((await client.ask("?", to)).from, to);
    });

    test("an address in use: ListenError, and nothing is left open", async (t) => {
      const [taken, free] = [await UdpPeer.open(t), await UdpPeer.open(t)];
      free.close();
      const config = onPlane(plane, await short(t, [free.address, taken.address]));
      await assert.rejects(createBalancer(config), (error: ListenError) => {
        assert.deepEqual(
          [error.name, error.code, error.address],
          ["ListenError", "LISTEN_FAILED", taken.address],
        );
        assert.match(error.message, /in use/);
        assert.equal((error.cause as NodeJS.ErrnoException).code, "EADDRINUSE");
        return true;
      });
      await UdpPeer.open(t, { port: free.port });
    });

    test("a second balancer on the same address is refused, whatever its workers", async (t) => {
      const config = await short(t);
      const first = await startBalancer(t, plane, { ...config, workers: 2 });
      for (const workers of [1, 2]) {
        const second = onPlane(plane, { ...config, listen: addressOf(first), workers });
        await assert.rejects(createBalancer(second), { code: "LISTEN_FAILED" });
      }
      assert.equal(tagOf(await (await UdpPeer.open(t)).ask("?", addressOf(first))), "a");
    });

    test("two balancers in one process do not notice each other", async (t) => {
      const configs = [await short(t), await short(t)];
      const [one, other] = await Promise.all(configs.map((config) => startBalancer(t, plane, config)));
      const client = await UdpPeer.open(t);
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
      await (await UdpPeer.open(t)).ask("?", to);
      await within(balancer.close({ graceMs: 0 }), "close", 1000);
      await UdpPeer.open(t, { port: portOf(to) });
      const { flows, listeners } = balancer.stats();
      assert.deepEqual([flows.active, flows.ended.closed, listeners[0].requests.datagrams], [0, 1, 1]);
      assert.deepEqual(balancer.flows(), []);
      await balancer.close();
      await assert.rejects(balancer.reload(await short(t)), { code: "CLOSED" });
    });

    test("close with grace forwards while datagrams pass, and ends when the time is over", async (t) => {
      proves("both", "stop");
      const balancer = await startBalancer(t, plane, await short(t));
      const traffic = await openSteadyTraffic(t, addressOf(balancer), { clients: 2, everyMs: 5 });
      await traffic.answered(2);
      const startMs = performance.now();
      const closed = balancer.close({ graceMs: 800 });
      await traffic.answered(20);
      assert.ok(performance.now() - startMs < 800, "20 answers came before the grace was over");
      await within(closed, "close", 3000);
      const tookMs = performance.now() - startMs;
      assert.ok(tookMs >= 790, `closed after ${tookMs} ms`);
    });

    test("close with grace ends early when no flow is active", async (t) => {
      const idle = await startBalancer(t, plane, await short(t));
      await within(idle.close({ graceMs: 60_000 }), "close without traffic", 2000);
      const quiet = await startBalancer(t, plane, await short(t));
      await (await UdpPeer.open(t)).ask("?", addressOf(quiet));
      await within(quiet.close({ graceMs: 60_000 }), "close after the last datagram", 4000);
    });

    test("a second close with graceMs 0 cuts a waiting one short", async (t) => {
      const balancer = await startBalancer(t, plane, await short(t));
      const traffic = await openSteadyTraffic(t, addressOf(balancer), { clients: 1 });
      await traffic.answered(1);
      const first = balancer.close({ graceMs: 60_000 });
      await traffic.answered(5);
      await within(balancer.close({ graceMs: 0 }), "the second close", 2000);
      await within(first, "the first close", 100);
    });

    test("an AbortSignal closes at once; an aborted one starts nothing", async (t) => {
      const config = await short(t);
      const abort = new AbortController();
      const balancer = await startBalancer(t, plane, config, { signal: abort.signal });
      const to = addressOf(balancer);
      const closed = new Promise<void>((resolve) => balancer.on("close", resolve));
      abort.abort();
      await within(closed, "the close event", 2000);
      await UdpPeer.open(t, { port: portOf(to) });
      const listen = (await UdpPeer.open(t)).address;
      await assert.rejects(createBalancer(onPlane(plane, { ...config, listen }), { signal: abort.signal }), {
        name: "AbortError",
      });
    });

    test("asyncDispose closes", async (t) => {
      const balancer = await startBalancer(t, plane, { ...(await short(t)), grace: "0s" });
      const to = addressOf(balancer);
      await balancer[Symbol.asyncDispose]();
      await UdpPeer.open(t, { port: portOf(to) });
    });

    test("a reload under way when close is called is finished first", async (t) => {
      const config = await short(t);
      const balancer = await startBalancer(t, plane, config);
      const reloaded = balancer.reload(config);
      const closed = balancer.close({ graceMs: 0 });
      await Promise.allSettled([reloaded, closed]);
      await closed;
      await eventually(() => assert.equal(balancer.stats().flows.active, 0));
      await UdpPeer.open(t, { port: portOf(addressOf(balancer)) });
    });
  });
}
