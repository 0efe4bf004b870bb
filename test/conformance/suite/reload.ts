/** Reloading under traffic: what did not change loses nothing, and a config that cannot be had changes nothing. */
import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import type { Balancer } from "#src/api.js";
import type { ConfigInput } from "#src/config/config.js";
import { ownAddress, tagOf } from "../../support/backends.js";
import { proves } from "../../support/proves.js";
import {
  addressOf,
  type PlaneUnderTest,
  placeOf,
  sideBySide,
  startBalancer,
  worldOf,
} from "./plane-under-test.js";

const ANY = "127.0.0.1:0";
const NONE = { added: [], removed: [], changed: [] };

export function defineReload(plane: PlaneUnderTest): void {
  const { openPeer, openBackend, openBackends, openTraffic } = worldOf(plane);

  /** An address that is free, of an IP address that nobody else uses. */
  async function freeAddress(t: TestContext): Promise<string> {
    const peer = await openPeer(t, { ip: ownAddress() });
    peer.close();
    return peer.address;
  }

  async function startTwo(t: TestContext): Promise<{ balancer: Balancer; config: ConfigInput }> {
    const [a, b] = await openBackends(t, "a", "b");
    const config: ConfigInput = {
      listeners: [
        { name: "x", address: ANY, pool: "pa" },
        { name: "y", address: ANY, pool: "pb" },
      ],
      pools: [
        { name: "pa", backends: [a.entry] },
        { name: "pb", backends: [b.entry] },
      ],
    };
    return { balancer: await startBalancer(t, plane, config), config };
  }

  describe("reload", sideBySide(plane), () => {
    for (const affinity of ["none", "client"]) {
      test(`affinity ${affinity}: 20 reloads under traffic lose nothing`, async (t) => {
        proves("both", "listener-stays");
        const backends = (await openBackends(t, "a", "b", "c")).map(({ entry }) => entry);
        const config = (i: number): ConfigInput => ({
          listeners: [{ name: "main", address: ANY }, ...(i % 2 ? [{ name: "other", address: ANY }] : [])],
          pools: [{ affinity, backends: i % 3 === 0 ? backends : backends.slice(i % 3) }],
        });
        const balancer = await startBalancer(t, plane, config(0));
        const traffic = await openTraffic(t, addressOf(balancer, "main"), { clients: 4 });
        for (let i = 1; i <= 20; i++) {
          assert.equal((await balancer.reload(config(i))).version, i + 1);
          await traffic.answered(3);
        }
        const { sent, missing, twice } = await traffic.stop();
        assert.ok(sent >= 60, `${sent} sent`);
        assert.deepEqual([missing, twice], [[], []]);
        const { listeners, flows } = balancer.stats();
        const main = listeners.find(({ name }) => name === "main");
        assert.deepEqual([main?.requests.datagrams, main?.replies.datagrams], [sent, sent]);
        if (affinity === "client") assert.equal(flows.opened - flows.moved, 4);
      });
    }

    test("a listener is added, and answers", async (t) => {
      const { balancer, config } = await startTwo(t);
      const before = addressOf(balancer, "x");
      const result = await balancer.reload({
        ...config,
        listeners: [...config.listeners, { name: "z", address: ANY, pool: "pb" }],
      });
      assert.deepEqual(result.listeners, { ...NONE, added: ["z"] });
      assert.deepEqual([result.pools, result.backends], [NONE, NONE]);
      const client = await openPeer(t);
      const reply = await client.ask("?", addressOf(balancer, "z"));
      assert.deepEqual([tagOf(reply), reply.from], ["b", addressOf(balancer, "z")]);
      assert.equal(addressOf(balancer, "x"), before);
    });

    test("a listener is removed: its flows end and its address is free, the other goes on", async (t) => {
      proves("both", "listener-removed");
      const { balancer, config } = await startTwo(t);
      const [x, y] = [addressOf(balancer, "x"), addressOf(balancer, "y")];
      const client = await openPeer(t);
      await client.ask("?", x);
      await client.ask("?", y);
      const result = await balancer.reload({ ...config, listeners: [config.listeners[1]] });
      assert.deepEqual(result.listeners, { ...NONE, removed: ["x"] });
      assert.deepEqual(
        balancer.flows().map(({ listener }) => listener),
        ["y"],
      );
      await openPeer(t, placeOf(x));
      assert.equal(tagOf(await client.ask("?", y)), "b");
    });

    test("a listener is removed and comes back: it is another one, and works", async (t) => {
      const { balancer, config } = await startTwo(t);
      const client = await openPeer(t);
      await client.ask("?", addressOf(balancer, "x"));
      await balancer.reload({ ...config, listeners: [config.listeners[1]] });
      await balancer.reload(config);
      assert.equal(tagOf(await client.ask("?", addressOf(balancer, "x"))), "a");
    });

    test("a listener is renamed: same socket, flows stay", async (t) => {
      proves("both", "listener-stays");
      const [a] = await openBackends(t, "a");
      const address = await freeAddress(t);
      const config = (name: string) => ({
        listeners: [{ name, address }],
        pools: [{ affinity: "client", backends: [a.entry] }],
      });
      const balancer = await startBalancer(t, plane, config("old"));
      const client = await openPeer(t);
      await client.ask("?", address);
      const result = await balancer.reload(config("new"));
      assert.deepEqual(result.listeners, { added: ["new"], removed: ["old"], changed: [] });
      await client.ask("?", address);
      const { listeners, flows } = balancer.stats();
      assert.deepEqual([flows.opened, listeners[0].name, listeners[0].requests.datagrams], [1, "new", 2]);
    });

    test("a listener gets another pool: its flows move there at their next datagram", async (t) => {
      proves("both", "other-pool");
      const { balancer, config } = await startTwo(t);
      const client = await openPeer(t);
      const to = addressOf(balancer, "x");
      assert.equal(tagOf(await client.ask("?", to)), "a");
      const listeners = [{ ...config.listeners[0], pool: "pb" }, config.listeners[1]];
      const result = await balancer.reload({ ...config, listeners });
      assert.deepEqual(result.listeners, { ...NONE, changed: ["x"] });
      assert.equal(tagOf(await client.ask("?", to)), "b");
      assert.equal(addressOf(balancer, "x"), to);
    });

    test("a session that changes holds for the flows that are there", async (t) => {
      proves("both", "session");
      const [a, b] = await openBackends(t, "a", "b");
      const config = (requests: number | "none") => ({
        listeners: [{ name: "main", address: ANY, session: { requests } }],
        pools: [{ affinity: "client", backends: [a.entry, b.entry] }],
      });
      const balancer = await startBalancer(t, plane, config("none"));
      const client = await openPeer(t);
      const order: string[] = [];
      for (let i = 0; i < 2; i++) order.push(tagOf(await client.ask("?", addressOf(balancer))));
      await balancer.reload(config(3));
      for (let i = 0; i < 3; i++) order.push(tagOf(await client.ask("?", addressOf(balancer))));
      assert.equal(order.join(""), "aaabb");
    });

    test("the result names what changed", async (t) => {
      const { balancer, config } = await startTwo(t);
      const c = await openBackend(t, "c");
      const [pa, pb] = config.pools;
      const result = await balancer.reload({
        ...config,
        pools: [
          { ...pa, policy: "random", backends: [...(pa.backends ?? []), { ...c.entry, weight: 3 }] },
          pb,
        ],
      });
      assert.deepEqual(result, {
        version: 2,
        listeners: NONE,
        pools: { ...NONE, changed: ["pa"] },
        backends: { ...NONE, added: ["pa/c"] },
      });
      assert.equal(balancer.stats().configVersion, 2);
    });

    for (const [what, spoil, code] of [
      ["a config that is not valid", (config) => ({ ...config, pools: [] }), "CONFIG_INVALID"],
      [
        "an address that this machine does not have",
        (config) => ({
          ...config,
          listeners: [
            { name: "new", address: ANY, pool: "pa" },
            { name: "bad", address: "192.0.2.1:0", pool: "pa" },
          ],
        }),
        "LISTEN_FAILED",
      ],
    ] as readonly [string, (config: ConfigInput) => ConfigInput, string][]) {
      // The network in memory has every address.
      if (plane.memory !== undefined && code === "LISTEN_FAILED") continue;

      test(`${what} changes nothing`, async (t) => {
        proves("both", "reload-refused");
        const { balancer, config } = await startTwo(t);
        const failures: Error[] = [];
        balancer.on("reloadFailed", (error) => failures.push(error));
        const traffic = await openTraffic(t, addressOf(balancer, "x"), { clients: 2 });
        const before = balancer.listeners;
        await traffic.answered(3);
        await assert.rejects(balancer.reload(spoil(config)), { code });
        await traffic.answered(3);
        assert.equal(balancer.stats().configVersion, 1);
        assert.deepEqual(balancer.listeners, before);
        assert.deepEqual(
          failures.map((error) => (error as Error & { code: string }).code),
          [code],
        );
        const { missing, twice } = await traffic.stop();
        assert.deepEqual([missing, twice], [[], []]);
        assert.equal((await balancer.reload(config)).version, 2);
      });
    }

    test("an address in use: nothing of the new config stays open", async (t) => {
      const { balancer, config } = await startTwo(t);
      const [taken, free] = [await openPeer(t), await freeAddress(t)];
      const listeners = [free, taken.address].map((address) => ({ address, pool: "pa" }));
      await assert.rejects(balancer.reload({ ...config, listeners }), {
        code: "LISTEN_FAILED",
        address: taken.address,
      });
      await openPeer(t, placeOf(free));
      const client = await openPeer(t);
      assert.equal(tagOf(await client.ask("?", addressOf(balancer, "y"))), "b");
    });

    test("reloads asked for at once happen one after another, in order", async (t) => {
      const { balancer, config } = await startTwo(t);
      const [pa, pb] = config.pools;
      const weighted = (weight: number) => ({
        ...config,
        pools: [
          pa,
          { ...pb, backends: pb.backends?.map((one) => ({ ...(one as { address: string }), weight })) },
        ],
      });
      const results = await Promise.all([2, 3, 4, 5].map((weight) => balancer.reload(weighted(weight))));
      assert.deepEqual(
        results.map(({ version }) => version),
        [2, 3, 4, 5],
      );
      assert.equal(balancer.stats().backends[1].weight, 5);
    });
  });
}
