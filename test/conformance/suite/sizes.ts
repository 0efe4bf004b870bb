/** Datagrams of every size pass unchanged, both ways. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { echo } from "../../support/backends.js";
import { addressOf, type PlaneUnderTest, sideBySide, startBalancer, worldOf } from "./plane-under-test.js";

const SIZES = [0, 1, 2, 63, 64, 512, 1472, 1473, 2048, 9000, 65_506, 65_507];

/** Bytes that differ from place to place and from seed to seed. */
function pattern(size: number, seed = 0): Buffer {
  return Buffer.from(
    Uint8Array.from({ length: size }, (_, i) => (i * 31 + (i >> 8) + seed * 7 + size) & 0xff),
  );
}

export function defineSizes(plane: PlaneUnderTest): void {
  const { openPeer, openBackend, eventually } = worldOf(plane);

  describe("sizes", sideBySide(plane), () => {
    for (const affinity of ["none", "client"]) {
      test(`affinity ${affinity}: 0 to 65,507 bytes, one by one`, async (t) => {
        const backend = await openBackend(t, "a", { answer: echo });
        const balancer = await startBalancer(t, plane, {
          listen: "127.0.0.1:0",
          affinity,
          backends: [backend.entry],
        });
        const client = await openPeer(t);
        for (const size of SIZES) {
          const sent = pattern(size);
          const { payload } = await client.ask(sent, addressOf(balancer));
          assert.equal(payload.length, size);
          assert.ok(payload.equals(sent), `${size} bytes came back changed`);
        }
        assert.deepEqual(
          backend.got.map(({ payload }) => payload.length),
          SIZES,
        );
        const bytes = SIZES.reduce((sum, size) => sum + size, 0);
        const { listeners, backends } = balancer.stats();
        const traffic = { datagrams: SIZES.length, bytes };
        for (const { requests, replies } of [listeners[0], backends[0]]) {
          assert.deepEqual([requests, replies], [traffic, traffic]);
        }
      });

      test(`affinity ${affinity}: a burst of mixed sizes keeps every byte`, async (t) => {
        const backend = await openBackend(t, "a", { answer: echo });
        const balancer = await startBalancer(t, plane, {
          listen: "127.0.0.1:0",
          affinity,
          backends: [backend.entry],
        });
        const client = await openPeer(t);
        const sent = [
          0, 10, 10, 10, 0, 0, 1472, 1472, 1473, 1, 9000, 9000, 10, 10, 9, 9, 10, 0, 30_000, 30_000,
        ].map(pattern);
        for (const payload of sent) client.send(payload, addressOf(balancer));
        const replies = await client.take(sent.length);
        for (const [i, { payload }] of replies.entries()) {
          assert.ok(payload.equals(sent[i]), `datagram ${i}: ${sent[i].length} sent, ${payload.length} back`);
        }
      });
    }

    test("IPv6 carries 65,507 bytes as well", async (t) => {
      const backend = await openBackend(t, "a", { ip: "::1", answer: echo });
      const balancer = await startBalancer(t, plane, { listen: "[::1]:0", backends: [backend.entry] });
      const client = await openPeer(t, { ip: "::1" });
      for (const size of [0, 1452, 1453, 65_507]) {
        const { payload } = await client.ask(pattern(size), addressOf(balancer));
        assert.ok(payload.equals(pattern(size)), `${size} bytes`);
      }
    });

    test("empty datagrams of many clients: each gets its own back", async (t) => {
      const backend = await openBackend(t, "a", { answer: echo });
      const balancer = await startBalancer(t, plane, { listen: "127.0.0.1:0", backends: [backend.entry] });
      const clients = await Promise.all(Array.from({ length: 5 }, () => openPeer(t)));
      for (let i = 0; i < 4; i++) for (const client of clients) client.send("", addressOf(balancer));
      for (const client of clients)
        assert.deepEqual(
          (await client.take(4)).map(({ text }) => text),
          ["", "", "", ""],
        );
      await eventually(() => assert.equal(balancer.stats().backends[0].replies.datagrams, 20));
      assert.equal(balancer.stats().backends[0].replies.bytes, 0);
    });
  });
}
