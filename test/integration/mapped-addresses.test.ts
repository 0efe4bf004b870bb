/** IPv4-mapped addresses in a config are IPv4: a backend that dies is noticed, on both planes. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createBalancer } from "#src/balancer.js";
import { openBackends } from "../support/backends.js";
import { UdpPeer } from "../support/udp-peer.js";
import { eventually } from "../support/waiting.js";

const PLANES = process.platform === "linux" ? (["portable", "batched"] as const) : (["portable"] as const);

describe("IPv4-mapped addresses", () => {
  for (const plane of PLANES) {
    for (const [listen, prefix] of [
      ["127.0.0.1:0", "::ffff:"],
      ["[::ffff:127.0.0.1]:0", ""],
    ]) {
      test(`${plane}: on ${listen}, a backend at "${prefix}a.b.c.d" that is gone refuses, and the other answers`, async (t) => {
        const [dead, alive] = await openBackends(t, "dead", "alive");
        const backends = [dead, alive].map(({ peer }) =>
          prefix === "" ? peer.address : `[${prefix}${peer.ip}]:${peer.port}`,
        );
        const balancer = await createBalancer({ plane, workers: 1, listen, affinity: "client", backends });
        t.after(() => balancer.close({ graceMs: 0 }));
        assert.match(balancer.listeners[0].address, /^127\.0\.0\.1:\d+$/);
        assert.equal(balancer.stats().backends[0].address, dead.peer.address);
        const client = await UdpPeer.open(t);
        assert.equal((await client.ask("1", balancer.listeners[0].address)).text, "dead:1");
        dead.peer.close();
        client.send("2", balancer.listeners[0].address);
        await eventually(() => assert.equal(balancer.stats().backends[0].refused, 1));
        const other = await UdpPeer.open(t);
        assert.equal((await other.ask("3", balancer.listeners[0].address)).text, "alive:3");
      });
    }
  }
});
