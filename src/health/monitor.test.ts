import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { BackendEntry, Snapshot } from "../core/snapshot.js";
import { buildBackend, buildPool, buildSnapshot } from "../core/snapshot-builder.testing.js";
import { type BackendChange, HealthMonitor, type PoolHealth } from "./monitor.js";

const PASSIVE: PoolHealth = { passive: { enabled: true, maxEjected: 50 }, slowStartMs: 0, probed: false };

/** A monitor on a clock and counters that the test holds. */
class Rig {
  nowMs = 0;
  readonly counts = new Map<number, { requests: number; replies: number }>();
  readonly changes: BackendChange[] = [];
  readonly probesWanted: number[] = [];
  readonly monitor = new HealthMonitor({
    nowMs: () => this.nowMs,
    read: (slot) => this.counts.get(slot) ?? { requests: 0, replies: 0 },
    onChange: (change) => this.changes.push(change),
    probeNow: (slot) => this.probesWanted.push(slot),
  });
  snapshot: Snapshot;

  constructor(backends: readonly BackendEntry[], health: Partial<PoolHealth> = {}) {
    this.snapshot = buildSnapshot({ pools: [buildPool({ backends })] });
    this.monitor.update(this.snapshot, () => ({ ...PASSIVE, ...health }));
  }

  get backends(): readonly BackendEntry[] {
    return this.monitor.decorate(this.snapshot).pools[0].backends;
  }

  get health(): string {
    return this.backends.map(({ health }) => health).join(" ");
  }

  /** Lets time pass, with a tick every half second. */
  pass(ms: number): void {
    for (const end = this.nowMs + ms; this.nowMs < end; ) {
      this.nowMs += 500;
      this.monitor.tick();
    }
  }
}

const three = () => [buildBackend(0), buildBackend(1), buildBackend(2)];

describe("HealthMonitor: refusals", () => {
  it("take a backend down at once, with the reason", () => {
    const rig = new Rig(three());
    rig.monitor.refused(1);
    assert.equal(rig.health, "up down up");
    assert.deepEqual(
      rig.changes.map(({ backend, health, reason }) => [backend, health, reason]),
      [["b1", "down", "refused: ICMP port unreachable"]],
    );
  });

  it("never take down the last, nor more than maxEjected", () => {
    const rig = new Rig(three());
    for (const slot of [0, 1, 2]) rig.monitor.refused(slot);
    assert.equal(rig.health, "down up up");
    const alone = new Rig([buildBackend(0)]);
    alone.monitor.refused(0);
    assert.equal(alone.health, "up");
    const all = new Rig(three(), { passive: { enabled: true, maxEjected: 100 } });
    for (const slot of [0, 1, 2]) all.monitor.refused(slot);
    assert.equal(all.health, "down down up");
    const none = new Rig(three(), { passive: { enabled: true, maxEjected: 0 } });
    none.monitor.refused(0);
    assert.equal(none.health, "up up up");
  });

  it("mean nothing where passive health is off", () => {
    const rig = new Rig(three(), { passive: { enabled: false, maxEjected: 50 } });
    rig.monitor.refused(1);
    assert.equal(rig.health, "up up up");
  });

  it("lead to a trial with a tenth of the weight after 1 s, then 2 s, 4 s … 30 s", () => {
    const rig = new Rig(three());
    const waits: number[] = [];
    for (let i = 0; i < 7; i++) {
      rig.monitor.refused(1);
      const downAtMs = rig.nowMs;
      while (rig.backends[1].health === "down") rig.pass(500);
      assert.equal(rig.backends[1].share, 0.1);
      waits.push(rig.nowMs - downAtMs);
    }
    assert.deepEqual(waits, [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
  });

  it("are forgotten once it has answered on trial", () => {
    const rig = new Rig(three());
    rig.monitor.refused(1);
    rig.pass(1000);
    rig.counts.set(1, { requests: 5, replies: 1 });
    rig.pass(500);
    assert.deepEqual([rig.backends[1].health, rig.backends[1].share], ["up", 1]);
    assert.equal(rig.changes.at(-1)?.reason, "answered on trial");
    rig.monitor.refused(1);
    rig.pass(1000);
    assert.equal(rig.backends[1].health, "up"); // the back-off began anew
  });

  it("are left to the probe where there is one", () => {
    const rig = new Rig(three(), { probed: true });
    rig.monitor.refused(1);
    assert.deepEqual(rig.probesWanted, [1]);
    rig.pass(60_000);
    assert.equal(rig.backends[1].health, "down");
    rig.monitor.probed(1, "up", "answered");
    assert.equal(rig.backends[1].health, "up");
  });
});

describe("HealthMonitor: silence", () => {
  it("takes down who is silent while others answer", () => {
    const rig = new Rig(three());
    for (let i = 1; i <= 8; i++) {
      for (const slot of [0, 1, 2]) {
        rig.counts.set(slot, { requests: 100 * i, replies: slot === 2 ? 100 : 100 * i });
      }
      rig.pass(500);
    }
    assert.equal(rig.health, "up up down");
    assert.equal(rig.changes[0].reason, "silent while others answer");
  });
});

describe("HealthMonitor: probes", () => {
  it("decide, whatever passive signals say", () => {
    const rig = new Rig(three(), { probed: true });
    for (const slot of [0, 1, 2]) rig.monitor.probed(slot, "down", "no answer within 1s");
    assert.equal(rig.health, "down down down");
    rig.monitor.probed(0, "up", "answered");
    assert.equal(rig.health, "up down down");
  });

  it("no longer count once the pool has none", () => {
    const rig = new Rig(three(), { probed: true });
    rig.monitor.probed(0, "down", "no answer within 1s");
    rig.monitor.update(rig.snapshot, () => PASSIVE);
    assert.equal(rig.health, "up up up");
  });

  it("start a slow start when a backend is back", () => {
    const rig = new Rig(three(), { probed: true, slowStartMs: 30_000 });
    rig.monitor.probed(0, "down", "no answer");
    rig.pass(5000);
    rig.monitor.probed(0, "up", "answered");
    const shares: (number | undefined)[] = [];
    for (let i = 0; i < 11; i++) {
      shares.push(rig.backends[0].share);
      rig.pass(3000);
    }
    assert.deepEqual(shares, [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1]);
    assert.equal(rig.backends[1].share, 1);
  });
});

describe("HealthMonitor: operators", () => {
  it("drain until a deadline, and are told by events", () => {
    const rig = new Rig(three());
    rig.monitor.operate(1, { admin: "draining" }, "drained by an operator", rig.nowMs + 2000);
    assert.equal(rig.backends[1].admin, "draining");
    rig.pass(1500);
    assert.equal(rig.backends[1].admin, "draining");
    rig.pass(500);
    assert.equal(rig.backends[1].admin, "disabled");
    assert.deepEqual(
      rig.changes.map(({ admin, reason }) => [admin, reason]),
      [
        ["draining", "drained by an operator"],
        ["disabled", "drain deadline passed"],
      ],
    );
  });

  it("outlive a reload of the backend as it was", () => {
    const rig = new Rig(three());
    rig.monitor.operate(1, { admin: "disabled", weight: 7 }, "by hand", Number.POSITIVE_INFINITY);
    rig.monitor.update(rig.snapshot, () => PASSIVE);
    assert.deepEqual([rig.backends[1].admin, rig.backends[1].weight], ["disabled", 7]);
  });

  it("are overruled by a reload that changes what they changed, and only that", () => {
    const rig = new Rig(three());
    rig.monitor.operate(1, { admin: "disabled", weight: 7 }, "by hand", Number.POSITIVE_INFINITY);
    const changed = [buildBackend(0), buildBackend(1, { weight: 3 }), buildBackend(2)];
    rig.snapshot = buildSnapshot({ pools: [buildPool({ backends: changed })] });
    assert.deepEqual([rig.backends[1].admin, rig.backends[1].weight], ["disabled", 3]); // before it is in force
    rig.monitor.update(rig.snapshot, () => PASSIVE);
    assert.deepEqual([rig.backends[1].admin, rig.backends[1].weight], ["disabled", 3]);
  });

  it("say nothing when nothing changes", () => {
    const rig = new Rig(three());
    rig.monitor.operate(1, { admin: "enabled" }, "enabled by an operator", Number.POSITIVE_INFINITY);
    assert.deepEqual(rig.changes, []);
  });

  it("of a backend that left are forgotten", () => {
    const rig = new Rig(three());
    rig.monitor.operate(1, { admin: "disabled" }, "by hand", Number.POSITIVE_INFINITY);
    const all = rig.snapshot;
    rig.monitor.update(buildSnapshot({ pools: [buildPool({ backends: [buildBackend(0)] })] }), () => PASSIVE);
    rig.monitor.update(all, () => PASSIVE);
    rig.snapshot = all;
    assert.equal(rig.backends[1].admin, "enabled");
  });
});
