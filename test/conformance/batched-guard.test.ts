/** The guard where the batched plane is unlike others: bursts that cross the kernel as one packet, and several workers. */
import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import type { Balancer } from "#src/api.js";
import { createBalancer } from "#src/balancer.js";
import type { GuardInput } from "#src/config/guard-config.js";
import type { PlaneFaults } from "#src/planes/plane.js";
import { FAULTS } from "#src/started-balancer.js";
import { openBackend } from "../support/backends.js";
import { UdpPeer } from "../support/udp-peer.js";
import { eventually } from "../support/waiting.js";
import { judged } from "./suite/figures.js";

const skip = process.platform === "linux" ? false : "the batched plane needs Linux";
const CLIENTS = 40;

async function start(t: TestContext, workers: number, guard: GuardInput) {
  const backend = await openBackend(t, "a");
  const balancer = await createBalancer({
    plane: "batched",
    workers,
    listeners: [{ name: "main", address: "127.0.0.1:0", guard }],
    pools: [{ affinity: "client", backends: [backend.entry] }],
  });
  t.after(() => balancer.close({ graceMs: 0 }));
  return { backend, balancer, to: balancer.listeners[0].address };
}

/** One address, so many ports: the kernel spreads them over the workers. */
const openPorts = (t: TestContext) =>
  Promise.all(Array.from({ length: CLIENTS }, () => UdpPeer.open(t, { ip: "127.0.9.1" })));

describe("batched plane: guard", { skip }, () => {
  test("a burst of 60 datagrams is 60 datagrams, and as many bytes", async (t) => {
    for (const perClient of [
      { datagrams: "1/s", burst: "20s" },
      { bytes: "100B/s", burst: "20s" },
    ]) {
      const { backend, balancer, to } = await start(t, 1, { perClient });
      const { openGsoClient } = await import("../support/gso-client.js");
      const client = openGsoClient(to);
      t.after(() => client.close());
      client.burst(Array.from({ length: 60 }, () => new Uint8Array(100)));
      await judged(balancer, 60);
      const { drops } = balancer.stats();
      assert.equal(drops.rate_datagrams + drops.rate_bytes, 40);
      await eventually(() => assert.equal(backend.got.length, 20));
    }
  });

  test("denied bursts are counted datagram by datagram", async (t) => {
    const { balancer, to } = await start(t, 1, { deny: ["127.0.0.0/8"] });
    const { openGsoClient } = await import("../support/gso-client.js");
    const client = openGsoClient(to);
    t.after(() => client.close());
    client.burst(Array.from({ length: 60 }, () => new Uint8Array(100)));
    await judged(balancer, 60);
    assert.equal(balancer.stats().drops.denied, 60);
  });

  test("the rates of a client hold for all workers together, also after one has died", async (t) => {
    const { balancer, to } = await start(t, 2, { perClient: { datagrams: "1/s", burst: "20s" } });
    const ports = await openPorts(t);
    for (const port of ports) port.send("?", to);
    await judged(balancer, CLIENTS);
    const { rate_datagrams } = balancer.stats().drops;
    // The flood takes milliseconds: at most one more may pass for the time, or for two workers who count at once.
    assert.ok(rate_datagrams >= CLIENTS - 22 && rate_datagrams <= CLIENTS - 20, `${rate_datagrams} dropped`);
    const faults = (balancer as Balancer & { readonly [FAULTS]: PlaneFaults })[FAULTS];
    faults.crashWorker(0);
    faults.crashWorker(1);
    for (const port of ports) port.send("?", to);
    await judged(balancer, 2 * CLIENTS);
    assert.ok(balancer.stats().drops.rate_datagrams >= rate_datagrams + CLIENTS - 5);
  });
});
