/** What happens when there is no room for another flow: limits, and upstreams that the host refuses. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ForwarderRig } from "./forwarder-rig.testing.js";
import type { FlowLimits } from "./snapshot.js";
import {
  buildBackend,
  buildListener,
  buildPool,
  CLIENT,
  CLIENT_IP,
  type SnapshotParts,
} from "./snapshot-builder.testing.js";

const A = "192.0.2.1:4000";
const B = "192.0.2.2:4000";
const C = "192.0.2.3:4000";

function limited(limits: Partial<FlowLimits>, affinity = CLIENT): SnapshotParts {
  return { pools: [buildPool({ affinity })], limits };
}

describe("Forwarder with limits.maxFlows", () => {
  it("drops what would need one flow more, and lets live flows be", () => {
    const rig = new ForwarderRig(limited({ maxFlows: 2 }));
    assert.deepEqual([rig.send(A), rig.send(B), rig.send(C), rig.send(A)], [0, 1, "flow_table_full", 0]);
    assert.deepEqual(rig.drops(), { flow_table_full: 1 });
    rig.nowMs = 120_000;
    assert.equal(rig.expire(), 2);
    assert.notEqual(rig.send(C), "flow_table_full");
  });

  it("ends the flow least recently used with `evict-oldest`", () => {
    const rig = new ForwarderRig(limited({ maxFlows: 2, onFull: "evict-oldest" }));
    const first = rig.request(A);
    rig.nowMs = 1;
    const second = rig.request(B);
    rig.nowMs = 20_000;
    assert.equal(rig.request(A), first);
    rig.request(C);
    assert.deepEqual(rig.host.closed, [{ flow: second, backend: 1, unanswered: true }]);
    assert.deepEqual(rig.ended(), { evicted: 1 });
    assert.equal(rig.request(A), first);
  });

  it("looks for the oldest among all listeners", () => {
    const listeners = [buildListener(), buildListener({ slot: 1 })];
    const rig = new ForwarderRig({ ...limited({ maxFlows: 2, onFull: "evict-oldest" }), listeners });
    const oldest = rig.request(A, 1);
    rig.nowMs = 1;
    rig.request(A, 0);
    rig.request(B, 0);
    assert.deepEqual(
      rig.host.closed.map(({ flow }) => flow),
      [oldest],
    );
  });

  it("takes more at once when a reload raises it, and live flows keep their numbers", () => {
    const rig = new ForwarderRig(limited({ maxFlows: 2 }));
    const flows = [rig.request(A), rig.request(B)];
    assert.equal(rig.send(C), "flow_table_full");
    rig.reload(limited({ maxFlows: 40 }));
    for (let i = 0; i < 38; i++) assert.ok(rig.request(`10.0.0.${i}:1`) >= 0);
    assert.equal(rig.send(C), "flow_table_full");
    assert.deepEqual([rig.request(A), rig.request(B)], flows);
    assert.equal(rig.active(), 40);
  });

  it("lets live flows be when a reload lowers it, and comes down to it as they end", () => {
    const rig = new ForwarderRig(limited({ maxFlows: 4 }));
    for (let i = 0; i < 4; i++) rig.request(`10.0.0.${i}:1`);
    rig.reload(limited({ maxFlows: 2 }));
    assert.equal(rig.send("10.0.0.3:1"), 0);
    assert.equal(rig.send(A), "flow_table_full");
    for (const flow of [0, 1]) rig.forwarder.fail(flow);
    assert.equal(rig.send(A), "flow_table_full");
    rig.forwarder.fail(2);
    assert.notEqual(rig.send(A), "flow_table_full");
    assert.equal(rig.active(), 2);
  });

  it("comes down to a lowered limit with `evict-oldest`, one flow with each that is opened", () => {
    const rig = new ForwarderRig(limited({ maxFlows: 5, onFull: "evict-oldest" }));
    for (let i = 0; i < 5; i++) rig.request(`10.0.0.${i}:1`);
    rig.reload(limited({ maxFlows: 3, onFull: "evict-oldest" }));
    const active = [A, B, C].map((client) => {
      rig.request(client);
      return rig.active();
    });
    assert.deepEqual(active, [4, 3, 3]);
  });

  it("moves flows also when the table is full: the one left behind makes room", () => {
    for (const maxFlows of [2, 1]) {
      const rig = new ForwarderRig(limited({ maxFlows: 2 }));
      rig.request(A);
      rig.request(B);
      rig.reload({
        pools: [buildPool({ affinity: CLIENT, backends: [buildBackend(2)] })],
        limits: { maxFlows },
      });
      assert.deepEqual([rig.send(A), rig.send(B)], [2, 2], `down to ${maxFlows}`);
      assert.equal(rig.active(), 2);
      assert.deepEqual(rig.ended(), { moved: 2 });
      assert.equal(rig.send(C), "flow_table_full");
    }
  });

  it("sheds the flow that moved longest ago before any other, also with `drop`", () => {
    const rig = new ForwarderRig(limited({ maxFlows: 4, onFull: "drop" }));
    const [a] = [rig.request(A), rig.request(B)];
    rig.reload({
      pools: [buildPool({ affinity: CLIENT, backends: [buildBackend(2)] })],
      limits: { maxFlows: 4 },
    });
    rig.request(A);
    rig.nowMs = 1;
    rig.request(B);
    assert.equal(rig.active(), 4);
    rig.request(C);
    assert.deepEqual(
      rig.host.closed.map(({ flow }) => flow),
      [a],
    );
    assert.deepEqual(rig.ended(), { moved: 1 });
  });
});

describe("Forwarder with limits.maxFlowsPerClientIp", () => {
  it("drops a client IP's further flows, until one has ended", () => {
    const rig = new ForwarderRig(limited({ maxFlowsPerClientIp: 2 }));
    const first = rig.request("192.0.2.1:1");
    rig.request("192.0.2.1:2");
    assert.equal(rig.send("192.0.2.1:3"), "client_flow_limit");
    assert.equal(rig.request("192.0.2.1:1"), first);
    assert.notEqual(rig.send(B), "client_flow_limit");
    rig.forwarder.fail(first);
    assert.notEqual(rig.send("192.0.2.1:3"), "client_flow_limit");
    assert.deepEqual(rig.drops(), { client_flow_limit: 1 });
  });

  it("counts the flows that are there when a reload switches it on", () => {
    const rig = new ForwarderRig(limited({}));
    for (let port = 1; port <= 3; port++) rig.request(`192.0.2.1:${port}`);
    rig.reload(limited({ maxFlowsPerClientIp: 3 }));
    assert.equal(rig.send("192.0.2.1:4"), "client_flow_limit");
    rig.forwarder.fail(0);
    assert.notEqual(rig.send("192.0.2.1:4"), "client_flow_limit");
    assert.equal(rig.send("192.0.2.1:5"), "client_flow_limit");
  });

  it("counts right through off and on again", () => {
    const rig = new ForwarderRig(limited({ maxFlowsPerClientIp: 2 }));
    rig.request("192.0.2.1:1");
    rig.reload(limited({}));
    for (let port = 2; port <= 4; port++) assert.ok(rig.request(`192.0.2.1:${port}`) >= 0);
    rig.reload(limited({ maxFlowsPerClientIp: 2 }));
    for (const flow of [0, 1]) rig.forwarder.fail(flow);
    assert.equal(rig.send("192.0.2.1:9"), "client_flow_limit");
    rig.forwarder.fail(2);
    assert.notEqual(rig.send("192.0.2.1:9"), "client_flow_limit");
  });

  it("holds across ports and listeners, not across IPs of one client-ip network", () => {
    const affinity = { kind: "client-ip", prefix4: 24, prefix6: 64 } as const;
    const listeners = [buildListener(), buildListener({ slot: 1 })];
    const rig = new ForwarderRig({
      pools: [buildPool({ affinity })],
      listeners,
      limits: { maxFlowsPerClientIp: 1 },
    });
    assert.equal(rig.send(A), 0);
    assert.equal(rig.send(A, 1), "client_flow_limit");
    assert.equal(rig.send(B), 0);
  });

  it("does not stand in the way of a flow that moves", () => {
    const rig = new ForwarderRig(limited({ maxFlowsPerClientIp: 1 }));
    rig.request(A);
    rig.reload({
      pools: [buildPool({ affinity: CLIENT, backends: [buildBackend(1)] })],
      limits: { maxFlowsPerClientIp: 1 },
    });
    assert.deepEqual(rig.sendMany(A, 2), [1, 1]);
    assert.equal(rig.send("192.0.2.1:4001"), "client_flow_limit");
    rig.nowMs = 5000;
    rig.expire();
    assert.equal(rig.send("192.0.2.1:4001"), "client_flow_limit");
  });

  it("does not count moved flows when it is switched on", () => {
    const rig = new ForwarderRig(limited({}));
    rig.request(A);
    const pools = [buildPool({ affinity: CLIENT, backends: [buildBackend(1)] })];
    rig.reload({ pools });
    rig.request(A);
    rig.reload({ pools, limits: { maxFlowsPerClientIp: 2 } });
    assert.equal(rig.send("192.0.2.1:4001"), 1);
    assert.equal(rig.send("192.0.2.1:4002"), "client_flow_limit");
  });

  it("costs nobody else a flow: who is at it evicts nothing", () => {
    const rig = new ForwarderRig(limited({ maxFlows: 2, maxFlowsPerClientIp: 1, onFull: "evict-oldest" }));
    rig.request(A);
    rig.request(B);
    assert.equal(rig.send("192.0.2.2:4001"), "client_flow_limit");
    assert.deepEqual(rig.host.closed, []);
  });
});

describe("Forwarder when an upstream is refused", () => {
  it("leaves nothing behind", () => {
    const rig = new ForwarderRig(limited({ maxFlows: 2, maxFlowsPerClientIp: 1 }, CLIENT_IP));
    rig.host.refusal = "no_descriptor";
    assert.deepEqual(rig.sendMany(A, 5), Array(5).fill("no_descriptor"));
    assert.deepEqual(rig.drops(), { no_descriptor: 5 });
    assert.equal(rig.active(), 0);
    assert.deepEqual(rig.host.closed, []);
    assert.equal(rig.backend(0, "openedFlows"), 0);
    rig.host.refusal = undefined;
    assert.equal(rig.send(A), 2, "round robin went on, the key was not bound");
    assert.equal(rig.send("192.0.2.1:4001"), "client_flow_limit");
    assert.equal(rig.send(B), 0);
    assert.equal(rig.active(), 2);
  });

  it("keeps the binding of a client-ip key that other flows hold", () => {
    const rig = new ForwarderRig(limited({}, CLIENT_IP));
    rig.request(A);
    rig.host.refusal = "no_descriptor";
    rig.send("192.0.2.1:4001");
    rig.host.refusal = undefined;
    assert.equal(rig.send("192.0.2.1:4002"), 0);
  });

  it("tries again with the client's next datagram when its flow moves", () => {
    const rig = new ForwarderRig(limited({}));
    rig.request(A);
    rig.reload({ pools: [buildPool({ affinity: CLIENT, backends: [buildBackend(1)] })] });
    rig.host.refusal = "no_descriptor";
    assert.equal(rig.send(A), "no_descriptor");
    rig.host.refusal = undefined;
    assert.equal(rig.send(A), 1);
  });

  it("leaves a flow as it was when the one that it should move to cannot be opened", () => {
    const limits = { maxFlows: 1, maxFlowsPerClientIp: 1 };
    const rig = new ForwarderRig(limited(limits, CLIENT_IP));
    const former = rig.request(A);
    rig.reload({ pools: [buildPool({ affinity: CLIENT_IP, backends: [buildBackend(1)] })], limits });
    rig.host.refusal = "network_unreachable";
    assert.deepEqual(rig.sendMany(A, 2), ["network_unreachable", "network_unreachable"]);
    assert.equal(rig.send("192.0.2.1:4001"), "client_flow_limit", "it is still counted");
    assert.deepEqual([rig.active(), rig.listener("movedFlows"), rig.host.closed], [1, 0, []]);
    assert.equal(rig.reply(former), "forward", "what was under way passes, for as long as the flow lives");
    rig.host.refusal = undefined;
    assert.equal(rig.send(A), 1);
    assert.equal(rig.send("192.0.2.1:4001"), "client_flow_limit");
    assert.deepEqual([rig.active(), rig.listener("movedFlows"), rig.ended()], [1, 1, { moved: 1 }]);
  });

  it("gives up a moving flow's own descriptor where that is the last there is", () => {
    const rig = new ForwarderRig(limited({}));
    rig.host.descriptors = 2;
    const [a, b] = [rig.request(A), rig.request(B)];
    rig.reload({ pools: [buildPool({ affinity: CLIENT, backends: [buildBackend(2)] })] });
    assert.deepEqual([rig.send(A), rig.send(B)], [2, 2]);
    assert.deepEqual(
      rig.host.closed.map(({ flow }) => flow),
      [a, b],
    );
    assert.deepEqual([rig.drops(), rig.listener("movedFlows")], [{}, 2]);
  });

  it("moves a flow whose client IP has more flows than a reload allows", () => {
    const rig = new ForwarderRig(limited({ maxFlowsPerClientIp: 2 }));
    const ports = ["192.0.2.1:1", "192.0.2.1:2"];
    for (const client of ports) rig.request(client);
    const pools = [buildPool({ affinity: CLIENT, backends: [buildBackend(2)] })];
    rig.reload({ pools, limits: { maxFlowsPerClientIp: 1 } });
    assert.deepEqual(
      ports.map((client) => rig.send(client)),
      [2, 2],
    );
  });
});
