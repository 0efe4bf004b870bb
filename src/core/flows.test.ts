/** What flows count and when they end, seen through the forwarder that drives them. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { BACKEND, backendAt } from "./counters.js";
import { ForwarderRig } from "./forwarder-rig.testing.js";
import { HISTOGRAM_BUCKETS } from "./histogram.js";
import type { SessionLimits } from "./snapshot.js";
import { buildBackend, buildListener, buildPool, CLIENT } from "./snapshot-builder.testing.js";

const A = "192.0.2.1:4000";
const B = "192.0.2.2:4000";

/** Affinity client over one backend, so that every flow counts on backend 0. */
function oneBackend(session: Partial<SessionLimits> = {}): ForwarderRig {
  const pools = [buildPool({ affinity: CLIENT, backends: [buildBackend(0)] })];
  return new ForwarderRig({ listeners: [buildListener({ session })], pools });
}

function samples(rig: ForwarderRig): { samples: number; sumMs: number } {
  const at = backendAt(0) + BACKEND.replyTime;
  const buckets = rig.counters.subarray(at + 2, at + 2 + HISTOGRAM_BUCKETS);
  return { samples: buckets.reduce((sum, count) => sum + count), sumMs: rig.counters[at] };
}

describe("outstanding requests", () => {
  it("go up with requests and down with replies, never below 0", () => {
    const rig = oneBackend();
    const flow = rig.request(A);
    rig.request(A);
    assert.equal(rig.backend(0, "outstanding"), 2);
    rig.reply(flow);
    rig.reply(flow);
    rig.reply(flow);
    assert.equal(rig.backend(0, "outstanding"), 0);
  });

  it("add up over the flows of a backend, and leave with their flow", () => {
    const rig = oneBackend();
    const flow = rig.request(A);
    rig.request(A);
    rig.request(B);
    assert.equal(rig.backend(0, "outstanding"), 3);
    rig.forwarder.fail(flow);
    assert.equal(rig.backend(0, "outstanding"), 1);
  });

  it("need each of several replies to a request", () => {
    const rig = oneBackend({ responses: 3 });
    const flow = rig.request(A);
    rig.request(A);
    const left = Array.from({ length: 6 }, () => {
      rig.reply(flow);
      return rig.backend(0, "outstanding");
    });
    assert.deepEqual(left, [2, 2, 1, 1, 1, 0]);
  });

  it("begin anew with the first request after a second of the backend's silence", () => {
    const rig = oneBackend();
    rig.request(A);
    rig.nowMs = 600;
    rig.request(A);
    rig.nowMs = 999;
    rig.request(A);
    assert.equal(rig.backend(0, "outstanding"), 3);
    rig.nowMs = 1000;
    rig.request(A);
    assert.equal(rig.backend(0, "outstanding"), 1);
  });

  it("go on counting while the backend answers some", () => {
    const rig = oneBackend();
    const flow = rig.request(A);
    rig.request(A);
    rig.nowMs = 900;
    rig.reply(flow);
    rig.nowMs = 1800;
    rig.request(A);
    assert.equal(rig.backend(0, "outstanding"), 2);
  });
});

describe("reply times", () => {
  it("are taken from a request that finds no other unanswered", () => {
    const rig = oneBackend();
    const flow = rig.request(A);
    rig.nowMs = 30;
    rig.reply(flow);
    rig.nowMs = 100;
    rig.request(A);
    rig.nowMs = 112;
    rig.reply(flow);
    assert.deepEqual(samples(rig), { samples: 2, sumMs: 42 });
  });

  it("are taken at the head of a burst only", () => {
    const rig = oneBackend();
    const flow = rig.request(A);
    rig.nowMs = 5;
    rig.request(A);
    rig.nowMs = 20;
    rig.reply(flow);
    rig.nowMs = 25;
    rig.request(A);
    rig.nowMs = 90;
    rig.reply(flow);
    rig.reply(flow);
    assert.deepEqual(samples(rig), { samples: 1, sumMs: 20 });
  });

  it("are those of the first reply where a request has several", () => {
    const rig = oneBackend({ responses: 2, requests: 5 });
    const flow = rig.request(A);
    rig.nowMs = 7;
    rig.reply(flow);
    rig.nowMs = 50;
    rig.reply(flow);
    assert.deepEqual(samples(rig), { samples: 1, sumMs: 7 });
  });

  it("begin with the newest request when the ones before were given up", () => {
    const rig = oneBackend();
    rig.request(A);
    rig.nowMs = 5000;
    const flow = rig.request(A);
    rig.nowMs = 5003;
    rig.reply(flow);
    assert.deepEqual(samples(rig), { samples: 1, sumMs: 3 });
  });

  it("are not taken of what a backend sends unasked", () => {
    const rig = oneBackend();
    const flow = rig.request(A);
    rig.reply(flow);
    rig.nowMs = 100;
    rig.reply(flow);
    assert.deepEqual(samples(rig), { samples: 1, sumMs: 0 });
  });
});

describe("Flows.expire", () => {
  it("ends idle flows and says how many, those in use not", () => {
    const rig = oneBackend({ idleTimeoutMs: 8000 });
    const busy = rig.request(A);
    rig.request(B);
    for (rig.nowMs = 500; rig.nowMs < 8000; rig.nowMs += 500) rig.request(A);
    assert.equal(rig.expire(), 1);
    assert.deepEqual(rig.ended(), { idle: 1 });
    assert.equal(rig.request(A), busy);
    assert.equal(rig.expire(), 0);
  });

  it("ends at most as many as asked", () => {
    const rig = oneBackend({ idleTimeoutMs: 1000 });
    for (let i = 0; i < 5; i++) rig.request(`192.0.2.${i}:1`);
    rig.nowMs = 1000;
    assert.deepEqual([rig.expire(2), rig.expire(2), rig.expire(2), rig.expire(2)], [2, 2, 1, 0]);
  });

  it("ends a flow that falls silent soon after it was listed no more than an eighth late", () => {
    const rig = oneBackend({ idleTimeoutMs: 120_000 });
    rig.request(A);
    rig.nowMs = 14_000; // too soon after the first to be listed anew
    rig.request(A);
    rig.nowMs = 119_000;
    rig.request(B);
    let endedAtMs = 0;
    for (rig.nowMs = 120_000; endedAtMs === 0 && rig.nowMs < 400_000; rig.nowMs += 500) {
      if (rig.expire() > 0) endedAtMs = rig.nowMs;
    }
    assert.ok(endedAtMs >= 134_000 && endedAtMs <= 149_000, `ended at ${endedAtMs}`);
    assert.equal(rig.active(), 1);
  });

  it("ends each flow of a busy table on time, give or take an eighth", () => {
    const rig = oneBackend({ idleTimeoutMs: 8000 });
    const lastMs = new Map<number, number>();
    let step = 0;
    for (rig.nowMs = 0; rig.nowMs < 60_000; rig.nowMs += 50) {
      const flow = rig.request(`192.0.2.${(step++ * 7919) % 251}:1`);
      lastMs.set(flow, rig.nowMs);
      const before = rig.host.closed.length;
      rig.expire();
      for (const closed of rig.host.closed.slice(before)) {
        const idleMs = rig.nowMs - (lastMs.get(closed.flow) ?? 0);
        assert.ok(idleMs >= 8000 && idleMs <= 9050, `${idleMs} ms`);
      }
    }
    assert.ok(rig.host.closed.length > 100);
  });

  it("ends flows past their lifetime, in the order of their age", () => {
    const rig = oneBackend({ maxLifetimeMs: 1000 });
    const old = rig.request(A);
    rig.nowMs = 10;
    rig.request(B);
    rig.nowMs = 999;
    rig.request(A);
    rig.nowMs = 1000;
    assert.equal(rig.expire(), 1);
    assert.equal(rig.host.closed[0].flow, old);
    rig.nowMs = 1010;
    assert.equal(rig.expire(), 1);
    assert.deepEqual(rig.ended(), { lifetime: 2 });
  });

  it("follows an idle timeout and a lifetime that a reload changes", () => {
    const rig = oneBackend({ idleTimeoutMs: 120_000 });
    rig.request(A);
    rig.nowMs = 1000;
    assert.equal(rig.expire(), 0);
    const pools = [buildPool({ affinity: CLIENT, backends: [buildBackend(0)] })];
    rig.reload({ pools, listeners: [buildListener({ session: { idleTimeoutMs: 1000 } })] });
    assert.equal(rig.expire(), 1);
    rig.request(A);
    rig.nowMs = 1500;
    rig.reload({ pools, listeners: [buildListener({ session: { maxLifetimeMs: 500 } })] });
    assert.equal(rig.expire(), 1);
    assert.deepEqual(rig.ended(), { idle: 1, lifetime: 1 });
  });

  it("ends idle flows that take no more requests", () => {
    const rig = oneBackend({ requests: 1, idleTimeoutMs: 1000 });
    const flow = rig.request(A);
    rig.nowMs = 600;
    rig.reply(flow);
    rig.nowMs = 1599;
    assert.equal(rig.expire(), 0);
    rig.nowMs = 1600;
    assert.equal(rig.expire(), 1);
    assert.deepEqual(rig.host.closed, [{ flow, backend: 0, unanswered: true }]);
  });
});

describe("a moved flow", () => {
  function moved(session: Partial<SessionLimits> = {}): { rig: ForwarderRig; flow: number } {
    const rig = oneBackend(session);
    const flow = rig.request(A);
    const pools = [buildPool({ affinity: CLIENT, backends: [buildBackend(1)] })];
    rig.reload({ pools, listeners: [buildListener({ session })] });
    rig.nowMs = 100;
    assert.notEqual(rig.request(A), flow);
    return { rig, flow };
  }

  it("lets replies pass that were under way, for 5 seconds from the move", () => {
    const { rig, flow } = moved();
    for (rig.nowMs = 200; rig.nowMs < 5100; rig.nowMs += 700) {
      assert.equal(rig.reply(flow), "forward");
      assert.equal(rig.expire(), 0);
    }
    rig.nowMs = 5100;
    assert.equal(rig.expire(), 1);
    assert.equal(rig.reply(flow), "late_reply");
    assert.deepEqual(rig.ended(), { moved: 1 });
    assert.equal(rig.active(), 1);
  });

  it("lingers no longer for replies that keep coming, and leaves the order of other flows alone", () => {
    const { rig, flow } = moved({ idleTimeoutMs: 8000 });
    rig.request(B);
    for (rig.nowMs = 1200; rig.nowMs < 5100; rig.nowMs += 1100) rig.reply(flow);
    rig.nowMs = 5100;
    assert.equal(rig.expire(), 1);
    rig.nowMs = 8100;
    assert.equal(rig.expire(), 2);
    assert.deepEqual(rig.ended(), { moved: 1, idle: 2 });
  });

  it("lingers no longer than the idle timeout", () => {
    const { rig } = moved({ idleTimeoutMs: 1000 });
    rig.nowMs = 1099;
    assert.equal(rig.expire(), 0);
    rig.nowMs = 1100;
    rig.expire();
    assert.equal(rig.ended().moved, 1);
  });

  it("is not the flow's last reply to whoever waits: its end is `moved`", () => {
    const { rig, flow } = moved({ responses: 1 });
    assert.equal(rig.reply(flow), "forward");
    rig.nowMs = 5100;
    rig.expire();
    assert.deepEqual(rig.ended(), { moved: 1 });
  });

  it("ends with its listener or its lifetime as well", () => {
    const { rig } = moved({ maxLifetimeMs: 1000 });
    rig.nowMs = 1000;
    assert.equal(rig.expire(), 1);
    assert.deepEqual(rig.ended(), { moved: 1 });
    const other = moved().rig;
    other.reload({ listeners: [] });
    assert.equal(other.active(), 0);
    assert.deepEqual(other.ended(), { moved: 1, listener_removed: 1 });
  });
});
