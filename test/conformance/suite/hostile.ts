/** Whatever the network sends: no crash, bounded memory, and honest clients are served afterwards. */
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { describe, type TestContext, test } from "node:test";
import type { Balancer } from "#src/api.js";
import type { ConfigInput } from "#src/config/config.js";
import { echo, openBackend } from "../../support/backends.js";
import { UdpPeer } from "../../support/udp-peer.js";
import { eventually } from "../../support/waiting.js";
import { assertConsistent } from "./figures.js";
import { addressOf, listenerOn, type PlaneUnderTest, startBalancer } from "./plane-under-test.js";

/** The same bytes in every run: a linear congruential generator. */
function* noise(seed: number): Generator<Buffer> {
  let state = seed;
  const next = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state >>> 8;
  };
  for (;;) yield Buffer.from(Uint8Array.from({ length: next() % 1400 }, next));
}

/** Sends one datagram from each of `count` source ports, at most 100 open at a time. */
async function floodFromPorts(count: number, to: string): Promise<void> {
  const [host, port] = [to.slice(0, to.lastIndexOf(":")), Number(to.slice(to.lastIndexOf(":") + 1))];
  for (let done = 0; done < count; done += 100) {
    await Promise.all(
      Array.from({ length: 100 }, (_, i) => {
        const socket = createSocket("udp4");
        return new Promise<void>((resolve) => {
          socket.send(`${done + i}`, port, host, () => socket.close(() => resolve()));
        });
      }),
    );
  }
}

export function defineHostile(plane: PlaneUnderTest): void {
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
      const client = await UdpPeer.open(t);
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
        const to = addressOf(balancer);
        const before = process.memoryUsage().rss;
        await floodFromPorts(2000, to);
        const stats = await eventually(() => {
          const now = balancer.stats();
          assert.equal(now.listeners[0].requests.datagrams, 2000);
          return now;
        });
        assert.ok(stats.flows.active <= 100 && stats.flows.active > 0, `${stats.flows.active} flows`);
        await assertConsistent(() => balancer.stats());
        const grownMiB = (process.memoryUsage().rss - before) / 2 ** 20;
        assert.ok(grownMiB < 200, `grown by ${grownMiB} MiB`);
        if (onFull === "drop") assert.ok(stats.drops.flow_table_full > 0);
        else assert.equal((await (await UdpPeer.open(t)).ask("honest", to)).text, "honest");
      });
    }

    test("a flood from one address leaves others their share: maxFlowsPerClientIp", async (t) => {
      const balancer = await start(t, { maxFlows: 100, maxFlowsPerClientIp: 10 });
      await floodFromPorts(500, addressOf(balancer));
      const honest = await UdpPeer.open(t, { ip: "127.0.9.9" });
      assert.equal((await honest.ask("honest", addressOf(balancer))).text, "honest");
      const { drops, flows } = balancer.stats();
      assert.ok(
        drops.client_flow_limit >= 400 && flows.active <= 11,
        `${drops.client_flow_limit}, ${flows.active}`,
      );
      assert.equal(drops.flow_table_full, 0);
    });

    test("a flow inside goes on while the table is full and others knock", async (t) => {
      const balancer = await start(t, { maxFlows: 1 });
      const to = addressOf(balancer);
      const inside = await UdpPeer.open(t);
      await inside.ask("first", to);
      const flood = floodFromPorts(500, to);
      for (let i = 0; i < 20; i++) assert.equal((await inside.ask(`${i}`, to)).text, `${i}`);
      await flood;
      assert.equal((await inside.ask("last", to)).text, "last");
      await eventually(() => assert.equal(balancer.stats().drops.flow_table_full, 500));
    });
  });
}
