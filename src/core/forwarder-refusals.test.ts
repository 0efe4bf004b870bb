/** What a refusal does to a worker's decisions, and where refused requests go. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as R from "./flow-record.js";
import { ForwarderRig } from "./forwarder-rig.testing.js";
import { buildBackend, buildListener, buildPool, CLIENT, CLIENT_IP } from "./snapshot-builder.testing.js";

const A = "192.0.2.1:4000";
const B = "192.0.2.2:4000";

const rigOf = (affinity = CLIENT as typeof CLIENT | typeof CLIENT_IP | { kind: "none" }, session = {}) =>
  new ForwarderRig({ pools: [buildPool({ affinity })], listeners: [buildListener({ session })] });

/** The backend's host refuses a request of the flow: where it goes then, or -1. */
function refuse(rig: ForwarderRig, flow: number, length = 100): number {
  rig.forwarder.refused(rig.backendOf(flow), rig.nowMs);
  const next = rig.forwarder.refusals.reforward(flow, length, rig.nowMs);
  rig.forwarder.refusals.endFlowIfAll(flow);
  return next;
}

describe("Forwarder: refusals", () => {
  for (const affinity of [{ kind: "none" }, CLIENT, CLIENT_IP] as const) {
    it(`affinity ${affinity.kind}: a refused request goes to another backend and counts once`, () => {
      const rig = rigOf(affinity);
      const flow = rig.request(A);
      const next = refuse(rig, flow);
      assert.ok(next >= 0 && rig.backendOf(next) !== 0);
      const to = rig.backendOf(next);
      assert.deepEqual([rig.listener("requests"), rig.listener("requestBytes")], [1, 100]);
      const count = (slot: number) =>
        (["requests", "requestBytes", "outstanding", "refused"] as const).map((f) => rig.backend(slot, f));
      assert.deepEqual(
        [count(0), count(to)],
        [
          [0, 0, 0, 1],
          [1, 100, 1, 0],
        ],
      );
      assert.deepEqual(rig.drops(), {});
      assert.equal(rig.reply(next), "forward");
      assert.equal(rig.backend(to, "outstanding"), 0);
      rig.active();
    });
  }

  it("refusals that somebody made up take back no more than the flow has sent", () => {
    const rig = rigOf();
    const flow = rig.request(A);
    for (let i = 0; i < 5; i++) rig.forwarder.refusals.drop(flow, 100, 2);
    assert.deepEqual([rig.backend(0, "requests"), rig.drops()], [0, { backend_refused: 1 }]);
    assert.equal(rig.forwarder.refusals.reforward(flow, 100, rig.nowMs) < 0, true);
    assert.deepEqual([rig.backend(0, "requests"), rig.drops()], [0, { backend_refused: 1 }]);
  });

  it("the very next datagrams go elsewhere, until a second has passed or a snapshot comes", () => {
    const rig = rigOf({ kind: "none" });
    rig.forwarder.refused(0, 0);
    assert.ok(!rig.sendMany(A, 6).includes(0));
    rig.nowMs = 1000;
    assert.ok(rig.sendMany(A, 6).includes(0));
    rig.forwarder.refused(0, 1000);
    assert.ok(!rig.sendMany(A, 6).includes(0));
    rig.reload({ version: 2, pools: [buildPool()] });
    assert.ok(rig.sendMany(A, 6).includes(0));
  });

  it("flows of a refusing backend move, stay or are dropped as `failover.unhealthy` says", () => {
    const after = (unhealthy: "move" | "keep" | "drop") => {
      const failover = { unhealthy, draining: "keep", removed: "move" } as const;
      const rig = new ForwarderRig({ pools: [buildPool({ affinity: CLIENT, failover })] });
      const flow = rig.request(A);
      const resent = refuse(rig, flow) >= 0;
      return [resent, rig.send(A), rig.drops()];
    };
    assert.deepEqual(after("move"), [true, 1, {}]);
    assert.deepEqual(after("keep"), [false, 0, { backend_refused: 1 }]);
    assert.deepEqual(after("drop"), [false, "backend_down", { backend_refused: 1, backend_down: 1 }]);
  });

  it("the last candidate stays, and what it refuses is dropped", () => {
    const rig = new ForwarderRig({ pools: [buildPool({ backends: [buildBackend(0), buildBackend(1)] })] });
    const flow = refuse(rig, rig.request(A));
    assert.equal(rig.backendOf(flow), 1);
    assert.ok(refuse(rig, flow) < 0);
    assert.deepEqual([rig.listener("requests"), rig.drops()], [1, { backend_refused: 1 }]);
    assert.deepEqual([rig.backend(0, "requests"), rig.backend(1, "requests")], [0, 0]);
    assert.deepEqual(rig.sendMany(A, 2), [1, 1]);
    rig.active();
  });

  it("a request of a flow that has moved joins its client where it is now", () => {
    const rig = rigOf();
    const flow = rig.request(A);
    rig.request(A);
    const next = refuse(rig, flow);
    assert.equal(refuse(rig, flow), next);
    assert.deepEqual([rig.listener("movedFlows"), rig.backend(1, "requests")], [1, 2]);
    assert.equal(rig.forwarder.table.u32[next * R.RECORD_WORDS + R.REQUESTS], 2);
  });

  it("a flow that has taken its requests and had all refused ends; its client has room for the next", () => {
    const rig = rigOf(CLIENT, { requests: 1, responses: 1 });
    const flow = rig.request(A);
    const next = refuse(rig, flow);
    assert.notEqual(next, -1);
    assert.deepEqual([rig.active(), rig.ended()], [1, { failed: 1 }]);
    assert.equal(rig.reply(next), "last");
    assert.equal(rig.active(), 0);
  });

  it("what cannot be sent again is dropped and its flow no longer waits", () => {
    const rig = rigOf();
    const flow = rig.request(A);
    rig.request(A);
    rig.forwarder.refusals.drop(flow, 200, 2);
    assert.deepEqual(rig.drops(), { backend_refused: 2 });
    assert.deepEqual(
      (["requests", "requestBytes", "outstanding"] as const).map((field) => rig.backend(0, field)),
      [0, 0, 0],
    );
  });

  it("new clients of a hashed pool avoid it too", () => {
    const rig = new ForwarderRig({ pools: [buildPool({ policy: "maglev", affinity: CLIENT })] });
    const before = rig.send(A);
    rig.forwarder.refused(before as number, 0);
    assert.notEqual(rig.send(A), before);
    assert.notEqual(rig.send(B), before);
  });
});

describe("Forwarder: unanswered requests of a backend that is taken down", () => {
  const FAILOVER = { unhealthy: "move", draining: "keep", removed: "move" } as const;
  const firstDown = (affinity: typeof CLIENT | { kind: "none" } = CLIENT, failover: object = {}) => ({
    version: 2,
    pools: [
      buildPool({
        affinity,
        failover: { ...FAILOVER, ...failover },
        backends: [buildBackend(0, { admitted: false }), buildBackend(1)],
      }),
    ],
  });

  it("are those sent since the last reply, as long as any is awaited", () => {
    const rig = rigOf();
    const { refusals } = rig.forwarder;
    const flow = rig.request(A);
    rig.nowMs = 10;
    rig.request(A);
    rig.reload(firstDown());
    assert.deepEqual([refusals.isUnanswered(flow, 0), refusals.isUnanswered(flow, 10)], [true, true]);
    rig.nowMs = 20;
    rig.reply(flow);
    assert.deepEqual([refusals.isUnanswered(flow, 10), refusals.isUnanswered(flow, 20)], [false, true]);
    rig.nowMs = 30;
    rig.reply(flow);
    assert.equal(refusals.isUnanswered(flow, 30), false);
  });

  it("are also those of the second before it was given up that any is awaited, until the next reply", () => {
    const rig = rigOf();
    const { refusals } = rig.forwarder;
    const flow = rig.request(A);
    rig.nowMs = 500;
    rig.request(A);
    rig.nowMs = 1000;
    rig.request(A);
    rig.reload(firstDown());
    for (const sentAtMs of [0, 500, 1000]) {
      assert.ok(refusals.isUnanswered(flow, sentAtMs), `${sentAtMs}`);
      refusals.reforward(flow, 100, rig.nowMs);
    }
    const count = (slot: number) => rig.backend(slot, "outstanding");
    assert.deepEqual([count(0), count(1)], [0, 3]);
    rig.reply(flow);
    assert.equal(refusals.isUnanswered(flow, 500), false);
  });

  it("are none where flows may not leave their backend, or their listener is gone", () => {
    for (const unhealthy of ["keep", "drop"] as const) {
      const rig = rigOf();
      const flow = rig.request(A);
      rig.reload(firstDown(CLIENT, { unhealthy }));
      assert.equal(rig.forwarder.refusals.isUnanswered(flow, 0), false, unhealthy);
    }
    const rig = rigOf();
    const flow = rig.request(A);
    assert.equal(rig.forwarder.refusals.isUnanswered(flow, 0), false, "its backend is up");
    rig.reload({ ...firstDown(), listeners: [] });
    assert.equal(rig.forwarder.refusals.isUnanswered(flow, 0), false, "no listener");
  });

  for (const affinity of [CLIENT, { kind: "none" }] as const) {
    it(`affinity ${affinity.kind}: sent again they count where they went, and a late answer reaches nobody`, () => {
      const rig = rigOf(affinity);
      const { refusals } = rig.forwarder;
      const flow = rig.request(A);
      rig.reload(firstDown(affinity));
      const next = refusals.reforward(flow, 100, rig.nowMs);
      assert.equal(rig.backendOf(next), 1);
      refusals.endResent(flow);
      const counts = [0, 1].map((slot) =>
        (["requests", "outstanding", "activeFlows"] as const).map((field) => rig.backend(slot, field)),
      );
      assert.deepEqual(counts, [
        [0, 0, 0],
        [1, 1, 1],
      ]);
      assert.equal(rig.reply(flow), "late_reply");
      assert.equal(rig.reply(next), "forward");
      assert.deepEqual(
        [rig.listener("requests"), rig.listener("replies"), rig.ended()],
        [1, 1, { moved: 1 }],
      );
      assert.equal(rig.active(), 1);
    });
  }
});
