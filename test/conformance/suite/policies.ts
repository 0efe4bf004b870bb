/** Policies at work: what each promises, seen from outside. Their details are unit tests. */
import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import type { PolicyName } from "#src/core/snapshot.js";
import { type Backend, silent, tagOf } from "../../support/backends.js";
import { addressOf, type PlaneUnderTest, sideBySide, startBalancer, worldOf } from "./plane-under-test.js";

export function definePolicies(plane: PlaneUnderTest): void {
  const { openPeer, openBackend, openBackends, eventually } = worldOf(plane);

  const start = (
    t: TestContext,
    policy: PolicyName,
    affinity: string,
    backends: readonly { readonly name: string; readonly address: string; readonly weight?: number }[],
  ) => startBalancer(t, plane, { listen: "127.0.0.1:0", policy, affinity, backends });

  /** How many of the clients each backend has. */
  function count(backends: readonly Backend[]): number[] {
    return backends.map(({ got }) => got.length);
  }

  describe("policies", sideBySide(plane), () => {
    test("round-robin: a backend of weight 0 gets nothing", async (t) => {
      const [a, b, c] = await openBackends(t, "a", "b", "c");
      const balancer = await start(t, "round-robin", "none", [a.entry, { ...b.entry, weight: 0 }, c.entry]);
      const client = await openPeer(t);
      for (let i = 0; i < 10; i++) await client.ask("?", addressOf(balancer));
      assert.deepEqual(count([a, b, c]), [5, 0, 5]);
    });

    test("random: by weight", async (t) => {
      const [a, b, c] = await openBackends(t, "a", "b", "c");
      const weighted = [a.entry, { ...b.entry, weight: 3 }, { ...c.entry, weight: 0 }];
      const balancer = await start(t, "random", "none", weighted);
      const client = await openPeer(t);
      for (let i = 0; i < 40; i++) {
        for (let j = 0; j < 10; j++) client.send("?", addressOf(balancer));
        await client.take(10);
      }
      const [ofA, ofB, ofC] = count([a, b, c]);
      assert.deepEqual([ofA + ofB, ofC], [400, 0]);
      // 100 are expected, with a deviation of 8.7: six of them are never seen.
      assert.ok(Math.abs(ofA - 100) < 53, `${ofA} of 400 went to the quarter`);
    });

    test("least-flows: new clients go where the fewest flows are", async (t) => {
      const [a, b] = await openBackends(t, "a", "b");
      const balancer = await start(t, "least-flows", "client", [a.entry, b.entry]);
      const clients = await Promise.all(Array.from({ length: 10 }, () => openPeer(t)));
      for (const client of clients) await client.ask("?", addressOf(balancer));
      assert.deepEqual(count([a, b]), [5, 5]);
      const c = await openBackend(t, "c");
      await balancer.reload({
        listen: "127.0.0.1:0",
        policy: "least-flows",
        affinity: "client",
        backends: [a.entry, b.entry, c.entry],
      });
      for (let i = 0; i < 4; i++) await (await openPeer(t)).ask("?", addressOf(balancer));
      assert.deepEqual(count([a, b, c]), [5, 5, 4]);
    });

    test("least-outstanding: a backend that does not answer gets little", async (t) => {
      const [a, b] = await openBackends(t, "a", "b");
      const mute = await openBackend(t, "mute", { answer: silent });
      const balancer = await start(t, "least-outstanding", "client", [a.entry, b.entry, mute.entry]);
      for (let i = 0; i < 40; i++) {
        const client = await openPeer(t);
        const before = mute.got.length;
        client.send("?", addressOf(balancer));
        await eventually(() => assert.ok(client.waiting > 0 || mute.got.length > before));
      }
      // One request without a reply and it is never the lighter of two.
      assert.equal(mute.got.length, 1, `${count([a, b, mute])}`);
      assert.equal(a.got.length + b.got.length, 39);
    });

    test("maglev: a client has the same backend after a restart, whatever the order of the backends", async (t) => {
      const backends = await openBackends(t, "a", "b", "c", "d");
      const entries = backends.map(({ entry }) => entry);
      const clients = await Promise.all(Array.from({ length: 24 }, () => openPeer(t)));
      const seen: string[][] = [];
      for (const order of [entries, [...entries].reverse()]) {
        const balancer = await start(t, "maglev", "client", order);
        const replies = await Promise.all(clients.map((client) => client.ask("?", addressOf(balancer))));
        seen.push(replies.map(tagOf));
        await balancer.close({ graceMs: 0 });
      }
      assert.deepEqual(seen[1], seen[0]);
      assert.ok(new Set(seen[0]).size >= 2, `24 clients on one backend: ${seen[0]}`);
    });

    test("maglev with client-ip: every port of an address has the same backend, with no flow alive", async (t) => {
      const backends = (await openBackends(t, "a", "b", "c", "d")).map(({ entry }) => entry);
      const seen = new Set<string>();
      for (let i = 0; i < 4; i++) {
        const balancer = await start(t, "maglev", "client-ip", backends);
        seen.add(tagOf(await (await openPeer(t, { ip: "127.0.4.4" })).ask("?", addressOf(balancer))));
        await balancer.close({ graceMs: 0 });
      }
      assert.equal(seen.size, 1);
    });

    if (plane.memory === undefined) return;
    test("maglev: clients of the backends that stay keep them when one leaves", async (t) => {
      // Addresses that are the same in every run, and so the same answers.
      const place = (host: number) => ({ ip: `192.0.2.${host}`, port: 53 });
      const backends = await Promise.all(
        ["a", "b", "c"].map((name, i) => openBackend(t, name, place(i + 1))),
      );
      const clients = await Promise.all(Array.from({ length: 30 }, (_, i) => openPeer(t, place(i + 10))));
      const answers = async (entries: readonly { name: string; address: string }[]) => {
        const balancer = await start(t, "maglev", "client", entries);
        return Promise.all(clients.map(async (client) => tagOf(await client.ask("?", addressOf(balancer)))));
      };
      const [a, b, c] = backends.map(({ entry }) => entry);
      const [before, after] = [await answers([a, b, c]), await answers([a, b])];
      const moved = before.filter((name, i) => name !== "c" && after[i] !== name).length;
      // One key in a hundred moves beyond the minimum.
      assert.ok(moved <= 3, `${moved} clients moved: ${before} to ${after}`);
    });
  });
}
