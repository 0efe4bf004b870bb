/** What becomes of requests that a backend took and did not answer before it died: `failover.unanswered`. */
import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import type { ConfigInput } from "#src/config/config.js";
import { type Backend, tag } from "../../support/backends.js";
import type { Datagram, Peer } from "../../support/peer.js";
import { proves } from "../../support/proves.js";
import { assertConsistent } from "./figures.js";
import { addressOf, type PlaneUnderTest, sideBySide, startBalancer, worldOf } from "./plane-under-test.js";

type Pool = ConfigInput["pools"][number];

/** Answers all but what begins with a question mark. */
function unlessAsked(backend: Backend, datagram: Datagram): void {
  if (!datagram.text.startsWith("?")) tag(backend, datagram);
}

/** Backends a, b and c, of which a swallows questions. `clients[0]` is bound to a, the others to b and c. */
async function openRig(t: TestContext, plane: PlaneUnderTest, pool: Partial<Pool> = {}) {
  const { openPeer, openBackend } = worldOf(plane);
  const a = await openBackend(t, "a", { answer: unlessAsked });
  const [b, c] = [await openBackend(t, "b"), await openBackend(t, "c")];
  const backends = [a, b, c];
  const balancer = await startBalancer(t, plane, {
    listeners: [{ name: "main", address: "127.0.0.1:0" }],
    pools: [
      {
        affinity: "client",
        failover: { unanswered: "resend" },
        backends: backends.map(({ entry }) => entry),
        ...pool,
      },
    ],
  });
  const to = addressOf(balancer);
  const clients: Peer[] = [];
  for (const [i, { name }] of backends.entries()) {
    const client = await openPeer(t, { ip: `127.0.3.${i + 1}` });
    assert.equal((await client.ask("hello", to)).text, `${name}:hello`);
    clients.push(client);
  }
  const texts = (backend: Backend) => backend.got.map(({ text }) => text).filter((text) => text !== "hello");
  return { balancer, to, backends, client: clients[0], clients, texts };
}

export function defineUnanswered(plane: PlaneUnderTest): void {
  const { openPeer, openTraffic, eventually } = worldOf(plane);

  describe("requests that a dead backend has not answered", sideBySide(plane), () => {
    test("resend: they go to another backend, in their order, and each is answered once", async (t) => {
      proves("both", "unanswered");
      const { balancer, to, backends, client, texts } = await openRig(t, plane);
      const [a, b, c] = backends;
      for (const text of ["?1", "?22", "?333"]) client.send(text, to);
      await eventually(() => assert.equal(texts(a).length, 3));
      a.peer.close();
      // What is refused tells that it is dead.
      client.send("next", to);
      const replies = await client.take(4);
      const { name } = texts(b).length > 0 ? b : c;
      assert.deepEqual(
        replies.map(({ text }) => text).sort(),
        ["?1", "?22", "?333", "next"].map((text) => `${name}:${text}`),
      );
      const got = [...texts(b), ...texts(c)].filter((text) => text !== "next");
      assert.deepEqual(got, ["?1", "?22", "?333"]);
      await client.gotNothing();
      await eventually(() => {
        const [dead] = balancer.stats().backends;
        assert.deepEqual([dead.outstanding, dead.activeFlows, dead.requests.datagrams], [0, 0, 1]);
      });
      await assertConsistent(() => balancer.stats());
      assert.equal(balancer.stats().drops.backend_refused, 0);
    });

    test("resend: what was answered is not sent again, nor what came before the last reply", async (t) => {
      const { to, backends, client, clients, texts } = await openRig(t, plane);
      const [a, b, c] = backends;
      client.send("?lost before", to);
      assert.equal((await client.ask("answered", to)).text, "a:answered");
      a.peer.close();
      client.send("next", to);
      assert.match((await client.receive()).text, /^[bc]:next$/);
      await client.gotNothing();
      assert.deepEqual([...texts(b), ...texts(c)], ["next"]);
      for (const other of clients) assert.match((await other.ask("on", to)).text, /^[bc]:on$/);
    });

    test("resend: a client that does not ask again has its answer, too", async (t) => {
      const { to, backends, client, texts } = await openRig(t, plane, { affinity: "client-ip" });
      const [a] = backends;
      const other = await openPeer(t, { ip: "127.0.3.4" });
      assert.equal((await other.ask("too", to)).text, "a:too");
      client.send("?waits", to);
      await eventually(() => assert.deepEqual(texts(a), ["too", "?waits"]));
      a.peer.close();
      assert.match((await other.ask("tells", to)).text, /^[bc]:tells$/);
      assert.match((await client.receive()).text, /^[bc]:\?waits$/);
    });

    test("resend, affinity none: from every flow of the dead backend", async (t) => {
      const { balancer, to, backends, client, texts } = await openRig(t, plane, { affinity: "none" });
      const [a] = backends;
      for (let i = 0; i < 6; i++) client.send(`?${i}`, to);
      await eventually(() => assert.equal(texts(a).length, 2));
      assert.equal((await client.take(4)).length, 4);
      a.peer.close();
      for (let i = 0; i < 3; i++) client.send("tells", to);
      const replies = (await client.take(5)).map(({ text }) => text.slice(2)).sort();
      assert.deepEqual(replies, ["?0", "?3", "tells", "tells", "tells"]);
      await client.gotNothing();
      await assertConsistent(() => balancer.stats());
    });

    test("resend: not with failover.unhealthy: drop", async (t) => {
      const { to, backends, client, clients, texts } = await openRig(t, plane, {
        failover: { unanswered: "resend", unhealthy: "drop" },
      });
      const [a, b, c] = backends;
      client.send("?1", to);
      await eventually(() => assert.deepEqual(texts(a), ["?1"]));
      a.peer.close();
      client.send("next", to);
      await client.gotNothing();
      for (const other of clients.slice(1)) assert.match((await other.ask("on", to)).text, /^[bc]:on$/);
      assert.deepEqual([...texts(b), ...texts(c)], ["on", "on"]);
    });

    test("lose: by default they are lost, and nothing is sent twice", async (t) => {
      proves("both", "unanswered");
      const { balancer, to, backends, client, texts } = await openRig(t, plane, { failover: {} });
      const [a, b, c] = backends;
      client.send("?1", to);
      await eventually(() => assert.deepEqual(texts(a), ["?1"]));
      a.peer.close();
      client.send("tells", to);
      await eventually(() => assert.equal(balancer.stats().backends[0].refused, 1));
      if (plane.cannot.resendRefused === undefined)
        assert.match((await client.receive()).text, /^[bc]:tells$/);
      assert.match((await client.ask("next", to)).text, /^[bc]:next$/);
      await client.gotNothing();
      assert.ok(![...texts(b), ...texts(c)].includes("?1"));
    });

    if (plane.memory === undefined) return;

    for (const affinity of ["none", "client"]) {
      test(`resend, affinity ${affinity}: of a backend that dies under traffic nothing is lost or doubled`, async (t) => {
        const { to, backends } = await openRig(t, plane, { affinity });
        const traffic = await openTraffic(t, to, { clients: 16, everyMs: 5 });
        await traffic.answered(300);
        backends[1].peer.close();
        await traffic.answered(600);
        const { missing, twice } = await traffic.stop();
        assert.deepEqual([missing, twice], [[], []]);
      });
    }
  });
}
