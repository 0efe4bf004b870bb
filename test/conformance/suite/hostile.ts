/** Whatever the network sends: no crash, bounded memory, and honest clients are served afterwards. */
import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import type { Balancer } from "#src/api.js";
import type { ConfigInput } from "#src/config/config.js";
import { echo } from "../../support/backends.js";
import { assertConsistent } from "./figures.js";
import { addressOf, listenerOn, type PlaneUnderTest, startBalancer, worldOf } from "./plane-under-test.js";

/** The same bytes in every run: a linear congruential generator. */
function* noise(seed: number): Generator<Buffer> {
  let state = seed;
  const next = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state >>> 8;
  };
  for (;;) yield Buffer.from(Uint8Array.from({ length: next() % 1400 }, next));
}

export function defineHostile(plane: PlaneUnderTest): void {
  const { openPeer, openBackend, eventually } = worldOf(plane);

  /**
   * Sends one datagram from each of 100 ports of an address, and waits until the balancer has seen them: so none is lost on the way,
   * and the ports are no honest client's.
   */
  async function flood(t: TestContext, balancer: Balancer, ip: string): Promise<void> {
    const seen = () => balancer.stats().listeners[0].requests.datagrams;
    const before = seen();
    const peers = await Promise.all(Array.from({ length: 100 }, () => openPeer(t, { ip })));
    for (const [i, peer] of peers.entries()) peer.send(`${i}`, addressOf(balancer));
    await eventually(() => assert.ok(seen() >= before + 100, `${seen() - before} of 100`));
    for (const peer of peers) peer.close();
  }

  async function start(t: TestContext, limits: NonNullable<ConfigInput["limits"]>): Promise<Balancer> {
    const backend = await openBackend(t, "a", { answer: echo });
    return startBalancer(t, plane, {
      listeners: [listenerOn("127.0.0.1:0", { idleTimeout: "30s" })],
      pools: [{ affinity: "client", backends: [backend.entry] }],
      limits,
    });
  }

  describe("hostile input", () => {
    test("random bytes pass as they are", async (t) => {
      const balancer = await start(t, {});
      const client = await openPeer(t);
      const source = noise(42);
      for (let round = 0; round < 20; round++) {
        const sent = Array.from({ length: 10 }, () => source.next().value as Buffer);
        for (const bytes of sent) client.send(bytes, addressOf(balancer));
        const replies = await client.take(10);
        for (const [i, { payload }] of replies.entries()) assert.ok(payload.equals(sent[i]), `${round}/${i}`);
      }
    });

    for (const onFull of ["drop", "evict-oldest"] as const) {
      test(`2,000 source ports against 100 flows, ${onFull}: bounded, and everything is accounted for`, async (t) => {
        const balancer = await start(t, { maxFlows: 100, onFull });
        for (let host = 1; host <= 20; host++) await flood(t, balancer, `127.0.10.${host}`);
        await assertConsistent(() => balancer.stats());
        const { flows, drops } = balancer.stats();
        const isEvicting = onFull === "evict-oldest";
        assert.deepEqual(
          [flows.active, flows.ended.evicted, drops.flow_table_full],
          isEvicting ? [100, 1900, 0] : [100, 0, 1900],
        );
        const honest = await openPeer(t);
        if (isEvicting) assert.equal((await honest.ask("honest", addressOf(balancer))).text, "honest");
      });
    }

    test("a flood from one address leaves others their share: maxFlowsPerClientIp", async (t) => {
      const balancer = await start(t, { maxFlows: 100, maxFlowsPerClientIp: 10 });
      for (let i = 0; i < 3; i++) await flood(t, balancer, "127.0.10.1");
      const honest = await openPeer(t, { ip: "127.0.9.9" });
      assert.equal((await honest.ask("honest", addressOf(balancer))).text, "honest");
      await assertConsistent(() => balancer.stats());
      const { flows, drops } = balancer.stats();
      assert.deepEqual([flows.active, drops.flow_table_full], [11, 0]);
      // A port that a flooder is given anew may have a flow still.
      assert.ok(drops.client_flow_limit >= 90, `${drops.client_flow_limit}`);
    });

    test("a flow inside goes on while the table is full and others knock", async (t) => {
      const balancer = await start(t, { maxFlows: 1 });
      const to = addressOf(balancer);
      const inside = await openPeer(t);
      await inside.ask("first", to);
      for (let host = 1; host <= 5; host++) {
        const knocking = flood(t, balancer, `127.0.10.${host}`);
        for (let i = 0; i < 4; i++) assert.equal((await inside.ask(`${i}`, to)).text, `${i}`);
        await knocking;
      }
      assert.equal((await inside.ask("last", to)).text, "last");
      await eventually(() => assert.equal(balancer.stats().drops.flow_table_full, 500));
    });
  });
}
