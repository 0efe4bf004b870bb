/** Affinity none: every datagram in turn, and each reply back to the client that asked. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { silent, tagOf } from "../../support/backends.js";
import { addressOf, type PlaneUnderTest, sideBySide, startBalancer, worldOf } from "./plane-under-test.js";

const LISTEN = "127.0.0.1:0";

export function defineTurns(plane: PlaneUnderTest): void {
  const { openPeer, openBackend, openBackends, eventually } = worldOf(plane);

  describe("in turn", sideBySide(plane), () => {
    test("30 requests of one client over three backends go 1, 2, 3, 1, 2, 3 …", async (t) => {
      const backends = await openBackends(t, "1", "2", "3");
      const balancer = await startBalancer(t, plane, {
        listen: LISTEN,
        backends: backends.map(({ entry }) => entry),
      });
      const client = await openPeer(t);
      const order: string[] = [];
      for (let i = 0; i < 30; i++) {
        const reply = await client.ask(`${i}`, addressOf(balancer));
        assert.equal(reply.text, `${tagOf(reply)}:${i}`);
        assert.equal(reply.from, addressOf(balancer));
        order.push(tagOf(reply));
      }
      assert.equal(order.join(""), "123".repeat(10));
      const figures = balancer.stats().backends.map(({ requests, replies }) => [requests, replies]);
      const ten = { datagrams: 10, bytes: 10 * 2 - [0, 3, 6, 9].length };
      assert.deepEqual(figures[0][0], ten);
      assert.deepEqual(
        figures.map(([requests, replies]) => [requests.datagrams, replies.datagrams]),
        [
          [10, 10],
          [10, 10],
          [10, 10],
        ],
      );
    });

    test("weights 2 and 1: two of every three go to the first", async (t) => {
      const [a, b] = await openBackends(t, "a", "b");
      const backends = [{ ...a.entry, weight: 2 }, b.entry];
      const balancer = await startBalancer(t, plane, { listen: LISTEN, backends });
      const client = await openPeer(t);
      const order: string[] = [];
      for (let i = 0; i < 30; i++) order.push(tagOf(await client.ask(`${i}`, addressOf(balancer))));
      for (let i = 0; i < 30; i += 3) {
        assert.deepEqual(order.slice(i, i + 3).sort(), ["a", "a", "b"], order.join(""));
      }
    });

    test("a burst sent back to back is dealt out in order, none lost", async (t) => {
      const backends = await openBackends(t, "0", "1", "2");
      const balancer = await startBalancer(t, plane, {
        listen: LISTEN,
        backends: backends.map(({ entry }) => entry),
      });
      const client = await openPeer(t);
      const expected = (rest: number) => Array.from({ length: 50 }, (_, i) => `${i * 3 + rest}`);
      for (let i = 0; i < 150; i++) client.send(`${i}`, addressOf(balancer));
      const replies = await client.take(150);
      for (const { name, got } of backends) {
        assert.deepEqual(
          got.map(({ text }) => text),
          expected(Number(name)),
        );
      }
      const answered = replies.map(({ text }) => Number(text.slice(2))).sort((a, b) => a - b);
      assert.deepEqual(
        answered,
        Array.from({ length: 150 }, (_, i) => i),
      );
    });

    test("the turn goes on from client to client, and from listener to listener of one pool", async (t) => {
      const backends = await openBackends(t, "1", "2", "3");
      const balancer = await startBalancer(t, plane, {
        listeners: [
          { name: "x", address: LISTEN },
          { name: "y", address: LISTEN },
        ],
        pools: [{ backends: backends.map(({ entry }) => entry) }],
      });
      const clients = [await openPeer(t), await openPeer(t)];
      const order: string[] = [];
      for (let i = 0; i < 12; i++) {
        const to = addressOf(balancer, i % 4 < 2 ? "x" : "y");
        const reply = await clients[i % 2].ask("?", to);
        assert.equal(reply.from, to);
        order.push(tagOf(reply));
      }
      assert.equal(order.join(""), "123".repeat(4));
    });

    test("20 clients at once: nothing lost, doubled or crossed", async (t) => {
      const backends = await openBackends(t, "a", "b", "c");
      const balancer = await startBalancer(t, plane, {
        listen: LISTEN,
        backends: backends.map(({ entry }) => entry),
      });
      const clients = await Promise.all(Array.from({ length: 20 }, () => openPeer(t)));
      const [rounds, burst] = [10, 5];
      await Promise.all(
        clients.map(async (client, number) => {
          for (let round = 0; round < rounds; round++) {
            const sent = Array.from({ length: burst }, (_, i) => `${number}/${round * burst + i}`);
            for (const text of sent) client.send(text, addressOf(balancer));
            const replies = (await client.take(burst)).map(({ text }) => text.slice(2)).sort();
            assert.deepEqual(replies, sent.sort());
          }
        }),
      );
      await Promise.all(clients.map((client) => client.gotNothing()));
      const total = backends.reduce((sum, { got }) => sum + got.length, 0);
      assert.equal(total, 20 * rounds * burst);
      const stats = balancer.stats();
      assert.deepEqual(
        [stats.listeners[0].requests.datagrams, stats.listeners[0].replies.datagrams],
        [1000, 1000],
      );
    });

    test("one way: what is never answered is dealt out all the same", async (t) => {
      const backends = await Promise.all(["a", "b"].map((name) => openBackend(t, name, { answer: silent })));
      const balancer = await startBalancer(t, plane, {
        listen: LISTEN,
        backends: backends.map(({ entry }) => entry),
      });
      const client = await openPeer(t);
      for (let i = 0; i < 20; i++) client.send(`${i}`, addressOf(balancer));
      await eventually(() =>
        assert.deepEqual(
          backends.map(({ got }) => got.length),
          [10, 10],
        ),
      );
      await client.gotNothing();
    });
  });
}
