/** A backend that is not there: it is counted, others go on, and it serves again when it is back. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { proves } from "../../support/proves.js";
import { assertConsistent } from "./figures.js";
import { addressOf, type PlaneUnderTest, sideBySide, startBalancer, worldOf } from "./plane-under-test.js";

export function defineUnreachable(plane: PlaneUnderTest): void {
  const { openPeer, openBackend, openBackends, eventually } = worldOf(plane);

  describe("unreachable backends", sideBySide(plane), () => {
    for (const affinity of ["none", "client"]) {
      test(`affinity ${affinity}: a refusal is counted, and the very next datagrams go elsewhere`, async (t) => {
        proves("both", "refused", "down");
        const [dead, alive] = await openBackends(t, "dead", "alive");
        dead.peer.close();
        const balancer = await startBalancer(t, plane, {
          listen: "127.0.0.1:0",
          affinity,
          backends: [dead.entry, alive.entry],
        });
        const to = addressOf(balancer);
        const [first, second] = [await openPeer(t), await openPeer(t)];
        first.send("into the void", to);
        await eventually(() => assert.equal(balancer.stats().backends[0].refused, 1));
        for (let i = 0; i < 5; i++) assert.equal((await second.ask(`${i}`, to)).text, `alive:${i}`);
        // On a machine so slow that it is on trial again by now it may have refused another.
        if (plane.memory !== undefined) assert.equal(balancer.stats().backends[0].refused, 1);
        assert.equal(balancer.stats().backends[1].refused, 0);
        if (plane.cannot.resendRefused === undefined) {
          assert.equal((await first.receive()).text, "alive:into the void");
          assert.equal(balancer.stats().backends[0].requests.datagrams, 0);
        }
        await first.gotNothing();
        assert.equal((await first.ask("again", to)).text, "alive:again");
        await assertConsistent(() => balancer.stats());
      });
    }

    test("passive.enabled false: a refusal is counted, and nothing else follows from it", async (t) => {
      proves("both", "refused");
      const [dead, alive] = await openBackends(t, "dead", "alive");
      const balancer = await startBalancer(t, plane, {
        listen: "127.0.0.1:0",
        affinity: "client",
        backends: [dead.entry, alive.entry],
        passive: { enabled: false },
      });
      const to = addressOf(balancer);
      const [first, second] = [await openPeer(t), await openPeer(t)];
      await first.ask("before", to);
      await second.ask("before", to);
      dead.peer.close();
      first.send("lost", to);
      await eventually(() => assert.equal(balancer.stats().backends[0].refused, 1));
      if (plane.cannot.resendRefused === undefined)
        await eventually(() => assert.equal(balancer.stats().drops.backend_refused, 1));
      await eventually(() => assert.equal(balancer.stats().backends[0].health, "failing"));
      await openBackend(t, "back", { ip: dead.peer.ip, port: dead.peer.port });
      assert.equal((await first.ask("after", to)).text, "back:after", "its flow has not moved");
      assert.equal(balancer.stats().flows.moved, 0);
      await assertConsistent(() => balancer.stats());
    });

    test("maxEjected: refusals alone leave the other half where it is", async (t) => {
      proves("both", "refused");
      const backends = await openBackends(t, "a", "b", "c", "d");
      const balancer = await startBalancer(t, plane, {
        listen: "127.0.0.1:0",
        affinity: "client",
        backends: backends.map(({ entry }) => entry),
        passive: { maxEjected: 25 },
      });
      const to = addressOf(balancer);
      const clients = await Promise.all([0, 1, 2].map(() => openPeer(t)));
      for (const client of clients) await client.ask("before", to);
      for (const { peer } of backends.slice(0, 2)) peer.close();
      for (const client of clients.slice(0, 2)) {
        client.send("refused", to);
        await eventually(() => {
          const refused = balancer.stats().backends.filter((one) => one.refused > 0).length;
          assert.equal(refused, clients.indexOf(client) + 1);
        });
      }
      await eventually(() =>
        assert.match(
          balancer
            .stats()
            .backends.map(({ health }) => health)
            .join(" "),
          // A slow machine may look when the first is being tried again.
          /^(ejected|half-open) failing (up|untried) (up|untried)$/,
        ),
      );
      await openBackend(t, "back", { ip: backends[1].peer.ip, port: backends[1].peer.port });
      assert.equal((await clients[1].ask("after", to)).text, "back:after", "its flow has not moved");
    });

    test("a backend that is back serves the flows that it had", async (t) => {
      const [gone] = await openBackends(t, "a");
      const balancer = await startBalancer(t, plane, {
        listen: "127.0.0.1:0",
        affinity: "client",
        backends: [gone.entry],
      });
      const to = addressOf(balancer);
      const client = await openPeer(t);
      await client.ask("before", to);
      gone.peer.close();
      client.send("lost", to);
      await eventually(() => assert.equal(balancer.stats().backends[0].refused, 1));
      await openBackend(t, "back", { ip: gone.peer.ip, port: gone.peer.port });
      // The refusal was told already, or comes with this datagram, which then is sent again: it must not be lost.
      assert.equal((await client.ask("after", to)).text, "back:after");
      assert.equal(balancer.stats().flows.opened, 1);
    });

    test("a burst into a refusal: nothing that comes after the backend is back is lost", async (t) => {
      const [gone] = await openBackends(t, "a");
      const balancer = await startBalancer(t, plane, {
        listen: "127.0.0.1:0",
        affinity: "client",
        backends: [gone.entry],
      });
      const to = addressOf(balancer);
      const client = await openPeer(t);
      await client.ask("before", to);
      gone.peer.close();
      for (let i = 0; i < 10; i++) client.send("lost", to);
      await eventually(() => assert.ok(balancer.stats().backends[0].refused > 0));
      await eventually(() => {
        const { requests, drops } = balancer.stats().listeners[0];
        assert.equal(requests.datagrams, 11);
        assert.equal(balancer.stats().backends[0].requests.datagrams + drops.backend_refused, 11);
        // Counted first, then sent: only what was refused can no longer reach the backend that is back.
        if (plane.cannot.resendRefused === undefined) assert.equal(drops.backend_refused, 10);
      });
      const back = await openBackend(t, "back", { ip: gone.peer.ip, port: gone.peer.port });
      for (let i = 0; i < 20; i++) client.send(`${i}`, to);
      const replies = await client.take(20);
      assert.deepEqual(
        replies.map(({ text }) => text),
        Array.from({ length: 20 }, (_, i) => `back:${i}`),
      );
      assert.equal(back.got.length, 20);
    });

    test("every backend gone: the balancer stands, and stats say so", async (t) => {
      const backends = await openBackends(t, "a", "b");
      for (const { peer } of backends) peer.close();
      const balancer = await startBalancer(t, plane, {
        listen: "127.0.0.1:0",
        backends: backends.map(({ entry }) => entry),
      });
      const client = await openPeer(t);
      for (let i = 0; i < 10; i++) client.send(`${i}`, addressOf(balancer));
      await eventually(() => {
        for (const { refused } of balancer.stats().backends) assert.ok(refused > 0);
      });
      // The refusal of one is forgotten after a second; of the other, the last one of the pool, at once.
      const back = await openBackend(t, "b", { ip: backends[1].peer.ip, port: backends[1].peer.port });
      const other = await openBackend(t, "a", { ip: backends[0].peer.ip, port: backends[0].peer.port });
      for (let i = 0; i < 2; i++) client.send("again", addressOf(balancer));
      // A plane that sends refused datagrams again may bring one of the first ten here, late: that is no loss.
      const answers: string[] = [];
      while (answers.filter((text) => text.endsWith(":again")).length < 2) {
        const [{ text }] = await client.take(1);
        answers.push(text);
      }
      await client.gotNothing();
      assert.equal(back.got.length + other.got.length, answers.length);
    });
  });
}
