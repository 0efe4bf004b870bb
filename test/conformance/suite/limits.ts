/** Bounds on flows: what happens at them, and that the figures say so. */
import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import type { Balancer } from "#src/api.js";
import type { LimitsInput } from "#src/config/config.js";
import { proves } from "../../support/proves.js";
import { judged } from "./figures.js";
import {
  addressOf,
  listenerOn,
  type PlaneUnderTest,
  sideBySide,
  startBalancer,
  worldOf,
} from "./plane-under-test.js";

export function defineLimits(plane: PlaneUnderTest): void {
  const { openPeer, openBackend, openBackends, pass } = worldOf(plane);

  async function start(t: TestContext, limits: LimitsInput, idleTimeout = "120s"): Promise<Balancer> {
    const backend = await openBackend(t, "a");
    return startBalancer(t, plane, {
      listeners: [listenerOn("127.0.0.1:0", { idleTimeout })],
      pools: [{ affinity: "client", backends: [backend.entry] }],
      limits,
    });
  }

  const openClients = (t: TestContext, count: number, ip = "127.0.0.1") =>
    Promise.all(Array.from({ length: count }, () => openPeer(t, { ip })));

  describe("limits", sideBySide(plane), () => {
    test("maxFlows: one more client is dropped and counted, those inside go on", async (t) => {
      proves("both", "full");
      const balancer = await start(t, { maxFlows: 3 });
      const to = addressOf(balancer);
      const [outside, ...inside] = await openClients(t, 4);
      for (const client of inside) await client.ask("?", to);
      for (let i = 0; i < 5; i++) outside.send("?", to);
      await judged(balancer, 8);
      await Promise.all(inside.map((client) => client.ask("?", to)));
      await outside.gotNothing();
      const { drops, flows, listeners } = balancer.stats();
      assert.deepEqual([drops.flow_table_full, listeners[0].drops.flow_table_full], [5, 5]);
      assert.deepEqual([flows.active, flows.opened, flows.max], [3, 3, 3]);
    });

    test("maxFlows: there is room again when a flow has ended", async (t) => {
      const balancer = await start(t, { maxFlows: 1 });
      const [first, second] = await openClients(t, 2);
      await first.ask("?", addressOf(balancer));
      second.send("lost", addressOf(balancer));
      await judged(balancer, 2);
      await balancer.endFlow(balancer.flows()[0].id);
      assert.equal((await second.ask("!", addressOf(balancer))).text, "a:!");
    });

    test("evict-oldest: the flow that was used least recently makes room", async (t) => {
      proves("both", "full");
      const balancer = await start(t, { maxFlows: 3, onFull: "evict-oldest" });
      const to = addressOf(balancer);
      const [one, two, three, four] = await openClients(t, 4);
      for (const client of [one, two, three]) await client.ask("?", to);
      await four.ask("?", to);
      const clients = balancer.flows().map(({ client }) => client);
      assert.deepEqual(clients.sort(), [two, three, four].map(({ address }) => address).sort());
      const { flows, drops } = balancer.stats();
      assert.deepEqual([flows.ended.evicted, flows.active, drops.flow_table_full], [1, 3, 0]);
    });

    if (pass !== undefined) {
      test("evict-oldest: use is noted once in an eighth of the idle timeout", async (t) => {
        const balancer = await start(t, { maxFlows: 3, onFull: "evict-oldest" }, "8s");
        const to = addressOf(balancer);
        const [one, two, three, four] = await openClients(t, 4);
        for (const client of [one, two, three]) await client.ask("?", to);
        await pass(1001);
        await one.ask("?", to);
        await four.ask("?", to);
        const clients = balancer.flows().map(({ client }) => client);
        assert.deepEqual(clients.sort(), [one, three, four].map(({ address }) => address).sort());
      });
    }

    test("evict-oldest: everybody is served, however many they are", async (t) => {
      const balancer = await start(t, { maxFlows: 2, onFull: "evict-oldest" });
      for (const client of await openClients(t, 20)) await client.ask("?", addressOf(balancer));
      const { flows } = balancer.stats();
      assert.deepEqual([flows.active, flows.opened, flows.ended.evicted], [2, 20, 18]);
    });

    test("maxFlowsPerClientIp: a third port of an address is dropped, other addresses are not", async (t) => {
      const balancer = await start(t, { maxFlowsPerClientIp: 2 });
      const to = addressOf(balancer);
      const [one, two, three] = await openClients(t, 3, "127.0.1.1");
      const [other] = await openClients(t, 1, "127.0.1.2");
      for (const client of [one, two]) await client.ask("?", to);
      three.send("?", to);
      await judged(balancer, 3);
      for (const client of [other, one, two]) await client.ask("?", to);
      await three.gotNothing();
      const { drops, flows } = balancer.stats();
      assert.deepEqual([drops.client_flow_limit, flows.active], [1, 3]);
    });

    test("maxFlowsPerClientIp: set by a reload it counts the flows that are there", async (t) => {
      const [backend] = await openBackends(t, "a");
      const config = (maxFlowsPerClientIp: number | "none") => ({
        listeners: [listenerOn()],
        pools: [{ affinity: "client", backends: [backend.entry] }],
        limits: { maxFlowsPerClientIp },
      });
      const balancer = await startBalancer(t, plane, config("none"));
      const to = addressOf(balancer);
      const [one, two, three] = await openClients(t, 3);
      for (const client of [one, two]) await client.ask("?", to);
      await balancer.reload(config(2));
      three.send("?", to);
      await judged(balancer, 3);
      await Promise.all([one, two].map((client) => client.ask("?", to)));
      assert.equal(balancer.stats().drops.client_flow_limit, 1);
      await balancer.reload(config("none"));
      await three.ask("!", to);
    });
  });
}
