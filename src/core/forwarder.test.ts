/** Verdicts and counts of single datagrams. Limits: forwarder-limits.test.ts; live flows: live-flows.test.ts. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ForwarderRig } from "./forwarder-rig.testing.js";
import type { PoolEntry, SessionLimits } from "./snapshot.js";
import { buildBackend, buildListener, buildPool, CLIENT } from "./snapshot-builder.testing.js";
import { reasonNumber } from "./verdict.js";

const A = "192.0.2.1:4000";
const B = "192.0.2.2:4000";

describe("Forwarder with affinity none", () => {
  it("deals out a client's datagrams strictly in turn, over one flow a backend", () => {
    const rig = new ForwarderRig();
    assert.deepEqual(rig.sendMany(A, 10), [0, 1, 2, 0, 1, 2, 0, 1, 2, 0]);
    assert.equal(rig.active(), 3);
    assert.equal(rig.host.opened, 3);
  });

  it("takes turns among all clients and listeners of a pool together", () => {
    const rig = new ForwarderRig({ listeners: [buildListener(), buildListener({ slot: 1 })] });
    assert.deepEqual([rig.send(A), rig.send(B), rig.send(A, 1), rig.send(B, 1)], [0, 1, 2, 0]);
    assert.equal(rig.active(), 4);
  });

  it("counts a reply on the flow of the backend that sent it", () => {
    const rig = new ForwarderRig();
    const flows = [rig.request(A), rig.request(A), rig.request(A)];
    assert.equal(rig.reply(flows[1], 70), "forward");
    assert.deepEqual(
      [0, 1, 2].map((slot) => rig.backend(slot, "replies")),
      [0, 1, 0],
    );
    assert.deepEqual(
      [0, 1, 2].map((slot) => rig.backend(slot, "outstanding")),
      [1, 0, 1],
    );
    assert.equal(rig.backend(1, "replyBytes"), 70);
  });

  it("sends a client to one backend with maglev, from whichever listener", () => {
    const listeners = [buildListener(), buildListener({ slot: 1 })];
    const rig = new ForwarderRig({ listeners, pools: [buildPool({ policy: "maglev" })] });
    const other = new ForwarderRig({ listeners, pools: [buildPool({ policy: "maglev" })] }, { seed: 99 });
    const used = new Set();
    for (let i = 0; i < 50; i++) {
      const slot = rig.send(`192.0.2.${i}:4000`);
      used.add(slot);
      assert.deepEqual(rig.sendMany(`192.0.2.${i}:4000`, 2, 1), [slot, slot]);
      assert.equal(other.send(`192.0.2.${i}:4000`), slot, "another process agrees");
    }
    assert.equal(used.size, 3);
  });

  it("leaves a removed backend out at once; what it still replies reaches the client", () => {
    const rig = new ForwarderRig();
    const flow = rig.request(A);
    rig.reload({ pools: [buildPool({ backends: [buildBackend(1), buildBackend(2)] })] });
    assert.deepEqual(rig.sendMany(A, 4), [1, 2, 1, 2]);
    assert.equal(rig.reply(flow), "forward");
    assert.equal(rig.listener("movedFlows"), 0);
  });
});

describe("Forwarder with affinity client", () => {
  it("keeps a client's datagrams together, by address, port, listener and scope", () => {
    const listeners = [buildListener(), buildListener({ slot: 1 })];
    const rig = new ForwarderRig({ listeners, pools: [buildPool({ affinity: CLIENT })] });
    const flow = rig.request(A);
    assert.equal(rig.request(A), flow);
    const others = [
      rig.request(B),
      rig.request("192.0.2.1:4001"),
      rig.request(A, 1),
      rig.request("[::1]:4000"),
    ];
    assert.equal(new Set([flow, ...others]).size, 5);
    rig.forwarder.key.set([0, 0, 0xffff, 0xc0000201, 7, 4000]);
    assert.notEqual(rig.forwarder.fromClient(0, 1, 0), flow);
  });
});

describe("Forwarder counts", () => {
  it("requests and replies with their bytes, an empty datagram too", () => {
    const rig = new ForwarderRig({ pools: [buildPool({ affinity: CLIENT })] });
    const flow = rig.request(A, 0, 65_507);
    rig.request(A, 0, 0);
    rig.reply(flow, 0);
    rig.reply(flow, 12);
    assert.deepEqual([rig.listener("requests"), rig.listener("requestBytes")], [2, 65_507]);
    assert.deepEqual([rig.listener("replies"), rig.listener("replyBytes")], [2, 12]);
    assert.deepEqual([rig.backend(0, "requests"), rig.backend(0, "requestBytes")], [2, 65_507]);
    assert.deepEqual([rig.backend(0, "replies"), rig.backend(0, "replyBytes")], [2, 12]);
  });

  it("a request that could not be sent as dropped, not as forwarded", () => {
    const rig = new ForwarderRig();
    rig.request(A, 0, 500);
    rig.forwarder.requestFailed(0, 0, 500, reasonNumber("too_big"));
    assert.deepEqual([rig.listener("requests"), rig.listener("requestBytes")], [1, 500]);
    assert.deepEqual([rig.backend(0, "requests"), rig.backend(0, "requestBytes")], [0, 0]);
    assert.deepEqual(rig.drops(), { too_big: 1 });
  });

  it("a reply that could not be sent as received from the backend, but not as delivered", () => {
    const rig = new ForwarderRig();
    rig.reply(rig.request(A), 80);
    rig.forwarder.replyFailed(0, 80, reasonNumber("network_unreachable"));
    assert.deepEqual([rig.listener("replies"), rig.listener("replyBytes")], [0, 0]);
    assert.deepEqual([rig.backend(0, "replies"), rig.backend(0, "replyBytes")], [1, 80]);
    assert.deepEqual(rig.replyDrops(), { network_unreachable: 1 });
  });

  it("a reply to an ended flow as late, on the listener that it was for", () => {
    const rig = new ForwarderRig({ listeners: [buildListener(), buildListener({ slot: 3 })] });
    const flow = rig.request(A, 3);
    rig.nowMs = 120_000;
    rig.expire();
    assert.equal(rig.reply(flow), "late_reply");
    rig.forwarder.lateReply(3, 0);
    assert.deepEqual([rig.replyDrops(0), rig.replyDrops(3)], [{}, { late_reply: 2 }]);
    assert.deepEqual([rig.listener("replies", 3), rig.backend(0, "replies")], [0, 0]);
    assert.equal(rig.backend(0, "lateReplies"), 2, "it shows that the backend is alive");
  });

  it("refusals by backend", () => {
    const rig = new ForwarderRig();
    rig.forwarder.refused(2, 0);
    assert.deepEqual([rig.backend(2, "refused"), rig.backend(0, "refused")], [1, 0]);
  });

  it("requests for a listener that there is not, or whose pool there is not", () => {
    const rig = new ForwarderRig({ listeners: [buildListener({ poolSlot: 9 })] });
    assert.deepEqual([rig.send(A, 0), rig.send(A, 5)], ["no_backend", "no_backend"]);
    assert.deepEqual([rig.drops(0), rig.drops(5)], [{ no_backend: 1 }, { no_backend: 1 }]);
  });

  it("the time of the last datagram that passed", () => {
    const rig = new ForwarderRig();
    assert.equal(rig.forwarder.lastActivityMs, Number.NEGATIVE_INFINITY);
    rig.nowMs = 5;
    const flow = rig.request(A);
    assert.equal(rig.forwarder.lastActivityMs, 5);
    rig.nowMs = 9;
    rig.send(A, 7);
    assert.equal(rig.forwarder.lastActivityMs, 5, "a drop is no activity");
    rig.reply(flow);
    assert.equal(rig.forwarder.lastActivityMs, 9);
  });
});

describe("Forwarder with bursts", () => {
  const pools = [buildPool({ affinity: CLIENT })];

  it("counts the rest of a burst as so many requests", () => {
    const [rig, single] = [new ForwarderRig({ pools }), new ForwarderRig({ pools })];
    assert.ok(rig.forwarder.keepsBursts(0));
    rig.forwarder.restOfBurst(0, rig.request(A), 3, 300, 0);
    for (let i = 0; i < 4; i++) single.request(A);
    assert.deepEqual(rig.counters, single.counters);
    assert.equal(rig.backend(0, "outstanding"), 4);
  });

  it("counts replies in a burst as so many replies", () => {
    const [rig, single] = [new ForwarderRig({ pools }), new ForwarderRig({ pools })];
    for (const one of [rig, single]) {
      one.sendMany(A, 3);
      one.nowMs = 7;
    }
    assert.ok(rig.forwarder.takesReplyBursts(0));
    assert.equal(rig.forwarder.burstFromBackend(0, 5, 250, 7), 0);
    for (let i = 0; i < 5; i++) single.reply(0);
    assert.deepEqual(rig.counters, single.counters);
  });

  it("counts every reply of a late burst", () => {
    const rig = new ForwarderRig({ pools });
    const flow = rig.request(A);
    rig.forwarder.fail(flow);
    assert.ok(rig.forwarder.burstFromBackend(flow, 5, 250, 0) < 0);
    assert.deepEqual(rig.replyDrops(), { late_reply: 5 });
  });

  it("takes none where each datagram may go elsewhere or end its flow", () => {
    const keeps = (affinity: PoolEntry["affinity"], session: Partial<SessionLimits>) => {
      const rig = new ForwarderRig({
        pools: [buildPool({ affinity })],
        listeners: [buildListener({ session })],
      });
      return [rig.forwarder.keepsBursts(0), rig.forwarder.takesReplyBursts(rig.request(A))];
    };
    assert.deepEqual(keeps({ kind: "none" }, {}), [false, true]);
    assert.deepEqual(keeps(CLIENT, { requests: 2 }), [false, true]);
    assert.deepEqual(keeps(CLIENT, { responses: 1 }), [true, false]);
    assert.equal(new ForwarderRig({ pools }).forwarder.keepsBursts(5), false);
  });
});

describe("Forwarder, clients with port 0", () => {
  it("forwards what they send, and drops replies, to which nothing can be sent", () => {
    const rig = new ForwarderRig({ pools: [buildPool({ affinity: CLIENT })] });
    const flow = rig.request("192.0.2.1:0");
    assert.ok(flow >= 0);
    assert.ok(!rig.forwarder.takesReplyBursts(flow));
    assert.equal(rig.reply(flow), "unanswerable");
    assert.deepEqual(rig.replyDrops(), { unanswerable: 1 });
    assert.equal(rig.backend(0, "replies"), 1, "the backend has answered");
    assert.equal(rig.backend(0, "outstanding"), 0);
    assert.equal(rig.request("192.0.2.1:0"), flow);
  });

  it("ends their flows with the last reply all the same", () => {
    const listeners = [buildListener({ session: { requests: 1, responses: 1 } })];
    const rig = new ForwarderRig({ pools: [buildPool({ affinity: CLIENT })], listeners });
    const flow = rig.request("192.0.2.1:0");
    assert.equal(rig.reply(flow), "unanswerable");
    assert.deepEqual(
      rig.host.closed.map(({ unanswered }) => unanswered),
      [false],
    );
  });
});

describe("Forwarder.apply", () => {
  it("changes nothing when the snapshot cannot be made ready", () => {
    const rig = new ForwarderRig({ pools: [buildPool({ affinity: CLIENT })] });
    const flow = rig.request(A);
    const before = rig.forwarder.routing;
    const bad = { pools: [buildPool({ policy: "maglev", maglevTableSize: 4 })], limits: { maxFlows: 1 } };
    assert.throws(() => rig.reload(bad));
    assert.equal(rig.forwarder.routing, before);
    assert.equal(rig.request(A), flow);
    assert.equal(rig.send(B), 1);
  });

  it("goes on in turn", () => {
    const rig = new ForwarderRig();
    rig.send(A);
    rig.reload({ version: 2 });
    assert.deepEqual(rig.sendMany(A, 3), [1, 2, 0]);
    assert.equal(rig.forwarder.routing.version, 2);
  });
});

describe("Forwarder.fail and endEverything", () => {
  it("ends a broken flow; its client's next datagram begins a new one", () => {
    const rig = new ForwarderRig({ pools: [buildPool({ affinity: CLIENT })] });
    const flow = rig.request(A);
    rig.forwarder.fail(flow);
    rig.forwarder.fail(flow);
    assert.deepEqual(rig.ended(), { failed: 1 });
    assert.equal(rig.active(), 0);
    assert.equal(rig.send(A), 1);
  });

  it("ends flows in every state, of every listener", () => {
    const listeners = [
      buildListener(),
      buildListener({ slot: 1, session: { requests: 1 } }),
      buildListener({ slot: 2, session: { responses: 1 } }),
    ];
    const pool = buildPool({ affinity: CLIENT });
    const rig = new ForwarderRig({ listeners, pools: [pool] });
    rig.request(A, 0);
    rig.request(A, 1);
    rig.forwarder.fromBackend(rig.request(A, 2), 1, 0);
    rig.reload({ listeners, pools: [{ ...pool, backends: [buildBackend(1)] }] });
    rig.request(A, 0);
    assert.equal(rig.active(), 4);
    rig.forwarder.endEverything();
    assert.equal(rig.active(), 0);
    assert.deepEqual(
      [rig.ended(0), rig.ended(1), rig.ended(2)],
      [{ moved: 1, closed: 1 }, { closed: 1 }, { closed: 1 }],
    );
  });
});
