/** When flows end: idle timeout, lifetime, and the four kinds of conversation that requests and responses describe. */
import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import type { Balancer } from "#src/api.js";
import type { SessionInput } from "#src/config/config.js";
import { type BackendOptions, silent, tag, tagOf } from "../../support/backends.js";
import { proves } from "../../support/proves.js";
import {
  addressOf,
  listenerOn,
  onPlane,
  type PlaneUnderTest,
  sideBySide,
  startBalancer,
  type World,
  worldOf,
} from "./plane-under-test.js";

export function defineSession(plane: PlaneUnderTest): void {
  const { openPeer, openBackend, eventually, pass } = worldOf(plane);

  /** A balancer with affinity client over backends a, b and c: each new flow of a client shows by its backend. */
  async function start(t: TestContext, session: SessionInput, options: BackendOptions = {}) {
    const backends = await Promise.all(["a", "b", "c"].map((name) => openBackend(t, name, options)));
    const config = (next: SessionInput) => ({
      listeners: [listenerOn("127.0.0.1:0", next)],
      pools: [{ affinity: "client", backends: backends.map(({ entry }) => entry) }],
    });
    const balancer = await startBalancer(t, plane, config(session));
    /** A timeout that begins only now: whatever the machine did meanwhile, no flow has ended. */
    const change = (next: SessionInput) => balancer.reload(onPlane(plane, config(next)));
    return { balancer, backends, client: await openPeer(t), to: addressOf(balancer), change };
  }

  function ended(balancer: Balancer): Record<string, number> {
    return Object.fromEntries(Object.entries(balancer.stats().flows.ended).filter(([, count]) => count > 0));
  }

  /** Waits until no flow is left, and they have ended so. */
  const allEnded = (balancer: Balancer, ends: Record<string, number>) =>
    eventually(() => {
      assert.equal(balancer.stats().flows.active, 0, JSON.stringify(balancer.flows()));
      assert.deepEqual([ended(balancer), balancer.flows()], [ends, []]);
    });

  describe("session", sideBySide(plane), () => {
    test("idleTimeout: a quiet flow ends, and the client's next datagram starts a new one", async (t) => {
      proves("both", "idle");
      const { balancer, client, to, change } = await start(t, {});
      assert.equal(tagOf(await client.ask("1", to)), "a");
      assert.equal(tagOf(await client.ask("2", to)), "a");
      assert.equal(balancer.flows().length, 1);
      await change({ idleTimeout: "150ms" });
      await allEnded(balancer, { idle: 1 });
      await change({});
      assert.equal(tagOf(await client.ask("3", to)), "b");
    });

    test("maxLifetime: a busy flow ends at its age", async (t) => {
      proves("both", "lifetime");
      const { balancer, backends, client, to, change } = await start(t, {});
      assert.equal(tagOf(await client.ask("?", to)), "a");
      await change({ maxLifetime: "300ms" });
      await eventually(() => {
        client.send("?", to);
        assert.ok(balancer.stats().flows.ended.lifetime > 0);
      });
      client.send("?", to);
      await eventually(() => assert.ok(backends[1].got.length > 0));
      assert.deepEqual(Object.keys(ended(balancer)), ["lifetime"]);
    });

    if (pass !== undefined) defineInTime(pass);

    test("requests: after two requests the next datagram starts a new flow", async (t) => {
      proves("both", "requests");
      const { balancer, client, to } = await start(t, { requests: 2 });
      const order: string[] = [];
      for (let i = 0; i < 7; i++) order.push(tagOf(await client.ask(`${i}`, to)));
      assert.equal(order.join(""), "aabbcca");
      const open = balancer.flows().map(({ backend, open, requests }) => [backend, open, requests.datagrams]);
      assert.deepEqual(open.sort(), [
        ["a", false, 2],
        ["a", true, 1],
        ["b", false, 2],
        ["c", false, 2],
      ]);
    });

    test("requests: a burst of one client is cut at the limit, in order", async (t) => {
      const { backends, client, to } = await start(t, { requests: 10 });
      for (let i = 0; i < 90; i++) client.send(`${i}`, to);
      const replies = await client.take(90);
      assert.equal(new Set(replies.map(({ text }) => text)).size, 90);
      for (const [place, { got }] of backends.entries()) {
        const expected = Array.from({ length: 90 }, (_, i) => i).filter(
          (i) => Math.floor(i / 10) % 3 === place,
        );
        // Each flow has a socket of its own, so only within a flow does the order show.
        const texts = got.map(({ text }) => Number(text));
        assert.deepEqual(
          [...texts].sort((x, y) => x - y),
          expected,
        );
        for (let tens = 0; tens < 9; tens++) {
          const ofFlow = texts.filter((i) => Math.floor(i / 10) === tens);
          assert.deepEqual(
            ofFlow,
            [...ofFlow].sort((x, y) => x - y),
          );
        }
      }
    });

    test("requests 1, responses 1: each request is a flow of its own, gone after its reply", async (t) => {
      const { balancer, client, to } = await start(t, { requests: 1, responses: 1 });
      const order: string[] = [];
      for (let i = 0; i < 9; i++) order.push(tagOf(await client.ask(`${i}`, to)));
      assert.equal(order.join(""), "abcabcabc");
      await allEnded(balancer, { answered: 9 });
      assert.equal(balancer.stats().flows.opened, 9);
    });

    test("requests 1, responses 1: a burst of 60 is answered whole", async (t) => {
      const { balancer, client, to } = await start(t, { requests: 1, responses: 1 });
      const sent = Array.from({ length: 60 }, (_, i) => `${i}`);
      for (const text of sent) client.send(text, to);
      const replies = (await client.take(60)).map(({ text }) => text.slice(2));
      assert.deepEqual(replies.sort(), sent.sort());
      await allEnded(balancer, { answered: 60 });
    });

    test("responses 3: the flow ends when all three have come, and only then", async (t) => {
      proves("both", "responses");
      let release = (): void => {};
      const { balancer, client, to } = await start(
        t,
        { responses: 3 },
        {
          answer: (backend, datagram) => {
            tag(backend, datagram);
            tag(backend, datagram);
            release = () => tag(backend, datagram);
          },
        },
      );
      client.send("?", to);
      await client.take(2);
      assert.deepEqual([balancer.flows().length, ended(balancer)], [1, {}]);
      release();
      await client.take(1);
      await allEnded(balancer, { answered: 1 });
    });

    test("responses 1 without a limit of requests: the flow ends when every request so far has its reply", async (t) => {
      const waiting: (() => void)[] = [];
      const answer: BackendOptions["answer"] = (backend, datagram) =>
        waiting.push(() => tag(backend, datagram));
      const { balancer, backends, client, to } = await start(t, { responses: 1 }, { answer });
      client.send("1", to);
      client.send("2", to);
      await eventually(() => assert.equal(backends[0].got.length, 2));
      waiting[0]();
      await client.take(1);
      assert.deepEqual([balancer.flows().length, ended(balancer)], [1, {}]);
      waiting[1]();
      await client.take(1);
      await allEnded(balancer, { answered: 1 });
    });

    test("requests 1 alone: replies go on reaching the client until the flow is idle", async (t) => {
      proves("both", "requests");
      const { balancer, backends, client, to, change } = await start(t, { requests: 1 });
      await client.ask("first", to);
      await client.ask("second", to);
      const [{ from }] = backends[0].got;
      for (let i = 0; i < 3; i++) {
        backends[0].peer.send(`${i}`, from);
        assert.equal((await client.receive()).text, `${i}`);
      }
      await change({ requests: 1, idleTimeout: "300ms" });
      await allEnded(balancer, { idle: 2 });
    });
  });

  /** To the millisecond. */
  function defineInTime(pass: NonNullable<World["pass"]>): void {
    test("idleTimeout: to the millisecond, when the client comes back", async (t) => {
      const { client, to } = await start(t, { idleTimeout: "400ms" });
      assert.equal(tagOf(await client.ask("?", to)), "a");
      await pass(399);
      assert.equal(tagOf(await client.ask("?", to)), "a");
      await pass(400);
      assert.equal(tagOf(await client.ask("?", to)), "b");
    });

    test("idleTimeout: requests alone keep a flow alive", async (t) => {
      const { balancer, backends, client, to } = await start(t, { idleTimeout: "400ms" }, { answer: silent });
      for (let i = 0; i < 8; i++) {
        client.send(`${i}`, to);
        await pass(399);
      }
      assert.equal(backends[0].got.length, 8);
      assert.deepEqual(ended(balancer), {});
    });

    test("idleTimeout: replies alone keep a flow alive", async (t) => {
      const { balancer, backends, client, to } = await start(t, { idleTimeout: "400ms" });
      await client.ask("?", to);
      for (let i = 0; i < 8; i++) {
        await pass(399);
        tag(backends[0], { ...backends[0].got[0], text: `${i}` });
        assert.equal((await client.receive()).text, `a:${i}`);
      }
      assert.deepEqual([balancer.flows().length, ended(balancer)], [1, {}]);
    });

    test("maxLifetime: to the millisecond, when the client goes on", async (t) => {
      const { client, to } = await start(t, { maxLifetime: "300ms" });
      for (let ms = 0; ms < 300; ms += 50) {
        assert.equal(tagOf(await client.ask("?", to)), "a");
        await pass(ms === 250 ? 49 : 50);
      }
      assert.equal(tagOf(await client.ask("?", to)), "a");
      await pass(1);
      assert.equal(tagOf(await client.ask("?", to)), "b");
    });

    test("a flow that nobody uses is gone within an eighth of the timeout and a look around", async (t) => {
      const { balancer, client, to } = await start(t, { idleTimeout: "80s" });
      await client.ask("?", to);
      await pass(79_999);
      assert.equal(balancer.stats().flows.active, 1);
      await pass(11_001);
      assert.deepEqual([balancer.stats().flows.active, ended(balancer)], [0, { idle: 1 }]);
    });
  }
}
