/** What people see and do while it runs: flows by id and filter, ends of flows, events, plans, explanations. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { FlowFilter, OperatorAction } from "#src/api.js";
import { tagOf } from "../../support/backends.js";
import { addressOf, onPlane, type PlaneUnderTest, startBalancer, worldOf } from "./plane-under-test.js";

export function defineOperator(plane: PlaneUnderTest): void {
  const { openPeer, openBackends, eventually } = worldOf(plane);

  describe("operator", () => {
    test("flows have ids, filters and pages; an id is never given twice", async (t) => {
      const backends = await openBackends(t, "a", "b");
      const balancer = await startBalancer(t, plane, {
        listen: "127.0.0.1:0",
        affinity: "client",
        backends: backends.map(({ entry }) => entry),
      });
      const to = addressOf(balancer);
      const clients = await Promise.all(
        ["127.0.1.1", "127.0.1.1", "127.0.2.1", "127.0.3.1"].map((ip) => openPeer(t, { ip })),
      );
      for (const client of clients) await client.ask("?", to);
      const all = balancer.flows();
      assert.equal(new Set(all.map(({ id }) => id)).size, 4);
      const count = (filter: FlowFilter) => balancer.flows(filter).length;
      assert.equal(count({ client: "127.0.1.1" }), 2);
      assert.equal(count({ client: clients[0].address }), 1);
      assert.equal(count({ client: "127.0.0.0/14" }), 4);
      assert.equal(count({ client: "127.0.2.0/23" }), 2);
      assert.equal(count({ backend: "a" }) + count({ backend: "default/b" }), 4);
      assert.equal(count({ listener: "nobody" }), 0);
      assert.equal(count({ pool: "default", listener: balancer.listeners[0].name }), 4);
      const pages: string[] = [];
      for (let page = balancer.flows({ limit: 3 }); page.length > 0; ) {
        pages.push(...page.map(({ id }) => id));
        page = balancer.flows({ limit: 3, after: pages.at(-1) as string });
      }
      assert.deepEqual(
        pages,
        all.map(({ id }) => id),
      );
      assert.throws(() => balancer.flows({ after: "x" }), { code: "ARGUMENT_INVALID" });
    });

    test("endFlow ends one flow, once; its client goes on with a new one", async (t) => {
      const backends = await openBackends(t, "a");
      const balancer = await startBalancer(t, plane, {
        listen: "127.0.0.1:0",
        affinity: "client",
        backends: backends.map(({ entry }) => entry),
      });
      const actions: OperatorAction[] = [];
      balancer.on("operator", (action) => actions.push(action));
      const to = addressOf(balancer);
      const [client, other] = [await openPeer(t), await openPeer(t)];
      for (const one of [client, other]) await one.ask("?", to);
      const [{ id }] = balancer.flows({ client: client.address });
      assert.equal(await balancer.endFlow(id, { by: "token", from: "192.0.2.7" }), true);
      assert.equal(await balancer.endFlow(id), false);
      assert.deepEqual(
        balancer.flows().map((flow) => flow.client),
        [other.address],
      );
      const [{ ended, activeFlows, openedFlows }] = balancer.stats().listeners;
      assert.deepEqual([ended.operator, activeFlows, openedFlows], [1, 1, 2]);
      await client.ask("?", to);
      const [again] = balancer.flows({ client: client.address });
      assert.notEqual(again.id, id);
      assert.equal(await balancer.endFlow(id), false);
      assert.equal(await balancer.endFlow("99-0-00000"), false);
      await assert.rejects(balancer.endFlow("nonsense"), { code: "ARGUMENT_INVALID" });
      assert.deepEqual(actions, [
        { action: "end-flow", target: id, by: "token", from: "192.0.2.7", detail: "" },
      ]);
    });

    test("what somebody changes is an event, with who it was", async (t) => {
      const backends = await openBackends(t, "a", "b");
      const config = { listen: "127.0.0.1:0", backends: backends.map(({ entry }) => entry) };
      const balancer = await startBalancer(t, plane, config);
      const actions: OperatorAction[] = [];
      balancer.on("operator", (action) => actions.push(action));
      const actor = { by: "socket" } as const;
      balancer.backends.drain("a", { deadlineMs: 60_000 }, actor);
      balancer.backends.weight("default/b", 5, { by: "token", from: "192.0.2.7" });
      balancer.backends.disable("a", actor);
      balancer.backends.enable("a");
      assert.throws(() => balancer.backends.weight("b", -1, actor));
      assert.throws(() => balancer.backends.enable("c", actor));
      await balancer.reload(onPlane(plane, config), { by: "local" });
      assert.deepEqual(
        actions.map(({ action, target, by, from, detail }) => [action, target, by, from, detail]),
        [
          ["drain", "default/a", "socket", undefined, "deadline 60000 ms"],
          ["weight", "default/b", "token", "192.0.2.7", "weight 5"],
          ["disable", "default/a", "socket", undefined, ""],
          ["enable", "default/a", "program", undefined, ""],
          ["reload", "", "local", undefined, "version 2: nothing changed"],
        ],
      );
    });

    test("config is what is in force, and can be put in force again", async (t) => {
      const [{ entry }] = await openBackends(t, "a");
      const health = { probe: { type: "radius", secret: "never shown" }, interval: "1h" } as const;
      const config = { listen: "127.0.0.1:0", backends: [entry], health };
      const balancer = await startBalancer(t, plane, config);
      assert.deepEqual([balancer.config.version, balancer.config.source], [1, "program"]);
      const { document } = balancer.config;
      assert.ok(!JSON.stringify(document).includes("never shown"));
      const none = { added: [], removed: [], changed: [] };
      const { listeners, pools, backends } = await balancer.reload(document, { by: "token" });
      assert.deepEqual([listeners, pools, backends], [none, none, none]);
      assert.deepEqual(balancer.config, { version: 2, source: "api", document });
    });

    test("plan says what a reload then does", async (t) => {
      const backends = await openBackends(t, "a", "b");
      const config = (count: number) => ({
        listen: "127.0.0.1:0",
        affinity: "client",
        backends: backends.slice(0, count).map(({ entry }) => entry),
      });
      const balancer = await startBalancer(t, plane, config(2));
      const to = addressOf(balancer);
      const clients = await Promise.all([1, 2, 3, 4].map(() => openPeer(t)));
      for (const client of clients) await client.ask("?", to);
      const onB = balancer.flows({ backend: "b" }).length;
      const plan = await balancer.plan(config(1));
      assert.deepEqual(plan.backends.removed, ["default/b"]);
      assert.deepEqual(plan.flows, { live: 4, kept: 4 - onB, moved: onB, ended: 0 });
      assert.deepEqual(balancer.stats().backends.length, 2);
      await assert.rejects(balancer.plan({ listen: "nowhere", backends: [] }), { code: "CONFIG_INVALID" });
      const { backends: changes } = await balancer.reload(config(1));
      assert.deepEqual(changes, plan.backends);
      for (const client of clients) await client.ask("?", to);
      assert.equal(balancer.stats().flows.moved, onB);
    });

    test("explain says where a client's datagrams go", async (t) => {
      const backends = await openBackends(t, "a", "b", "c");
      const balancer = await startBalancer(t, plane, {
        listeners: [
          { name: "maglev", address: "127.0.0.1:0", pool: "m" },
          { name: "near", address: "127.0.0.1:0", pool: "n" },
        ],
        pools: [
          { name: "m", policy: "maglev", affinity: "client", backends: backends.map(({ entry }) => entry) },
          { name: "n", affinity: "client-ip", backends: backends.map(({ entry }) => entry) },
        ],
      });
      for (let i = 0; i < 10; i++) {
        const client = await openPeer(t);
        const before = balancer.explain({ client: client.address, listener: "maglev" });
        const tag = tagOf(await client.ask("?", addressOf(balancer, "maglev")));
        assert.deepEqual([before.verdict, before.backend], ["chosen", tag]);
        const after = balancer.explain({ client: client.address, listener: "maglev" });
        assert.deepEqual([after.verdict, after.backend], ["flow", tag]);
        assert.equal(after.flow, balancer.flows({ client: client.address })[0].id);
      }
      const [one, two] = [await openPeer(t, { ip: "127.0.4.1" }), await openPeer(t, { ip: "127.0.4.1" })];
      const before = balancer.explain({ client: "127.0.4.1", listener: "near" });
      assert.equal(before.verdict, "next");
      assert.deepEqual(
        before.candidates.map(({ chance }) => chance),
        [1 / 3, 1 / 3, 1 / 3],
      );
      const tag = tagOf(await one.ask("?", addressOf(balancer, "near")));
      const bound = balancer.explain({ client: two.address, listener: "near" });
      assert.deepEqual([bound.verdict, bound.backend, bound.key], ["binding", tag, "127.0.4.1"]);
      assert.equal(tagOf(await two.ask("?", addressOf(balancer, "near"))), tag);
      balancer.backends.disable("n/a");
      balancer.backends.disable("n/b");
      balancer.backends.disable("n/c");
      await eventually(() => {
        const gone = balancer.explain({ client: "127.0.5.1", listener: "near" });
        assert.deepEqual([gone.verdict, gone.dropReason], ["dropped", "no_backend"]);
      });
      assert.throws(() => balancer.explain({ client: "127.0.0.1:1" }), { code: "LISTENER_AMBIGUOUS" });
      assert.throws(() => balancer.explain({ client: "127.0.0.1:1", listener: "x" }), {
        code: "LISTENER_UNKNOWN",
      });
      for (const client of ["", "host:1", "127.0.0.1"])
        assert.throws(() => balancer.explain({ client, listener: "maglev" }), { code: "ARGUMENT_INVALID" });
    });

    test("stats tell of readiness, workers and probes", async (t) => {
      const backends = await openBackends(t, "a", "b");
      await backends[1].peer.close();
      const balancer = await startBalancer(t, plane, {
        listen: "127.0.0.1:0",
        backends: backends.map(({ entry }) => entry),
        health: { probe: "ping", interval: "200ms", fastInterval: "100ms", timeout: "50ms", fall: 100 },
      });
      const { ready, workers } = balancer.stats();
      assert.deepEqual(ready.awaiting.slice(-1), ["first probe of default/b"]);
      assert.equal(ready.isReady, false);
      assert.equal(workers.length, plane.workers);
      for (const [i, { index, state, restarts, cpuMs }] of workers.entries()) {
        assert.deepEqual([index, state, restarts], [i, "running", 0]);
        assert.ok(cpuMs !== undefined && cpuMs > 0);
      }
      await eventually(() => assert.deepEqual(balancer.stats().ready, { isReady: true, awaiting: [] }));
      await eventually(() => {
        const [, b] = balancer.stats().backends;
        assert.ok(
          b.probes !== undefined && b.probes.failed > 1 && b.probes.ok === 0,
          JSON.stringify(b.probes),
        );
        assert.match(b.probes.lastError ?? "", /refused|no answer/);
      });
      const closing = balancer.close();
      assert.equal(balancer.stats().ready.isReady, false);
      await closing;
    });
  });
}
