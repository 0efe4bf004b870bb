/** Who may pass and how much: a flood, the lists, and replies to clients who may not be who they seem. */
import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import type { GuardInput } from "#src/config/guard-config.js";
import type { BackendOptions } from "../../support/backends.js";
import { judged } from "./figures.js";
import {
  addressOf,
  listenerOn,
  type PlaneUnderTest,
  sideBySide,
  startBalancer,
  type World,
  worldOf,
} from "./plane-under-test.js";

export function defineGuard(plane: PlaneUnderTest): void {
  const { clock, openPeer, openBackend, eventually, pass } = worldOf(plane);

  async function start(t: TestContext, guard: GuardInput, answer?: BackendOptions["answer"]) {
    const backend = await openBackend(t, "a", answer ? { answer } : {});
    const config = (next: GuardInput) => ({
      listeners: [{ ...listenerOn(), guard: next }],
      pools: [{ affinity: "client", backends: [backend.entry] }],
    });
    const balancer = await startBalancer(t, plane, config(guard));
    return {
      backend,
      balancer,
      to: addressOf(balancer),
      reload: (next: GuardInput) => balancer.reload(config(next)),
    };
  }

  const open = (t: TestContext, ip = "127.0.0.1") => openPeer(t, { ip });

  describe("guard", sideBySide(plane), () => {
    test("a flood from one address: what is beyond its rate is dropped, an honest client keeps its answers", async (t) => {
      const { balancer, to, backend } = await start(t, { perClient: { datagrams: "50/s", burst: "500ms" } });
      const flooders = await Promise.all([1, 2, 3].map(() => open(t, "127.0.9.1")));
      const honest = await open(t, "127.0.9.2");
      const startMs = clock.now();
      let sent = 0;
      for (let round = 0; round < 20; round++) {
        for (let i = 0; i < 40; i++, sent++) flooders[i % 3].send("flood", to);
        assert.equal((await honest.ask(`${round}`, to)).text, `a:${round}`);
        await pass?.(10);
      }
      await judged(balancer, sent + 20);
      const most = 25 + (50 * (clock.now() - startMs)) / 1000 + 1;
      const { drops, listeners } = balancer.stats();
      const passed = sent - drops.rate_datagrams;
      assert.equal(listeners[0].drops.rate_datagrams, drops.rate_datagrams);
      await eventually(() => assert.equal(backend.got.filter(({ text }) => text === "flood").length, passed));
      assert.ok(passed >= 25 && passed <= most, `${passed} of ${sent} passed, expected 25 to ${most}`);
    });

    test("deny, allow: only who may pass has an answer, from the reload on", async (t) => {
      const { balancer, to, backend, reload } = await start(t, { deny: ["127.0.9.0/24"] });
      const denied = await open(t, "127.0.9.1");
      const other = await open(t, "127.0.10.1");
      denied.send("no", to);
      await other.ask("yes", to);
      await judged(balancer, 2);
      await denied.gotNothing();
      assert.equal(balancer.stats().drops.denied, 1);
      await reload({ allow: ["127.0.9.1"] });
      await denied.ask("yes", to);
      other.send("no", to);
      await judged(balancer, 4);
      await other.gotNothing();
      assert.equal(balancer.stats().drops.not_allowed, 1);
      assert.ok(backend.got.every(({ text }) => text === "yes"));
    });

    if (pass !== undefined) defineInTime(pass);

    test("amplification: no more than so many bytes come back until the client goes on", async (t) => {
      const { balancer, to } = await start(t, { amplification: 3 }, ({ peer }, { from }) => {
        for (let i = 0; i < 10; i++) peer.send(Buffer.alloc(100), from);
      });
      const client = await open(t);
      client.send(Buffer.alloc(100), to);
      await client.take(3);
      await eventually(() => assert.equal(balancer.stats().replyDrops.amplification, 7));
      await client.gotNothing();
      client.send(Buffer.alloc(1), to);
      await client.take(10);
      const [listener] = balancer.stats().listeners;
      assert.deepEqual(listener.replies, { datagrams: 13, bytes: 1300 });
      assert.equal(balancer.stats().backends[0].replies.datagrams, 20);
    });
  });

  /** Rates of so few datagrams a second that a machine which stops for a moment would add one. */
  function defineInTime(pass: NonNullable<World["pass"]>): void {
    test("perNetwork: the addresses of one network share its rate", async (t) => {
      const { balancer, to } = await start(t, { perNetwork: { datagrams: "1/s", burst: "4s" } });
      const clients = await Promise.all([1, 2, 3, 4].map((host) => open(t, `127.0.9.${host}`)));
      for (const client of clients) await client.ask("?", to);
      clients[0].send("!", to);
      await (await open(t, "127.0.10.1")).ask("?", to);
      await judged(balancer, 6);
      assert.equal(balancer.stats().drops.rate_datagrams, 1);
    });

    test("newFlows: so many flows, and those that are there go on", async (t) => {
      const { balancer, to } = await start(t, { perClient: { newFlows: "1/s", burst: "2s" } });
      const [one, two, three] = await Promise.all([1, 2, 3].map(() => open(t)));
      for (const client of [one, two]) await client.ask("?", to);
      three.send("?", to);
      await judged(balancer, 3);
      for (let i = 0; i < 5; i++) await one.ask("?", to);
      await three.gotNothing();
      assert.deepEqual([balancer.stats().drops.rate_new_flows, balancer.stats().flows.active], [1, 2]);
    });

    test("what is known of clients outlives a reload that leaves the rates alone", async (t) => {
      const perClient = { datagrams: "1/s", burst: "3s" };
      const { balancer, to, reload } = await start(t, { perClient });
      const client = await open(t);
      for (let i = 0; i < 3; i++) await client.ask("?", to);
      await reload({ perClient, deny: ["192.0.2.0/24"] });
      client.send("?", to);
      await judged(balancer, 4);
      assert.equal(balancer.stats().drops.rate_datagrams, 1);
      await reload({ perClient: { ...perClient, burst: "4s" } });
      await client.ask("?", to);
    });

    test("a rate lets one more pass as soon as its time has come, and not before", async (t) => {
      const { balancer, to } = await start(t, { perClient: { datagrams: "2/s", burst: "1s" } });
      const client = await open(t);
      for (let i = 0; i < 2; i++) await client.ask("?", to);
      await pass(499);
      client.send("too soon", to);
      await client.gotNothing();
      await client.ask("?", to);
      assert.equal(balancer.stats().drops.rate_datagrams, 1);
    });
  }
}
