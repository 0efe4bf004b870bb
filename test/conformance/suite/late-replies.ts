/** A reply that comes after its flow has ended reaches nobody, and a reply that is not from the flow's backend neither. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { silent, tag } from "../../support/backends.js";
import { proves } from "../../support/proves.js";
import {
  addressOf,
  listenerOn,
  type PlaneUnderTest,
  sideBySide,
  startBalancer,
  worldOf,
} from "./plane-under-test.js";

export function defineLateReplies(plane: PlaneUnderTest): void {
  const { openPeer, openBackend, eventually, pass } = worldOf(plane);

  describe("late replies", sideBySide(plane), () => {
    test("after the idle timeout: nobody gets it, it is counted", async (t) => {
      proves("both", "idle");
      let answerLate = (): void => {};
      const slow = await openBackend(t, "slow", {
        answer: (backend, datagram) => {
          if (datagram.text === "late") answerLate = () => tag(backend, datagram);
          else tag(backend, datagram);
        },
      });
      const config = (idleTimeout: string) => ({
        listeners: [listenerOn("127.0.0.1:0", { idleTimeout })],
        pools: [{ affinity: "client", backends: [slow.entry] }],
      });
      const balancer = await startBalancer(t, plane, config("150ms"));
      const to = addressOf(balancer);
      const asker = await openPeer(t);
      asker.send("late", to);
      await eventually(() => assert.equal(balancer.stats().flows.ended.idle, 1));
      // For everybody else, who may have to wait on a busy machine.
      await balancer.reload(config("120s"));
      // Others come and go meanwhile, and the asker itself starts a new flow: none of them may get the reply.
      const others = await Promise.all(Array.from({ length: 10 }, () => openPeer(t)));
      const round = async () => {
        const replies = await Promise.all(others.map((other, i) => other.ask(`${i}`, to)));
        assert.deepEqual(
          replies.map(({ text }) => text),
          others.map((_, i) => `slow:${i}`),
        );
        assert.equal((await asker.ask("new", to)).text, "slow:new");
      };
      await round();
      answerLate();
      await round();
      await eventually(() => assert.equal(balancer.stats().replyDrops.late_reply, 1));
      await round();
      await Promise.all([...others, asker].map((peer) => peer.gotNothing()));
      assert.equal(balancer.stats().replyDrops.late_reply, 1);
      assert.equal(balancer.stats().listeners[0].replyDrops.late_reply, 1);
    });

    test("responses 1 and two replies: the second reaches nobody", async (t) => {
      proves("both", "responses");
      const twice = await openBackend(t, "twice", {
        answer: (backend, datagram) => {
          tag(backend, datagram);
          tag(backend, { ...datagram, text: `${datagram.text} again` });
        },
      });
      const balancer = await startBalancer(t, plane, {
        listen: "127.0.0.1:0",
        affinity: "client",
        requests: 1,
        responses: 1,
        backends: [twice.entry],
      });
      const clients = await Promise.all(Array.from({ length: 5 }, () => openPeer(t)));
      for (let round = 0; round < 10; round++) {
        const replies = await Promise.all(
          clients.map((client, i) => client.ask(`${round}/${i}`, addressOf(balancer))),
        );
        assert.deepEqual(
          replies.map(({ text }) => text),
          clients.map((_, i) => `twice:${round}/${i}`),
        );
      }
      await Promise.all(clients.map((client) => client.gotNothing()));
      await eventually(() => assert.equal(balancer.stats().flows.ended.answered, 50));
      const { listeners, replyDrops } = balancer.stats();
      assert.equal(listeners[0].replies.datagrams, 50);
      // A socket that closes with its flow takes replies along that nobody counts then.
      assert.ok(replyDrops.late_reply <= 50, `${replyDrops.late_reply}`);
    });

    test("a reply too many, long after the last expected one, does not reach the next client", async (t) => {
      const backend = await openBackend(t, "a", {
        answer: (self, datagram) => datagram.text === "1" && tag(self, datagram),
      });
      const balancer = await startBalancer(t, plane, {
        listen: "127.0.0.1:0",
        affinity: "client",
        requests: 1,
        responses: 1,
        backends: [backend.entry],
      });
      const [first, second] = [await openPeer(t), await openPeer(t)];
      await first.ask("1", addressOf(balancer));
      await eventually(() => assert.equal(balancer.stats().flows.ended.answered, 1));
      // A port rests for a second after the last reply that was expected.
      await pass?.(900);
      second.send("2", addressOf(balancer));
      await eventually(() => assert.equal(backend.got.length, 2));
      tag(backend, { ...backend.got[0], text: "1 again" });
      tag(backend, backend.got[1]);
      assert.equal((await second.receive()).text, "a:2");
      for (const client of [first, second]) await client.gotNothing();
    });

    test("after an eviction: the reply to the evicted flow reaches nobody", async (t) => {
      const slow = await openBackend(t, "slow", { answer: silent });
      const balancer = await startBalancer(t, plane, {
        listeners: [listenerOn()],
        pools: [{ affinity: "client", backends: [slow.entry] }],
        limits: { maxFlows: 1, onFull: "evict-oldest" },
      });
      const [first, second] = [await openPeer(t), await openPeer(t)];
      first.send("1", addressOf(balancer));
      await eventually(() => assert.equal(slow.got.length, 1));
      second.send("2", addressOf(balancer));
      await eventually(() => assert.equal(slow.got.length, 2));
      for (const datagram of slow.got) tag(slow, datagram);
      assert.equal((await second.receive()).text, "slow:2");
      await eventually(() => assert.equal(balancer.stats().replyDrops.late_reply, 1));
      for (const client of [first, second]) await client.gotNothing();
    });

    test("what a stranger sends to an upstream's port reaches nobody", async (t) => {
      const backend = await openBackend(t, "b", { answer: silent });
      const balancer = await startBalancer(t, plane, { listen: "127.0.0.1:0", backends: [backend.entry] });
      const client = await openPeer(t);
      client.send("?", addressOf(balancer));
      await eventually(() => assert.equal(backend.got.length, 1));
      const [{ from: upstream }] = backend.got;
      const port = upstream.slice(upstream.lastIndexOf(":") + 1);
      const strangers = [await openPeer(t), await openPeer(t, { ip: "127.0.0.2", port: backend.peer.port })];
      for (const stranger of strangers) {
        for (let i = 0; i < 5; i++) stranger.send("forged", `127.0.0.1:${port}`);
      }
      backend.peer.send("real", upstream);
      assert.equal((await client.receive()).text, "real");
      await client.gotNothing();
      assert.equal(balancer.stats().listeners[0].replies.datagrams, 1);
    });
  });
}
