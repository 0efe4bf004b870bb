/** Figures and flows add up, whatever happened. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Balancer, Drops, Stats } from "#src/api.js";
import { tagOf } from "../../support/backends.js";
import { eventually as eventuallyInTruth } from "../../support/waiting.js";
import {
  addressOf,
  listenerOn,
  type PlaneUnderTest,
  sideBySide,
  startBalancer,
  worldOf,
} from "./plane-under-test.js";

const total = (counts: Drops | Stats["flows"]["ended"]) =>
  Object.values(counts).reduce((sum, count) => sum + count, 0);

/** What must hold of figures at rest while every backend and listener that had traffic is still in the config. */
function assertAddsUp(stats: Stats): void {
  const sum = (field: "requests" | "replies") =>
    stats.backends.reduce((datagrams, backend) => datagrams + backend[field].datagrams, 0);
  const { flows, listeners } = stats;
  const requests = listeners.reduce((count, listener) => count + listener.requests.datagrams, 0);
  const replies = listeners.reduce((count, listener) => count + listener.replies.datagrams, 0);
  assert.equal(requests, sum("requests") + total(stats.drops), "requests = forwarded + drops");
  const undelivered = total(stats.replyDrops) - stats.replyDrops.late_reply;
  assert.equal(replies + undelivered, sum("replies"), "replies of backends = delivered + not delivered");
  assert.equal(flows.opened - flows.active, total(flows.ended), "flows opened = active + ended");
  const active = stats.backends.reduce((count, { activeFlows }) => count + activeFlows, 0);
  assert.equal(active, flows.active, "active flows of the backends");
  for (const { outstanding, name } of stats.backends) assert.ok(outstanding >= 0, `${name}: ${outstanding}`);
}

/**
 * Waits until figures add up: a worker counts one thing after the other, and may be in the midst of it.
 * @param read gives them as they are now
 */
export async function assertConsistent(read: () => Stats | Promise<Stats>): Promise<void> {
  await eventuallyInTruth(async () => assertAddsUp(await read()));
}

/** Waits until the only listener's clients have sent so many requests, and each is forwarded or dropped. */
export async function judged(balancer: Balancer, count: number): Promise<void> {
  await eventuallyInTruth(() => {
    const { listeners, backends, drops } = balancer.stats();
    const forwarded = backends.reduce((sum, { requests }) => sum + requests.datagrams, 0);
    assert.deepEqual([listeners[0].requests.datagrams, forwarded + total(drops)], [count, count]);
  });
}

export function defineFigures(plane: PlaneUnderTest): void {
  const { openPeer, openBackends, eventually } = worldOf(plane);

  describe("figures", sideBySide(plane), () => {
    test("add up after answers, refusals, limits and ends of flows", async (t) => {
      const [a, b, dead] = await openBackends(t, "a", "b", "dead");
      dead.peer.close();
      const config = (idleTimeout: string) => ({
        listeners: [listenerOn("127.0.0.1:0", { idleTimeout })],
        pools: [{ affinity: "client", backends: [a.entry, b.entry, dead.entry] }],
        limits: { maxFlows: 9 },
      });
      const balancer = await startBalancer(t, plane, config("120s"));
      const clients = await Promise.all(Array.from({ length: 12 }, () => openPeer(t)));
      for (let i = 0; i < 10; i++) for (const client of clients) client.send(`${i}`, addressOf(balancer));
      await eventually(() => {
        const now = balancer.stats();
        assert.equal(now.listeners[0].requests.datagrams, 120);
        // What the dead backend refuses may be answered by another.
        const { backend_refused: refused } = now.drops;
        const unanswered = now.backends[2].requests.datagrams + refused;
        assert.equal(now.listeners[0].replies.datagrams + unanswered, 90);
        assert.ok(now.backends[2].refused > 0);
        assertAddsUp(now);
        assert.deepEqual([now.drops.flow_table_full, now.flows.active], [30, 9]);
      });
      await balancer.reload(config("300ms"));
      await eventually(() => {
        const { flows, backends } = balancer.stats();
        assert.equal(flows.active, 0);
        assert.deepEqual(
          backends.map(({ outstanding }) => outstanding),
          [0, 0, 0],
        );
      });
      await assertConsistent(() => balancer.stats());
    });

    test("hold after reloads that move flows about", async (t) => {
      const backends = await openBackends(t, "a", "b", "c");
      const config = (state: (i: number) => "enabled" | "draining" | "disabled") => ({
        listeners: [listenerOn()],
        pools: [
          {
            affinity: "client-ip",
            backends: backends.map(({ entry }, i) => ({ ...entry, state: state(i) })),
          },
        ],
      });
      const balancer = await startBalancer(
        t,
        plane,
        config(() => "enabled"),
      );
      const clients = await Promise.all(
        Array.from({ length: 9 }, (_, i) => openPeer(t, { ip: `127.0.5.${1 + (i % 4)}` })),
      );
      for (let round = 0; round < 6; round++) {
        await balancer.reload(config((i) => (i === round % 3 ? "disabled" : "enabled")));
        await Promise.all(clients.map((client) => client.ask("?", addressOf(balancer))));
        await assertConsistent(() => balancer.stats());
      }
      const { flows, listeners } = balancer.stats();
      assert.deepEqual([listeners[0].requests.datagrams, listeners[0].replies.datagrams], [54, 54]);
      assert.ok(flows.moved >= 9, `${flows.moved} moved`);
    });

    test("flows() says who talks with whom, and how much", async (t) => {
      const backends = await openBackends(t, "a", "b");
      const balancer = await startBalancer(t, plane, {
        listeners: [listenerOn()],
        pools: [{ name: "p", affinity: "client", backends: backends.map(({ entry }) => entry) }],
      });
      const [one, two] = [await openPeer(t), await openPeer(t, { ip: "127.0.1.2" })];
      for (let i = 0; i < 3; i++) await one.ask("12345", addressOf(balancer));
      await two.ask("", addressOf(balancer));
      const flows = balancer.flows().sort((x, y) => x.backend.localeCompare(y.backend));
      for (const { ageMs, idleMs } of flows) {
        assert.ok(idleMs >= 0 && idleMs <= ageMs, `${idleMs} of ${ageMs}`);
      }
      const common = { listener: "main", pool: "p", open: true };
      assert.deepEqual(
        flows.map(({ id, ageMs, idleMs, ...rest }) => rest),
        [
          {
            ...common,
            client: one.address,
            backend: "a",
            requests: { datagrams: 3, bytes: 15 },
            replies: { datagrams: 3, bytes: 21 },
          },
          {
            ...common,
            client: two.address,
            backend: "b",
            requests: { datagrams: 1, bytes: 0 },
            replies: { datagrams: 1, bytes: 2 },
          },
        ],
      );
      assert.equal(balancer.flows({ limit: 1 }).length, 1);
    });

    test("affinity none has a flow for each backend that a client was dealt to", async (t) => {
      const backends = await openBackends(t, "a", "b");
      const balancer = await startBalancer(t, plane, {
        listen: "127.0.0.1:0",
        backends: backends.map(({ entry }) => entry),
      });
      const client = await openPeer(t);
      for (let i = 0; i < 6; i++) tagOf(await client.ask("?", addressOf(balancer)));
      assert.deepEqual(
        balancer
          .flows()
          .map(({ backend, requests }) => `${backend} ${requests.datagrams}`)
          .sort(),
        ["a 3", "b 3"],
      );
    });

    test("reply times are measured", async (t) => {
      const [a] = await openBackends(t, "a");
      const balancer = await startBalancer(t, plane, { listen: "127.0.0.1:0", backends: [a.entry] });
      assert.deepEqual([balancer.stats().backends[0].replyTime.samples], [0]);
      const client = await openPeer(t);
      for (let i = 0; i < 20; i++) await client.ask("?", addressOf(balancer));
      const { samples, p50Ms, p99Ms, maxMs } = balancer.stats().backends[0].replyTime;
      assert.equal(samples, 20);
      assert.ok(
        (p50Ms > 0 || plane.memory) && p50Ms <= p99Ms && p99Ms <= maxMs * 1.07,
        `${p50Ms} ${p99Ms} ${maxMs}`,
      );
    });
  });
}
