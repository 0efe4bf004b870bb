/** `failover.unanswered: resend` where bursts, long datagrams and several workers go. */
import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import type { Balancer } from "#src/api.js";
import { type Backend, openBackend, tag } from "../support/backends.js";
import { type Datagram, UdpPeer } from "../support/udp-peer.js";
import { eventually } from "../support/waiting.js";
import { assertConsistent } from "./suite/figures.js";
import { addressOf, type PlaneUnderTest, startBalancer } from "./suite/plane-under-test.js";

const skip = process.platform === "linux" ? false : "the batched plane needs Linux";
const TELLS = "tells";

/** Answers short texts with its tag, and swallows the rest. */
function answerShort(backend: Backend, datagram: Datagram): void {
  if (datagram.text.length <= TELLS.length) tag(backend, datagram);
}

/** Backends a, which swallows all but short texts, and b, which tags everything; affinity client. */
async function openRig(t: TestContext, workers: number) {
  const plane: PlaneUnderTest = { name: "batched", workers, cannot: {} };
  const a = await openBackend(t, "a", { answer: answerShort });
  const b = await openBackend(t, "b");
  const balancer = await startBalancer(t, plane, {
    listeners: [{ name: "main", address: "127.0.0.1:0" }],
    pools: [{ affinity: "client", failover: { unanswered: "resend" }, backends: [a.entry, b.entry] }],
  });
  return { a, b, balancer, to: addressOf(balancer) };
}

/** Clients that are bound to backend a. */
async function openBound(t: TestContext, to: string, count: number): Promise<UdpPeer[]> {
  const bound: UdpPeer[] = [];
  while (bound.length < count) {
    const client = await UdpPeer.open(t);
    if ((await client.ask("hi", to)).text === "a:hi") bound.push(client);
  }
  return bound;
}

/** Backend a dies, and a client of it is the first to notice. */
async function die(a: Backend, client: UdpPeer, to: string): Promise<void> {
  a.peer.close();
  assert.equal((await client.ask(TELLS, to)).text, `b:${TELLS}`);
}

async function assertSettled(balancer: Balancer): Promise<void> {
  await eventually(() => assert.equal(balancer.stats().backends[0].outstanding, 0));
  await assertConsistent(() => balancer.stats());
  assert.equal(balancer.stats().drops.backend_refused, 0);
}

describe("batched plane: unanswered requests", { skip }, () => {
  for (const bytes of [0, 1400, 9000, 60_000]) {
    test(`datagrams of ${bytes} bytes are sent again whole`, async (t) => {
      const { a, b, balancer, to } = await openRig(t, 1);
      const [client, other] = await openBound(t, to, 2);
      const before = a.got.length;
      const payload = "x".repeat(bytes);
      // The empty one gets an answer, too; so it is sent once a cannot answer any more.
      if (bytes === 0) a.peer.close();
      client.send(payload, to);
      if (bytes > 0) await eventually(() => assert.equal(a.got.length, before + 1));
      await die(a, other, to);
      assert.equal((await client.receive()).text, `b:${payload}`);
      await client.gotNothing();
      assert.equal(b.got.filter(({ text }) => text === payload).length, 1);
      await assertSettled(balancer);
    });
  }

  for (const [each, size] of [
    [2, 40],
    [60, 100],
    [40, 1400],
  ]) {
    test(`a burst of ${each} datagrams of ${size} bytes is sent again in order`, async (t) => {
      const { openGsoClient } = await import("../support/gso-client.js");
      const { a, b, balancer, to } = await openRig(t, 1);
      const other = (await openBound(t, to, 1))[0];
      // The next client is a's again, or the one after that.
      let client = openGsoClient(to);
      const opened = [client];
      t.after(() => {
        for (const one of opened) one.close();
      });
      client.burst([Buffer.from("hi")]);
      if ((await client.take(1))[0].toString() !== "a:hi") {
        client = openGsoClient(to);
        opened.push(client);
        client.burst([Buffer.from("hi")]);
        assert.equal((await client.take(1))[0].toString(), "a:hi");
      }
      const burst = Array.from({ length: each }, (_, i) => Buffer.alloc(size, `${i} `));
      // The last one of a burst may be shorter.
      burst[each - 1] = burst[each - 1].subarray(0, size - 7);
      const before = a.got.length;
      client.burst(burst);
      await eventually(() => assert.equal(a.got.length, before + each));
      await die(a, other, to);
      const texts = burst.map((datagram) => datagram.toString());
      assert.deepEqual(
        (await client.take(each)).map((reply) => reply.toString()),
        texts.map((text) => `b:${text}`),
      );
      assert.deepEqual(
        b.got.map(({ text }) => text).filter((text) => text.length > TELLS.length),
        texts,
      );
      await assertSettled(balancer);
    });
  }

  test("two workers: the one that was refused nothing sends again, too", async (t) => {
    const { a, balancer, to } = await openRig(t, 2);
    // Enough that each worker has some of them: all on one would be one case in 2^23.
    const clients = await openBound(t, to, 24);
    const before = a.got.length;
    for (const [i, client] of clients.entries()) client.send(`waits ${i}`, to);
    await eventually(() => assert.equal(a.got.length, before + clients.length));
    const [first] = await openBound(t, to, 1);
    await die(a, first, to);
    for (const [i, client] of clients.entries()) assert.equal((await client.receive()).text, `b:waits ${i}`);
    for (const client of clients) await client.gotNothing();
    await assertSettled(balancer);
  });

  test("a second death: what was sent again is sent on", async (t) => {
    const plane: PlaneUnderTest = { name: "batched", workers: 1, cannot: {} };
    const backends = await Promise.all(
      ["a", "b", "c", "d"].map((name) => openBackend(t, name, { answer: answerShort })),
    );
    const balancer = await startBalancer(t, plane, {
      listeners: [{ name: "main", address: "127.0.0.1:0" }],
      pools: [
        {
          affinity: "client",
          failover: { unanswered: "resend" },
          backends: backends.map(({ entry }) => entry),
        },
      ],
    });
    const to = addressOf(balancer);
    // In turn: two clients of each backend.
    const clients = await Promise.all(Array.from({ length: 8 }, () => UdpPeer.open(t)));
    for (const client of clients) await client.ask("hi", to);
    const holders = () => backends.filter(({ got }) => got.some(({ text }) => text === "it waits"));
    clients[0].send("it waits", to);
    await eventually(() => assert.deepEqual(holders(), [backends[0]]));
    backends[0].peer.close();
    assert.match((await clients[4].ask(TELLS, to)).text, /^[bcd]:tells$/);
    await eventually(() => assert.equal(holders().length, 2));
    const second = holders()[1];
    second.peer.close();
    await clients[backends.indexOf(second)].ask(TELLS, to);
    await eventually(() => assert.equal(holders().length, 3));
    await assertSettled(balancer);
  });
});
