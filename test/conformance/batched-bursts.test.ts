/** Bursts that cross the kernel as one packet (UDP_SEGMENT, UDP_GRO): every datagram keeps its content and its order. */
import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import { echo, openBackend, openBackends } from "../support/backends.js";
import type { GsoClient } from "../support/gso-client.js";
import { UdpPeer } from "../support/udp-peer.js";
import { eventually } from "../support/waiting.js";
import { assertConsistent } from "./suite/figures.js";
import { addressOf, type PlaneUnderTest, startBalancer } from "./suite/plane-under-test.js";

const skip = process.platform === "linux" ? false : "the batched plane needs Linux";
const plane: PlaneUnderTest = { name: "batched", workers: 1, cannot: {} };

/** FFI is loaded only where these tests run. */
async function openClient(t: TestContext, to: string): Promise<GsoClient> {
  const { openGsoClient } = await import("../support/gso-client.js");
  const client = openGsoClient(to);
  t.after(() => client.close());
  return client;
}

/** Datagram `number` of `size` bytes: its number, and bytes that follow from it. */
function numbered(number: number, size: number): Buffer {
  const datagram = Buffer.from(Uint8Array.from({ length: size }, (_, i) => (number * 13 + i * 7) & 0xff));
  datagram.writeUInt32BE(number);
  return datagram;
}

const numberOf = (datagram: Buffer) => datagram.readUInt32BE();

/** Sends bursts so that no more than `most` datagrams wait for their replies, and gives all replies. */
async function exchange(client: GsoClient, bursts: readonly Buffer[][], most: number): Promise<Buffer[]> {
  const replies: Buffer[] = [];
  let waiting = 0;
  for (const burst of bursts) {
    if (waiting + burst.length > most) {
      replies.push(...(await client.take(waiting)));
      waiting = 0;
    }
    client.burst(burst);
    waiting += burst.length;
  }
  replies.push(...(await client.take(waiting)));
  return replies;
}

function cut(datagrams: readonly Buffer[], each: number): Buffer[][] {
  return Array.from({ length: Math.ceil(datagrams.length / each) }, (_, i) =>
    datagrams.slice(i * each, i * each + each),
  );
}

describe("batched plane: bursts", { skip }, () => {
  for (const [size, each] of [
    [8, 64],
    [100, 64],
    [1200, 54],
    [1472, 44],
    [9000, 7],
  ]) {
    test(`affinity client: bursts of ${each} datagrams of ${size} bytes keep order and content`, async (t) => {
      const backend = await openBackend(t, "a", { answer: echo });
      const balancer = await startBalancer(t, plane, {
        listen: "127.0.0.1:0",
        affinity: "client",
        backends: [backend.entry],
      });
      const client = await openClient(t, addressOf(balancer));
      const sent = Array.from({ length: 4 * each }, (_, i) => numbered(i, size));
      const replies = await exchange(client, cut(sent, each), 2 * each);
      for (const [i, reply] of replies.entries())
        assert.ok(reply.equals(sent[i]), `datagram ${i}: ${numberOf(reply)}`);
      assert.deepEqual(
        backend.got.map(({ payload }) => numberOf(payload)),
        sent.map((_, i) => i),
      );
      await assertConsistent(() => balancer.stats());
      const { requests } = balancer.stats().listeners[0];
      assert.deepEqual(requests, { datagrams: sent.length, bytes: sent.length * size });
    });
  }

  test("affinity none: a burst is dealt out in turn, in order, nothing lost", async (t) => {
    const backends = await Promise.all(["a", "b", "c"].map((name) => openBackend(t, name, { answer: echo })));
    const balancer = await startBalancer(t, plane, {
      listen: "127.0.0.1:0",
      backends: backends.map(({ entry }) => entry),
    });
    const client = await openClient(t, addressOf(balancer));
    const sent = Array.from({ length: 240 }, (_, i) => numbered(i, 500));
    const replies = await exchange(client, cut(sent, 60), 120);
    assert.deepEqual(
      replies.map(numberOf).sort((a, b) => a - b),
      sent.map((_, i) => i),
    );
    for (const reply of replies)
      assert.ok(reply.equals(sent[numberOf(reply)]), `datagram ${numberOf(reply)}`);
    for (const [place, { got }] of backends.entries()) {
      assert.deepEqual(
        got.map(({ payload }) => numberOf(payload)),
        Array.from({ length: 80 }, (_, i) => i * 3 + place),
      );
    }
  });

  for (const affinity of ["none", "client"]) {
    test(`affinity ${affinity}: bursts with a short end, of mixed sizes, keep order and content`, async (t) => {
      const backend = await openBackend(t, "a", { answer: echo });
      const balancer = await startBalancer(t, plane, {
        listen: "127.0.0.1:0",
        affinity,
        backends: [backend.entry],
      });
      const client = await openClient(t, addressOf(balancer));
      let number = 0;
      const burst = (size: number, count: number, last: number) => [
        ...Array.from({ length: count }, () => numbered(number++, size)),
        numbered(number++, last),
      ];
      const bursts = [
        burst(100, 20, 40),
        burst(40, 3, 39),
        burst(1400, 30, 5),
        [numbered(number++, 1400)],
        [numbered(number++, 9000)],
        burst(1400, 10, 1400),
        burst(8000, 6, 100),
        burst(5, 60, 4),
      ];
      const replies = await exchange(client, bursts, 100);
      for (const [i, datagram] of bursts.flat().entries()) {
        assert.ok(replies[i].equals(datagram), `datagram ${i}: ${numberOf(replies[i])} came`);
      }
    });
  }

  test("requests and responses are counted by the datagram within a burst", async (t) => {
    const backends = await openBackends(t, "a", "b");
    const balancer = await startBalancer(t, plane, {
      listen: "127.0.0.1:0",
      affinity: "client",
      requests: 4,
      responses: 1,
      backends: backends.map(({ entry }) => entry),
    });
    const client = await openClient(t, addressOf(balancer));
    const sent = Array.from({ length: 40 }, (_, i) => Buffer.from(`${i}`.padStart(4, "0")));
    client.burst(sent);
    const replies = (await client.take(40)).map((reply) => reply.toString().slice(2));
    assert.deepEqual(replies.sort(), sent.map(String));
    for (const [place, { got }] of backends.entries()) {
      const numbers = got.map(({ text }) => Number(text)).sort((a, b) => a - b);
      assert.deepEqual(
        numbers,
        sent.map((_, i) => i).filter((i) => Math.floor(i / 4) % 2 === place),
      );
    }
    await eventually(() => {
      const { active, ended } = balancer.stats().flows;
      assert.deepEqual([active, ended.answered], [0, 10]);
    });
  });

  test("bursts of many clients at once are not mixed up", async (t) => {
    const backends = await Promise.all(["a", "b"].map((name) => openBackend(t, name, { answer: echo })));
    const balancer = await startBalancer(t, plane, {
      listen: "127.0.0.1:0",
      backends: backends.map(({ entry }) => entry),
    });
    const to = addressOf(balancer);
    const clients = await Promise.all(Array.from({ length: 8 }, () => openClient(t, to)));
    const plain = await UdpPeer.open(t);
    for (let round = 0; round < 5; round++) {
      const sent = clients.map((_, c) => Array.from({ length: 20 }, (_, i) => numbered(c * 1000 + i, 200)));
      for (const [c, client] of clients.entries()) client.burst(sent[c]);
      plain.send(`${round}`, to);
      for (const [c, client] of clients.entries()) {
        const replies = await client.take(20);
        const numbers = replies.map(numberOf).sort((a, b) => a - b);
        assert.deepEqual(numbers, sent[c].map(numberOf));
        for (const reply of replies) assert.ok(reply.equals(sent[c][numberOf(reply) % 1000]));
      }
      assert.equal((await plain.receive()).text, `${round}`);
    }
    await assertConsistent(() => balancer.stats());
  });

  test("a burst to a backend that is gone is counted whole, and the next flow is served", async (t) => {
    const [gone] = await openBackends(t, "a");
    const balancer = await startBalancer(t, plane, {
      listen: "127.0.0.1:0",
      affinity: "client",
      backends: [gone.entry],
    });
    gone.peer.close();
    const client = await openClient(t, addressOf(balancer));
    for (let i = 0; i < 3; i++) client.burst(Array.from({ length: 20 }, (_, n) => numbered(i * 20 + n, 100)));
    // Counted first, then sent: only what was refused can no longer reach the backend that is back.
    await eventually(() => assert.equal(balancer.stats().drops.backend_refused, 60));
    assert.equal(balancer.stats().listeners[0].requests.datagrams, 60);
    assert.ok(balancer.stats().backends[0].refused > 0);
    await assertConsistent(() => balancer.stats());
    await openBackend(t, "back", { ip: gone.peer.ip, port: gone.peer.port, answer: echo });
    const sent = Array.from({ length: 20 }, (_, n) => numbered(n, 100));
    client.burst(sent);
    assert.deepEqual((await client.take(20)).map(numberOf), sent.map(numberOf));
  });

  test("a tap has every datagram of a burst by itself, in both directions", async (t) => {
    const backend = await openBackend(t, "a", { answer: echo });
    const balancer = await startBalancer(t, plane, {
      listen: "127.0.0.1:0",
      affinity: "client",
      backends: [backend.entry],
    });
    const client = await openClient(t, addressOf(balancer));
    const sent = Array.from({ length: 80 }, (_, i) => numbered(i, 500));
    const last = Buffer.from("the end, shorter");
    const tap = balancer.tap({ client: "127.0.0.1", maxDatagrams: 2 * (sent.length + 1) });
    await tap.opened;
    await exchange(client, [...cut(sent, 40).slice(0, 1), [...cut(sent, 40)[1], last]], 41);
    const seen = { request: [] as Buffer[], reply: [] as Buffer[] };
    for await (const { direction, payload, missed } of tap) {
      assert.equal(missed, 0);
      seen[direction].push(Buffer.from(payload));
    }
    assert.deepEqual(seen.request, [...sent, last]);
    assert.deepEqual(seen.reply, [...sent, last]);
  });
});
