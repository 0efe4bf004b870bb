/** The network moves under live flows: addresses and interfaces of the machine go and come, on both planes. */
import assert from "node:assert/strict";
import { describe, type TestContext, test } from "node:test";
import { PATIENCE_MS, programsIn } from "../support/namespaced-programs.js";
import { FAR_IP, NEAR_IP, needsNamespaces, openNamespaces } from "../support/network-namespaces.js";
import { proves } from "../support/proves.js";

const OPTIONS = { ...needsNamespaces(), timeout: 3 * PATIENCE_MS };
const LOCAL = "127.0.0.1:0";
const OTHER_IP = "10.203.0.77";

function open(t: TestContext) {
  const namespaces = openNamespaces(t, 1500);
  return { ...namespaces, ...programsIn(t, namespaces) };
}

const portOf = (address: string) => address.slice(address.lastIndexOf(":") + 1);

describe("the network moves", { concurrency: 2 }, () => {
  for (const plane of ["portable", "batched"] as const) {
    test(
      `${plane}: the machine's address changes, and a live flow goes on from the new one`,
      OPTIONS,
      async (t) => {
        const { ip, echo, balancer, client } = open(t);
        const backend = await echo("far", FAR_IP);
        const config = { plane, listen: LOCAL, affinity: "client", backends: [backend] };
        const { address, report } = await balancer("near", config);
        const { mustAsk } = await client("near");
        await mustAsk({ to: address, text: "before", as: "one" });
        ip("near", "address", "delete", `${NEAR_IP}/24`, "dev", "cable");
        ip("near", "address", "add", `${OTHER_IP}/24`, "dev", "cable");
        await mustAsk({ to: address, text: "after", as: "one" });
        const { flows } = (await report()).stats;
        assert.deepEqual([flows.opened, flows.active, flows.ended.failed], [1, 1, 0]);
      },
    );

    test(`${plane}: the address goes, and comes back later`, OPTIONS, async (t) => {
      proves("both", "source-gone");
      const { ip, echo, balancer, client } = open(t);
      const backend = await echo("far", FAR_IP);
      const config = { plane, listen: LOCAL, affinity: "client", backends: [backend] };
      const { address, report } = await balancer("near", config);
      const { ask, mustAsk } = await client("near");
      await mustAsk({ to: address, text: "before", as: "one" });
      ip("near", "address", "delete", `${NEAR_IP}/24`, "dev", "cable");
      for (let i = 0; i < 5; i++) assert.equal(await ask({ to: address, text: `${i}`, as: "one" }), null);
      ip("near", "address", "add", `${NEAR_IP}/24`, "dev", "cable");
      await mustAsk({ to: address, text: "after", as: "one" });
      assert.equal((await report()).stats.flows.active, 1);
    });

    test(
      `${plane}: the interface of a link-local backend is made again, under a live flow`,
      OPTIONS,
      async (t) => {
        const { unplug, plug, echo, balancer, client } = open(t);
        const port = portOf(await echo("far", "::"));
        const config = { plane, listen: LOCAL, affinity: "client", backends: [`[fe80::2%cable]:${port}`] };
        const { address } = await balancer("near", config);
        const { mustAsk } = await client("near");
        await mustAsk({ to: address, text: "before", as: "one" });
        unplug();
        plug();
        await mustAsk({ to: address, text: "after", as: "one" });
        await mustAsk({ to: address, text: "another" });
      },
    );

    test(`${plane}: the interface of a link-local backend appears later`, OPTIONS, async (t) => {
      const { unplug, plug, echo, balancer, client } = open(t);
      const port = portOf(await echo("far", "::"));
      unplug();
      const config = { plane, listen: LOCAL, affinity: "client", backends: [`[fe80::2%cable]:${port}`] };
      const { address, report } = await balancer("near", config);
      const { ask, mustAsk } = await client("near");
      assert.equal(await ask({ to: address, text: "too early", as: "one" }), null);
      assert.ok((await report()).stats.drops.network_unreachable > 0);
      plug();
      await mustAsk({ to: address, text: "now", as: "one" });
    });

    test(
      `${plane}: link-local clients of a wildcard listener whose interface is made again`,
      OPTIONS,
      async (t) => {
        const { unplug, plug, echo, balancer, client } = open(t);
        const backend = await echo("near", "127.0.0.1");
        const config = { plane, listen: "[::]:0", affinity: "client", backends: [backend] };
        const { address } = await balancer("near", config);
        const to = `[fe80::1%cable]:${portOf(address)}`;
        const { mustAsk } = await client("far");
        await mustAsk({ to, text: "before" });
        unplug();
        plug();
        await mustAsk({ to, text: "after" });
      },
    );
  }
});
