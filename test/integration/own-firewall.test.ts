/** This machine's own firewall forbids sending to a backend (EPERM): a drop with its own name, and a warning with what to do. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { PATIENCE_MS, programsIn } from "../support/namespaced-programs.js";
import { needs } from "../support/needs.js";
import { FAR_IP, NEAR_IP, needsNamespaces, openNamespaces } from "../support/network-namespaces.js";
import { eventually } from "../support/waiting.js";

const skip = needsNamespaces().skip || needs("nft").skip;

for (const plane of ["portable", "batched"] as const) {
  test(`${plane}: prohibited_here, counted, and said once`, { skip, timeout: 2 * PATIENCE_MS }, async (t) => {
    const namespaces = openNamespaces(t, 1500);
    const programs = programsIn(t, namespaces);
    const backend = await programs.echo("far", FAR_IP);
    const { address, report } = await programs.balancer("near", {
      ...{ plane, listen: `${NEAR_IP}:0`, affinity: "client", backends: [backend] },
    });
    const client = await programs.client("far");
    await client.mustAsk({ to: address, text: "before", as: "one" });
    const port = backend.slice(backend.lastIndexOf(":") + 1);
    const rules = `table ip f { chain o { type filter hook output priority 0; udp dport ${port} drop; }; }`;
    namespaces.run("near", "nft", rules);
    for (let i = 0; i < 3; i++) {
      const asking = { to: address, text: `${i}`, as: "one" };
      assert.equal(await client.ask(asking), null);
    }
    const { stats, warnings } = await eventually(async () => {
      const found = await report();
      assert.equal(found.stats.drops.prohibited_here, 3);
      return found;
    });
    assert.equal(warnings.length, 1, warnings.join());
    assert.match(
      warnings[0],
      /^prohibited_here: this machine's own firewall forbids sending to backend \S+: allow it/,
    );
    assert.equal(stats.drops.send_failed, 0);
    namespaces.run("near", "nft", "delete table ip f");
    assert.equal((await client.mustAsk({ to: address, text: "after", as: "one" })).text, "after");
  });
}
