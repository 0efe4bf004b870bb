/** The batched plane with two workers: what holds for one holds for both together. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { openBackends, tagOf } from "../support/backends.js";
import { openSteadyTraffic } from "../support/steady-traffic.js";
import { UdpPeer } from "../support/udp-peer.js";
import { assertConsistent, judged } from "./suite/figures.js";
import { addressOf, listenerOn, type PlaneUnderTest, startBalancer } from "./suite/plane-under-test.js";

const skip = process.platform === "linux" ? false : "the batched plane needs Linux";
const plane: PlaneUnderTest = { name: "batched", workers: 2, cannot: {} };

describe("batched plane: two workers", { skip }, () => {
  for (const affinity of ["none", "client"]) {
    test(`affinity ${affinity}: numbered datagrams of 30 clients: nothing lost, doubled or crossed`, async (t) => {
      const backends = await openBackends(t, "a", "b", "c");
      const balancer = await startBalancer(t, plane, {
        listen: "127.0.0.1:0",
        affinity,
        backends: backends.map(({ entry }) => entry),
      });
      const clients = await Promise.all(Array.from({ length: 30 }, () => UdpPeer.open(t)));
      const tags = clients.map(() => new Set<string>());
      await Promise.all(
        clients.map(async (client, number) => {
          for (let i = 0; i < 30; i += 3) {
            const sent = [i, i + 1, i + 2].map((n) => `${number}/${n}`);
            for (const text of sent) client.send(text, addressOf(balancer));
            const replies = await client.take(3);
            assert.deepEqual(replies.map(({ text }) => text.slice(2)).sort(), sent.sort());
            for (const reply of replies) tags[number].add(tagOf(reply));
          }
        }),
      );
      for (const seen of tags) assert.equal(seen.size, affinity === "client" ? 1 : 3);
      await assertConsistent(() => balancer.stats());
      assert.equal(balancer.stats().listeners[0].replies.datagrams, 900);
      assert.equal(balancer.flows().length, affinity === "client" ? 30 : 90);
      const shares = balancer.stats().backends.map(({ activeFlows }) => activeFlows);
      // Each worker gives out its clients in turn: shares differ by at most one for each worker.
      assert.ok(Math.max(...shares) - Math.min(...shares) <= 2, `${shares}`);
    });
  }

  test("20 reloads under traffic lose nothing", async (t) => {
    const backends = (await openBackends(t, "a", "b", "c")).map(({ entry }) => entry);
    const config = (i: number) => ({
      listeners: [listenerOn(), ...(i % 2 ? [{ name: "other", address: "127.0.0.1:0" }] : [])],
      pools: [{ affinity: "client", backends: i % 3 === 0 ? backends : backends.slice(i % 3) }],
      workers: 2,
    });
    const balancer = await startBalancer(t, plane, config(0));
    const traffic = await openSteadyTraffic(t, addressOf(balancer, "main"), { clients: 8 });
    for (let i = 1; i <= 20; i++) {
      await balancer.reload(config(i));
      await traffic.answered(8);
    }
    const { missing, twice, sent } = await traffic.stop();
    assert.deepEqual([missing, twice], [[], []]);
    assert.ok(sent >= 160);
  });

  test("maxFlows is shared out: never more in all", async (t) => {
    const [backend] = await openBackends(t, "a");
    const balancer = await startBalancer(t, plane, {
      listen: "127.0.0.1:0",
      affinity: "client",
      maxFlows: 10,
      backends: [backend.entry],
    });
    const clients = await Promise.all(Array.from({ length: 40 }, () => UdpPeer.open(t)));
    for (const client of clients) client.send("?", addressOf(balancer));
    await judged(balancer, 40);
    const { flows, drops } = balancer.stats();
    assert.deepEqual([flows.active, drops.flow_table_full], [10, 30]);
  });

  for (const policy of ["round-robin", "maglev"] as const) {
    test(`client-ip with ${policy}: all ports of an address have one backend`, async (t) => {
      const backends = await openBackends(t, "a", "b", "c");
      const balancer = await startBalancer(t, plane, {
        listen: "127.0.0.1:0",
        policy,
        affinity: "client-ip",
        backends: backends.map(({ entry }) => entry),
      });
      // Single clients first, which land on either worker: so the workers are not in step.
      for (let ip = 1; ip <= 7; ip++) {
        await (await UdpPeer.open(t, { ip: `127.0.8.${ip}` })).ask("?", addressOf(balancer));
      }
      for (let ip = 1; ip <= 4; ip++) {
        const ports = await Promise.all(
          Array.from({ length: 12 }, () => UdpPeer.open(t, { ip: `127.0.6.${ip}` })),
        );
        const names: string[] = [];
        for (const port of ports) names.push(tagOf(await port.ask("?", addressOf(balancer))));
        assert.equal(new Set(names).size, 1, names.join(""));
      }
    });
  }

  test("close ends both workers with traffic coming in", async (t) => {
    const [backend] = await openBackends(t, "a");
    const balancer = await startBalancer(t, plane, { listen: "127.0.0.1:0", backends: [backend.entry] });
    const traffic = await openSteadyTraffic(t, addressOf(balancer), { clients: 8, everyMs: 1 });
    await traffic.answered(50);
    await balancer.close({ graceMs: 0 });
    await assertConsistent(() => balancer.stats());
    assert.equal(balancer.stats().flows.active, 0);
  });
});
