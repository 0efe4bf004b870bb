/** What happens to live flows when their backend is drained, disabled or removed: section by section of docs/live-flows.md. */
import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import type { Balancer } from "#src/api.js";
import type { BackendInput, PoolInput } from "#src/config/config.js";
import { type Backend, tag, tagOf } from "../../support/backends.js";
import type { Peer } from "../../support/peer.js";
import { proves } from "../../support/proves.js";
import {
  addressOf,
  listenerOn,
  type PlaneUnderTest,
  sideBySide,
  startBalancer,
  worldOf,
} from "./plane-under-test.js";

interface Bound {
  readonly balancer: Balancer;
  /** Bound to backend a. */
  readonly client: Peer;
  readonly to: string;
  readonly backends: readonly Backend[];
  /** Reloads with other backends, and maybe other keys of the pool. */
  readonly change: (backends: readonly BackendInput[], pool?: Partial<PoolInput>) => Promise<unknown>;
}

export function defineBackendChanges(plane: PlaneUnderTest): void {
  const { openPeer, openBackend, openBackends, eventually } = worldOf(plane);

  /** A balancer over a and b with affinity client, and a client whose flow is on a. */
  async function bind(t: TestContext, pool: Partial<PoolInput> = {}, opened?: Backend[]): Promise<Bound> {
    const backends = opened ?? (await openBackends(t, "a", "b"));
    const config = (list: readonly BackendInput[], other: Partial<PoolInput>) => ({
      listeners: [listenerOn()],
      pools: [{ affinity: "client", ...other, backends: list }],
    });
    const balancer = await startBalancer(
      t,
      plane,
      config(
        backends.map(({ entry }) => entry),
        pool,
      ),
    );
    const client = await openPeer(t);
    const to = addressOf(balancer);
    assert.equal(tagOf(await client.ask("first", to)), "a");
    const change: Bound["change"] = (list, other = pool) => balancer.reload(config(list, other));
    return { balancer, client, to, backends, change };
  }

  const answer = async (client: Peer, to: string) => tagOf(await client.ask("?", to));
  const newcomer = async (t: TestContext, to: string) => answer(await openPeer(t), to);

  describe("backends that change", sideBySide(plane), () => {
    for (const [what, change] of [
      ["draining", { state: "draining" }],
      ["weight 0", { weight: 0 }],
    ] as const) {
      test(`${what}: flows stay, new clients go elsewhere`, async (t) => {
        proves("both", "draining");
        const { balancer, client, to, backends, change: reload } = await bind(t);
        await reload([{ ...backends[0].entry, ...change }, backends[1].entry]);
        for (let i = 0; i < 3; i++) {
          assert.equal(await newcomer(t, to), "b");
          assert.equal(await answer(client, to), "a");
        }
        assert.equal(balancer.stats().flows.moved, 0);
        await reload(backends.map(({ entry }) => entry));
        assert.deepEqual([await newcomer(t, to), await newcomer(t, to)].sort(), ["a", "b"]);
      });

      test(`${what} with failover.draining: move: the next datagram goes elsewhere`, async (t) => {
        proves("both", "draining");
        const {
          balancer,
          client,
          to,
          backends,
          change: reload,
        } = await bind(t, { failover: { draining: "move" } });
        await reload([{ ...backends[0].entry, ...change }, backends[1].entry]);
        for (let i = 0; i < 3; i++) assert.equal(await answer(client, to), "b");
        assert.equal(balancer.stats().flows.moved, 1);
      });
    }

    test("draining with move, and nowhere to go: flows stay", async (t) => {
      const pool = { failover: { draining: "move" } } as const;
      const { balancer, client, to, backends, change } = await bind(t, pool);
      await change(backends.map(({ entry }) => ({ ...entry, state: "draining" })));
      assert.equal(await answer(client, to), "a");
      (await openPeer(t)).send("new", to);
      await eventually(() => assert.equal(balancer.stats().drops.no_backend, 1));
    });

    test("draining with drop: the flow's datagrams are dropped under that reason", async (t) => {
      proves("both", "draining");
      const { balancer, client, to, backends, change } = await bind(t, { failover: { draining: "drop" } });
      await change([{ ...backends[0].entry, state: "draining" }, backends[1].entry]);
      client.send("?", to);
      await eventually(() => assert.equal(balancer.stats().drops.backend_draining, 1));
      assert.equal(backends[0].got.length, 1);
      assert.equal(backends[1].got.length, 0);
    });

    test("disabled: flows move at their next datagram", async (t) => {
      proves("both", "removed");
      const { client, to, backends, change } = await bind(t);
      await change([{ ...backends[0].entry, state: "disabled" }, backends[1].entry]);
      assert.equal(await answer(client, to), "b");
      assert.equal(await newcomer(t, to), "b");
      await change(backends.map(({ entry }) => entry));
      assert.equal(await answer(client, to), "b");
    });

    test("removed: flows move, and stay there when it comes back", async (t) => {
      proves("both", "removed", "back");
      const { balancer, client, to, backends, change } = await bind(t);
      await change([backends[1].entry]);
      for (let i = 0; i < 3; i++) assert.equal(await answer(client, to), "b");
      assert.equal(balancer.stats().flows.moved, 1);
      await change(backends.map(({ entry }) => entry));
      assert.equal(await answer(client, to), "b");
      assert.deepEqual([await newcomer(t, to), await newcomer(t, to)].sort(), ["a", "b"]);
    });

    test("removed with keep: flows stay, new clients do not come", async (t) => {
      proves("both", "removed");
      const { balancer, client, to, backends, change } = await bind(t, { failover: { removed: "keep" } });
      await change([backends[1].entry]);
      assert.equal(await answer(client, to), "a");
      assert.equal(await newcomer(t, to), "b");
      assert.deepEqual(
        balancer.stats().backends.map(({ name }) => name),
        ["b"],
      );
      await change(backends.map(({ entry }) => entry));
      assert.equal(await answer(client, to), "a");
      const again = balancer.stats().backends.find(({ name }) => name === "a");
      assert.deepEqual([again?.requests.datagrams, again?.activeFlows], [3, 1]);
    });

    test("removed with drop: the flow's datagrams are dropped until it is back", async (t) => {
      proves("both", "removed", "back");
      const { balancer, client, to, backends, change } = await bind(t, { failover: { removed: "drop" } });
      await change([backends[1].entry]);
      client.send("?", to);
      await eventually(() => assert.equal(balancer.stats().drops.backend_removed, 1));
      assert.equal(await newcomer(t, to), "b");
      await change(backends.map(({ entry }) => entry));
      assert.equal(await answer(client, to), "a");
    });

    test("removed while a reply is under way: the reply still arrives, the next request goes elsewhere", async (t) => {
      const slow = await openBackend(t, "a", {
        answer: (backend, datagram) => datagram.text === "first" && tag(backend, datagram),
      });
      const { client, to, backends, change } = await bind(t, {}, [slow, await openBackend(t, "b")]);
      client.send("under way", to);
      await eventually(() => assert.equal(slow.got.length, 2));
      await change([backends[1].entry]);
      assert.equal((await client.ask("next", to)).text, "b:next");
      tag(slow, slow.got[1]);
      assert.equal((await client.receive()).text, "a:under way");
    });

    test("another address under the same name is another backend: flows move to it", async (t) => {
      const { client, to, backends, change } = await bind(t);
      const moved = await openBackend(t, "new a");
      await change([
        { name: "a", address: moved.address },
        { ...backends[1].entry, state: "draining" },
      ]);
      assert.equal(await answer(client, to), "new a");
    });

    test("affinity none: a removed backend gets nothing more, and its turn when it is back", async (t) => {
      const { client, to, backends, change } = await bind(t, { affinity: "none" });
      const order = async () => {
        let names = "";
        for (let i = 0; i < 4; i++) names += await answer(client, to);
        return names;
      };
      assert.equal(await order(), "baba");
      await change([backends[1].entry]);
      assert.equal(await order(), "bbbb");
      await change(backends.map(({ entry }) => entry));
      assert.match(await order(), /^(abab|baba)$/);
    });

    test("a weight that changes leaves flows where they are", async (t) => {
      proves("both", "added");
      const { client, to, backends, change } = await bind(t);
      await change([backends[0].entry, { ...backends[1].entry, weight: 100 }]);
      for (let i = 0; i < 5; i++) assert.equal(await answer(client, to), "a");
    });

    test("policy or affinity changes: flows stay, new clients follow the new rule", async (t) => {
      proves("both", "policy", "affinity");
      const { client, to, backends, change } = await bind(t);
      const entries = backends.map(({ entry }) => entry);
      await change(entries, { affinity: "none", policy: "round-robin" });
      const other = await openPeer(t);
      const dealt = new Set([await answer(other, to), await answer(other, to)]);
      assert.equal(dealt.size, 2);
      for (let i = 0; i < 4; i++) assert.equal(await answer(client, to), "a");
      await change(entries, { affinity: "client", policy: "maglev" });
      const bound = await answer(other, to);
      for (let i = 0; i < 4; i++) assert.equal(await answer(other, to), bound);
      for (let i = 0; i < 4; i++) assert.equal(await answer(client, to), "a");
    });
  });
}
