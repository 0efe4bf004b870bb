import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ForwarderRig } from "./forwarder-rig.testing.js";
import { listFlows } from "./list-flows.js";
import { buildListener, buildPool, CLIENT } from "./snapshot-builder.testing.js";

describe("listFlows", () => {
  it("reads clients, counts and times", () => {
    const rig = new ForwarderRig({
      listeners: [buildListener({ slot: 2 })],
      pools: [buildPool({ affinity: CLIENT })],
    });
    rig.nowMs = 100;
    const flow = rig.request("192.0.2.1:65535", 2, 10);
    rig.request("192.0.2.1:65535", 2, 20);
    rig.request("[2001:db8::1]:53", 2, 5);
    rig.nowMs = 150.5;
    rig.reply(flow, 7);
    const common = { listenerSlot: 2, ageMs: 100, open: true };
    assert.deepEqual(listFlows(rig.forwarder.table, 200, 10), [
      {
        ...common,
        client: "192.0.2.1:65535",
        backendSlot: 0,
        requests: 2,
        replies: 1,
        requestBytes: 30,
        replyBytes: 7,
        idleMs: 49.5,
      },
      {
        ...common,
        client: "[2001:db8::1]:53",
        backendSlot: 1,
        requests: 1,
        replies: 0,
        requestBytes: 5,
        replyBytes: 0,
        idleMs: 100,
      },
    ]);
  });

  it("leaves ended flows out, says which take no more requests, and heeds its limit", () => {
    const listeners = [buildListener({ session: { requests: 1 } })];
    const rig = new ForwarderRig({ listeners });
    const flows = [1, 2, 3].map((port) => rig.request(`192.0.2.1:${port}`));
    rig.forwarder.fail(flows[0]);
    const clients = (limit: number) =>
      listFlows(rig.forwarder.table, 0, limit).map(({ client, open }) => [client, open]);
    assert.deepEqual(clients(9), [
      ["192.0.2.1:2", false],
      ["192.0.2.1:3", false],
    ]);
    assert.deepEqual(clients(1), [["192.0.2.1:2", false]]);
    assert.deepEqual(clients(0), []);
  });
});
