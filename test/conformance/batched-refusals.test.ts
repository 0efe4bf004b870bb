/** What a refusing backend costs where bursts and long datagrams go: what still lies where it was received is not lost. */
import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { openBackend, tagOf } from "../support/backends.js";
import { openPlane } from "../support/batched-planes.js";
import { UdpPeer } from "../support/udp-peer.js";
import { eventually } from "../support/waiting.js";
import { assertConsistent } from "./suite/figures.js";

const skip = process.platform === "linux" ? false : "the batched plane needs Linux";

/** A plane and a client that is bound to backend a, which is gone. */
async function openRefused(t: TestContext) {
  const opened = await openPlane(t, 1);
  const client = await UdpPeer.open(t);
  assert.equal(tagOf(await client.ask("before", opened.to)), "a");
  opened.backends[0].peer.close();
  return { ...opened, client };
}

describe("batched plane: refusals", { skip }, () => {
  for (const bytes of [0, 1, 500, 520, 1400, 9000]) {
    test(`a datagram of ${bytes} bytes is answered by another backend, whole and once`, async (t) => {
      const { client, to, stats } = await openRefused(t);
      const payload = "x".repeat(bytes);
      assert.equal((await client.ask(payload, to)).text, `b:${payload}`);
      await client.gotNothing();
      const { listeners, backends, drops } = stats();
      assert.deepEqual(
        [listeners[0].requests.datagrams, drops.backend_refused, backends[0].refused],
        [2, 0, 1],
      );
      await assertConsistent(stats);
    });
  }

  test("what is refused a second time is known by its quote alone: whole it goes on, cut it does not", async (t) => {
    const { client, to, backends, stats } = await openRefused(t);
    backends[1].peer.close();
    const whole = "x".repeat(519);
    assert.equal((await client.ask(whole, to)).text, `c:${whole}`);
    assert.equal((await client.ask("after", to)).text, "c:after");
    const { backends: after, drops } = stats();
    assert.deepEqual([after.map(({ refused }) => refused), drops.backend_refused], [[1, 1, 0], 0]);
    await assertConsistent(stats);
  });

  test("cut to 520 bytes it is dropped, counted, and nobody gets a part of it", async (t) => {
    const { client, to, backends, stats } = await openRefused(t);
    backends[1].peer.close();
    client.send("x".repeat(1400), to);
    await eventually(() => assert.equal(stats().drops.backend_refused, 1));
    assert.equal((await client.ask("after", to)).text, "c:after");
    assert.deepEqual(
      backends[2].got.map(({ text }) => text),
      ["after"],
    );
    await assertConsistent(stats);
  });

  for (const bytes of [0, 500, 1400]) {
    test(`IPv6: a datagram of ${bytes} bytes is answered by another backend`, async (t) => {
      const backends = await Promise.all(["a", "b"].map((name) => openBackend(t, name, { ip: "::1" })));
      backends[0].peer.close();
      const { createBalancer } = await import("#src/balancer.js");
      const balancer = await createBalancer({
        plane: "batched",
        workers: 1,
        listen: "[::1]:0",
        affinity: "client",
        backends: backends.map(({ entry }) => entry),
      });
      t.after(() => balancer.close({ graceMs: 0 }));
      const client = await UdpPeer.open(t, { ip: "::1" });
      const payload = "x".repeat(bytes);
      assert.equal((await client.ask(payload, balancer.listeners[0].address)).text, `b:${payload}`);
      assert.equal(balancer.stats().backends[0].refused, 1);
      await assertConsistent(() => balancer.stats());
    });
  }

  test("a burst that leaves and is refused as one is answered datagram by datagram", async (t) => {
    const { backends, to, stats } = await openPlane(t, 1);
    for (const { peer } of backends.slice(0, 2)) peer.close();
    const { openGsoClient } = await import("../support/gso-client.js");
    const client = openGsoClient(to);
    t.after(() => client.close());
    // First a is refused, then b.
    client.burst(Array.from({ length: 60 }, (_, i) => new Uint8Array(100).fill(i)));
    await eventually(() => assert.equal(backends[2].got.length, 60));
    assert.deepEqual(
      backends[2].got.map(({ payload }) => [payload.length, payload[0], payload[99]]),
      Array.from({ length: 60 }, (_, i) => [100, i, i]),
    );
    await eventually(() => assert.equal(stats().listeners[0].replies.datagrams, 60));
    assert.equal(stats().drops.backend_refused, 0);
    await assertConsistent(stats);
  });

  test("the main thread is told at once, and at most once in 100 ms", async (t) => {
    const { client, to, refused, backends, apply, stats } = await openRefused(t);
    await client.ask("1", to);
    await eventually(() => assert.deepEqual(refused, [0]));
    // A new snapshot: it counts as up again, and refuses again.
    await delay(100);
    await apply(2, backends.slice(0, 1));
    const startMs = performance.now();
    for (let i = 0; i < 20; i++) client.send(`${i}`, to);
    await eventually(() => assert.equal(stats().drops.backend_refused, 20));
    await eventually(() => assert.ok(refused.length >= 2));
    const most = 2 + Math.floor((performance.now() - startMs) / 100);
    assert.ok(refused.length <= most, `${refused}`);
    assert.ok(refused.every((slot) => slot === 0));
  });
});
