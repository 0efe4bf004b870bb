/** A balancer whose place another process has taken: its flows' ports rest after its end as they would before. */
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { describe, type TestContext, test } from "node:test";
import { parseEndpoint } from "#src/core/address.js";
import { HANDOVER, type StartedBalancer } from "#src/started-balancer.js";
import { openBackend, silent } from "../../support/backends.js";
import { UdpPeer } from "../../support/udp-peer.js";
import { eventually } from "../../support/waiting.js";
import { addressOf, type PlaneUnderTest, SIDE_BY_SIDE, startBalancer } from "./plane-under-test.js";

export function defineRestAfterHandover(plane: PlaneUnderTest): void {
  describe("rest after a handover", SIDE_BY_SIDE, () => {
    test("ports stay taken, what comes late is counted and reaches nobody, until it is told to stop", async (t) => {
      const { balancer, backend, clients, ports } = await openFlows(t, plane, 1);
      const { closing, resting } = handOver(balancer);
      await resting;
      assert.equal(balancer.stats().flows.active, 0);
      await assert.rejects(bind(t, ports[0]), { code: "EADDRINUSE" });
      backend.peer.send("late", `127.0.0.1:${ports[0]}`);
      await eventually(() => assert.equal(balancer.stats().replyDrops.late_reply, 1));
      await clients[0].silent(20);
      await balancer.close();
      await closing;
      await bind(t, ports[0]);
    });

    test("the process that took over is short of ports: those to which a reply may well come stay taken", async (t) => {
      const { balancer, backend, ports } = await openFlows(t, plane, 4);
      const handover = (balancer as StartedBalancer)[HANDOVER];
      await handover.stopReceiving();
      const { closing, resting } = handOver(balancer);
      await resting;
      handover.makeRoom();
      backend.peer.send("late", `127.0.0.1:${ports[0]}`);
      await eventually(() => assert.equal(balancer.stats().replyDrops.late_reply, 1));
      assert.equal(await countTaken(ports), 4);
      await balancer.close();
      await closing;
      assert.equal(await countTaken(ports), 0);
    });
  });
}

/** Flows of clients whose requests nobody answers. */
async function openFlows(t: TestContext, plane: PlaneUnderTest, count: number) {
  const backend = await openBackend(t, "silent", { answer: silent });
  const balancer = await startBalancer(t, plane, {
    ...{ listen: "127.0.0.1:0", affinity: "client", backends: [backend.entry] },
  });
  const clients = await Promise.all(Array.from({ length: count }, () => UdpPeer.open(t)));
  for (const client of clients) client.send("x", addressOf(balancer));
  await eventually(() => assert.equal(backend.got.length, count));
  return { balancer, backend, clients, ports: backend.got.map(({ from }) => parseEndpoint(from).port) };
}

function handOver(balancer: unknown): { closing: Promise<void>; resting: Promise<void> } {
  let closing = Promise.resolve();
  const resting = new Promise<void>((resolve) => {
    closing = (balancer as StartedBalancer).close({ graceMs: 0, rest: resolve });
  });
  return { closing, resting };
}

function bind(t: TestContext, port: number): Promise<UdpPeer> {
  return UdpPeer.open(t, { ip: "0.0.0.0", port });
}

async function countTaken(ports: readonly number[]): Promise<number> {
  let taken = 0;
  for (const port of ports) if (await isTaken(port)) taken++;
  return taken;
}

function isTaken(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket("udp4");
    socket.once("error", () => socket.close(() => resolve(true)));
    socket.bind({ port, address: "0.0.0.0", exclusive: true }, () => socket.close(() => resolve(false)));
  });
}
