/** Few local ports: flow sockets that rest make room for new flows, on both planes. Needs root, for a namespace of its own. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { PATIENCE_MS, programsIn } from "../support/namespaced-programs.js";
import { FAR_IP, NEAR_IP, needsNamespaces, openNamespaces } from "../support/network-namespaces.js";

const PORTS = "40000 40030";
const CLIENTS = 60;

for (const plane of ["portable", "batched"] as const) {
  test(`${plane}: more flows than there are local ports, one after the other, and every one is answered`, {
    ...needsNamespaces(),
    timeout: 2 * PATIENCE_MS,
  }, async (t) => {
    const namespaces = openNamespaces(t, 1500);
    namespaces.run("near", "sh", "-c", `echo ${PORTS} > /proc/sys/net/ipv4/ip_local_port_range`);
    const programs = programsIn(t, namespaces);
    const backend = await programs.echo("far", FAR_IP);
    // Each flow beyond the eighth ends another, whose socket rests for 30 s.
    const { address, report } = await programs.balancer("near", {
      plane,
      listeners: [{ address: `${NEAR_IP}:0` }],
      pools: [{ affinity: "client", backends: [backend] }],
      limits: { maxFlows: 8, onFull: "evict-oldest" },
    });
    const client = await programs.client("far");
    for (let i = 0; i < CLIENTS; i++) await client.mustAsk({ to: address, text: `${i}` });
    const { stats, warnings } = await report();
    assert.ok(stats.flows.opened >= CLIENTS);
    assert.deepEqual([stats.drops.no_descriptor, stats.drops.send_failed, warnings], [0, 0, []]);
  });
}
