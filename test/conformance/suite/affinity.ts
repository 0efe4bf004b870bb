/** Affinity: what belongs together stays on one backend. */
import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import type { Balancer } from "#src/api.js";
import { tagOf } from "../../support/backends.js";
import { proves } from "../../support/proves.js";
import {
  addressOf,
  listenerOn,
  type PlaneUnderTest,
  sideBySide,
  startBalancer,
  worldOf,
} from "./plane-under-test.js";

export function defineAffinity(plane: PlaneUnderTest): void {
  const { openPeer, openBackends, pass } = worldOf(plane);

  /** A balancer over backends a, b and c that are given out in turn. */
  async function start(t: TestContext, affinity: string, idleTimeout = "120s"): Promise<Balancer> {
    const backends = await openBackends(t, "a", "b", "c");
    return startBalancer(t, plane, {
      listeners: [listenerOn("127.0.0.1:0", { idleTimeout })],
      pools: [{ affinity, backends: backends.map(({ entry }) => entry) }],
    });
  }

  /** The backend that answers a client at this address with a port of its own. */
  async function askFrom(t: TestContext, ip: string, balancer: Balancer): Promise<string> {
    const client = await openPeer(t, { ip });
    return tagOf(await client.ask("?", addressOf(balancer)));
  }

  describe("affinity", sideBySide(plane), () => {
    test("client: each client has its backend, and new ones are given out in turn", async (t) => {
      const balancer = await start(t, "client");
      const clients = await Promise.all(Array.from({ length: 6 }, () => openPeer(t)));
      const first: string[] = [];
      for (const client of clients) first.push(tagOf(await client.ask("?", addressOf(balancer))));
      assert.equal(first.join(""), "abcabc");
      for (let round = 0; round < 5; round++) {
        const again = await Promise.all(clients.map((client) => client.ask("?", addressOf(balancer))));
        assert.deepEqual(again.map(tagOf), first);
      }
      assert.equal(balancer.stats().flows.opened, 6);
    });

    test("client: a burst of one client keeps its order", async (t) => {
      const balancer = await start(t, "client");
      const client = await openPeer(t);
      const sent = Array.from({ length: 100 }, (_, i) => `${i}`);
      for (const text of sent) client.send(text, addressOf(balancer));
      const replies = await client.take(100);
      assert.deepEqual(
        replies.map(({ text }) => text),
        sent.map((text) => `a:${text}`),
      );
    });

    test("client: a client that changes its port is a new one", async (t) => {
      proves("both", "client-port");
      const balancer = await start(t, "client");
      assert.equal(await askFrom(t, "127.0.1.1", balancer), "a");
      assert.equal(await askFrom(t, "127.0.1.1", balancer), "b");
    });

    test("client: the same port at another address is another client", async (t) => {
      const balancer = await start(t, "client");
      const one = await openPeer(t, { ip: "127.0.1.1" });
      const other = await openPeer(t, { ip: "127.0.1.2", port: one.port });
      assert.equal(tagOf(await one.ask("?", addressOf(balancer))), "a");
      assert.equal(tagOf(await other.ask("?", addressOf(balancer))), "b");
      assert.equal(tagOf(await one.ask("?", addressOf(balancer))), "a");
    });

    test("client-ip: all ports of an address have one backend, through a change of port (NAT rebind)", async (t) => {
      proves("both", "client-port");
      const balancer = await start(t, "client-ip");
      assert.equal(await askFrom(t, "127.0.1.1", balancer), "a");
      assert.equal(await askFrom(t, "127.0.1.2", balancer), "b");
      for (let i = 0; i < 4; i++) assert.equal(await askFrom(t, "127.0.1.1", balancer), "a");
      assert.equal(await askFrom(t, "127.0.1.3", balancer), "c");
      const flows = balancer.flows().filter(({ client }) => client.startsWith("127.0.1.1:"));
      assert.deepEqual(
        flows.map(({ backend }) => backend),
        Array(5).fill("a"),
      );
    });

    test("client-ip: the binding ends with its last flow", async (t) => {
      const balancer = await start(t, "client-ip");
      assert.equal(await askFrom(t, "127.0.1.1", balancer), "a");
      await balancer.endFlow(balancer.flows()[0].id);
      assert.equal(balancer.stats().flows.active, 0);
      assert.equal(await askFrom(t, "127.0.1.1", balancer), "b");
    });

    test("client-ip: the binding holds while one of its flows lives", async (t) => {
      const balancer = await start(t, "client-ip");
      const [brief, lasting] = [
        await openPeer(t, { ip: "127.0.1.1" }),
        await openPeer(t, { ip: "127.0.1.1" }),
      ];
      for (const client of [brief, lasting])
        assert.equal(tagOf(await client.ask("?", addressOf(balancer))), "a");
      const [{ id }] = balancer.flows({ client: brief.address });
      assert.equal(await balancer.endFlow(id), true);
      assert.equal(await askFrom(t, "127.0.1.1", balancer), "a");
    });

    if (pass !== undefined) {
      test("client-ip: a binding goes with its last flow when that is idle, not before", async (t) => {
        const balancer = await start(t, "client-ip", "10s");
        assert.equal(await askFrom(t, "127.0.1.1", balancer), "a");
        await pass(9000);
        assert.equal(await askFrom(t, "127.0.1.1", balancer), "a");
        await pass(9000);
        assert.equal(await askFrom(t, "127.0.1.1", balancer), "a");
        await pass(12_000);
        assert.equal(balancer.stats().flows.active, 0);
        assert.equal(await askFrom(t, "127.0.1.1", balancer), "b");
      });
    }

    test("client-ip/24: a network has one backend", async (t) => {
      const balancer = await start(t, "client-ip/24");
      assert.equal(await askFrom(t, "127.0.1.1", balancer), "a");
      assert.equal(await askFrom(t, "127.0.1.200", balancer), "a");
      assert.equal(await askFrom(t, "127.0.2.1", balancer), "b");
      assert.equal(await askFrom(t, "127.0.1.255", balancer), "a");
      assert.equal(await askFrom(t, "127.0.2.9", balancer), "b");
    });

    test("client-ip/24,128: replies reach the port that asked, although the key is the network", async (t) => {
      const balancer = await start(t, "client-ip/24,128");
      const clients = await Promise.all(
        Array.from({ length: 10 }, (_, i) => openPeer(t, { ip: `127.0.7.${i + 1}` })),
      );
      const replies = await Promise.all(clients.map((client, i) => client.ask(`${i}`, addressOf(balancer))));
      assert.deepEqual(
        replies.map(({ text }) => text),
        clients.map((_, i) => `a:${i}`),
      );
    });
  });
}
