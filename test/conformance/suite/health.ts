/** Which backends are up: operators, probes, and what becomes of flows; refusals are in unreachable.ts, silence in silence.ts. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { BackendStateChange } from "#src/api.js";
import { tag, tagOf } from "../../support/backends.js";
import { proves } from "../../support/proves.js";
import { addressOf, onPlane, type PlaneUnderTest, startBalancer, worldOf } from "./plane-under-test.js";

export function defineHealth(plane: PlaneUnderTest): void {
  const { openPeer, openBackend, openBackends, eventually } = worldOf(plane);
  /** On sockets a healthy backend of a busy machine may take its time. */
  const FAST_PROBE = {
    probe: "ping",
    interval: "100ms",
    fastInterval: "100ms",
    timeout: plane.memory ? "50ms" : "1s",
    rise: 1,
    fall: 2,
  } as const;

  describe("health", () => {
    test("drain: a flow stays, new clients go elsewhere; after the deadline it moves", async (t) => {
      proves("both", "draining");
      const backends = await openBackends(t, "a", "b");
      const balancer = await startBalancer(t, plane, {
        listen: "127.0.0.1:0",
        affinity: "client",
        backends: backends.map(({ entry }) => entry),
      });
      const to = addressOf(balancer);
      const client = await openPeer(t);
      const home = tagOf(await client.ask("?", to));
      const other = home === "a" ? "b" : "a";
      balancer.backends.drain(home, { deadlineMs: 3_600_000 });
      await eventually(() => assert.equal(stateOf(balancer, home).admin, "draining"));
      assert.equal(tagOf(await client.ask("?", to)), home);
      for (let i = 0; i < 4; i++) assert.equal(tagOf(await (await openPeer(t)).ask("?", to)), other);
      balancer.backends.drain(home, { deadlineMs: 1 });
      await eventually(() => assert.equal(stateOf(balancer, home).admin, "disabled"));
      await eventually(async () => assert.equal(tagOf(await client.ask("?", to)), other));
      balancer.backends.enable(`default/${home}`);
      await eventually(() => assert.equal(stateOf(balancer, home).admin, "enabled"));
    });

    test("weight: set at run time, kept by a reload, told by an event", async (t) => {
      proves("both", "added");
      const backends = await openBackends(t, "a", "b");
      const config = { listen: "127.0.0.1:0", backends: backends.map(({ entry }) => entry) };
      const balancer = await startBalancer(t, plane, config);
      const changes: BackendStateChange[] = [];
      balancer.on("backend", (change) => changes.push(change));
      balancer.backends.weight("a", 3);
      await eventually(() => assert.equal(stateOf(balancer, "a").weight, 3));
      await balancer.reload({ ...config, idleTimeout: "30s" });
      const to = addressOf(balancer);
      const client = await openPeer(t);
      const names: string[] = [];
      for (let i = 0; i < 8; i++) names.push(tagOf(await client.ask("?", to)));
      assert.equal(names.filter((name) => name === "a").length, 6, names.join(""));
      assert.deepEqual(
        changes.map(({ backend, weight, reason }) => [backend, weight, reason]),
        [["a", 3, "weight 3 set by an operator"]],
      );
    });

    test("names that say nothing are refused", async (t) => {
      const [backend] = await openBackends(t, "a");
      const balancer = await startBalancer(t, plane, { listen: "127.0.0.1:0", backends: [backend.entry] });
      assert.throws(() => balancer.backends.drain("b"), { code: "BACKEND_UNKNOWN" });
      assert.throws(() => balancer.backends.weight("a", 1.5), { code: "ARGUMENT_INVALID" });
      assert.throws(() => balancer.backends.drain("a", { deadlineMs: -1 }), { code: "ARGUMENT_INVALID" });
    });

    test("probes: a backend that stops answering them loses its flows, and gets keys again when it is back", async (t) => {
      proves("both", "down", "up-again");
      let sick = false;
      const answerProbes = (backend: Parameters<typeof tag>[0], datagram: Parameters<typeof tag>[1]) => {
        if (!datagram.text.startsWith("PING ")) tag(backend, datagram);
        else if (!(sick && backend.name === "a"))
          backend.peer.send(datagram.text.toUpperCase(), datagram.from);
      };
      const a = await openBackend(t, "a", { answer: answerProbes });
      const b = await openBackend(t, "b", { answer: answerProbes });
      const balancer = await startBalancer(t, plane, {
        listen: "127.0.0.1:0",
        affinity: "client",
        backends: [a.entry, b.entry],
        health: FAST_PROBE,
      });
      const to = addressOf(balancer);
      const clients = [await openPeer(t), await openPeer(t)];
      const before = [tagOf(await clients[0].ask("?", to)), tagOf(await clients[1].ask("?", to))];
      assert.deepEqual([...before].sort(), ["a", "b"]);
      sick = true;
      await eventually(() => assert.equal(stateOf(balancer, "a").health, "down"));
      for (const client of clients) assert.equal(tagOf(await client.ask("?", to)), "b");
      assert.equal(balancer.stats().flows.moved, 1);
      sick = false;
      await eventually(() => assert.equal(stateOf(balancer, "a").health, "up"));
      for (const client of clients) assert.equal(tagOf(await client.ask("?", to)), "b");
      assert.equal(tagOf(await (await openPeer(t)).ask("?", to)), "a");
    });

    test("failOpen: with everybody down, everybody is asked; without it, nobody", async (t) => {
      proves("both", "down");
      const [a] = await openBackends(t, "a");
      const pool = { name: "p", health: FAST_PROBE, backends: [a.entry] };
      const config = (failOpen: boolean) => ({
        listeners: [{ name: "main", address: "127.0.0.1:0" }],
        pools: [{ ...pool, failOpen }],
      });
      const balancer = await startBalancer(t, plane, config(true));
      const client = await openPeer(t);
      await eventually(() => assert.equal(stateOf(balancer, "a").health, "failing"));
      assert.equal(tagOf(await client.ask("?", addressOf(balancer))), "a");
      await balancer.reload(onPlane(plane, config(false)));
      client.send("?", addressOf(balancer));
      await eventually(() => assert.equal(balancer.stats().drops.no_backend, 1));
    });

    test("backups get keys only while nobody else is up", async (t) => {
      proves("both", "backup-over");
      const [a, spare] = await openBackends(t, "a", "spare");
      const balancer = await startBalancer(t, plane, {
        listen: "127.0.0.1:0",
        backends: [a.entry, { ...spare.entry, backup: true }],
      });
      const to = addressOf(balancer);
      const client = await openPeer(t);
      for (let i = 0; i < 3; i++) assert.equal(tagOf(await client.ask("?", to)), "a");
      balancer.backends.disable("a");
      await eventually(async () => assert.equal(tagOf(await client.ask("?", to)), "spare"));
      balancer.backends.enable("a");
      await eventually(async () => assert.equal(tagOf(await client.ask("?", to)), "a"));
    });
  });
}

function stateOf(balancer: Awaited<ReturnType<typeof startBalancer>>, name: string) {
  const found = balancer.stats().backends.find((backend) => backend.name === name);
  assert.ok(found, `no backend ${name}`);
  return found;
}
