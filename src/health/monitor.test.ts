import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { HISTOGRAM_BUCKETS } from "../core/histogram.js";
import type { BackendEntry, PoolEntry, Snapshot } from "../core/snapshot.js";
import { buildBackend, buildPool, buildSnapshot } from "../core/snapshot-builder.testing.js";
import { type BackendChange, type BackendReading, HealthMonitor } from "./monitor.js";
import type { PoolHealth } from "./pool-records.js";

const PASSIVE: PoolHealth = {
  passive: { refusals: true, silence: "keep", maxEjected: 50 },
  slowStartMs: 0,
  probed: false,
};

/** A monitor on a clock and counters that the test holds. */
class Rig {
  nowMs = 0;
  readonly counts = new Map<number, Partial<BackendReading>>();
  readonly changes: BackendChange[] = [];
  readonly toProve: number[] = [];
  /** Of these, those that have gone silent. */
  readonly suspected: number[] = [];
  published = 0;
  readonly monitor = new HealthMonitor({
    nowMs: () => this.nowMs,
    read: (slot) => this.#read(slot),
    readTimes: (slot) => this.#times(slot),
    onChange: (change) => this.changes.push(change),
    publish: () => this.published++,
    prove: (slot, isSuspected) => {
      this.toProve.push(slot);
      if (isSuspected) this.suspected.push(slot);
    },
  });
  snapshot: Snapshot;

  constructor(
    backends: readonly BackendEntry[],
    health: Partial<PoolHealth> = {},
    pool: Partial<PoolEntry> = {},
  ) {
    this.snapshot = buildSnapshot({ pools: [buildPool({ backends, ...pool })] });
    this.monitor.update(this.snapshot, () => ({ ...PASSIVE, ...health }));
  }

  get backends(): readonly BackendEntry[] {
    return this.monitor.decorate(this.snapshot).pools[0].backends;
  }

  /** As people see it. */
  get health(): string {
    return this.monitor
      .status()
      .map(({ health }) => health)
      .join(" ");
  }

  /** As planes see it. */
  get admitted(): string {
    return this.backends.map(({ admitted }) => (admitted ? "in" : "out")).join(" ");
  }

  /** A worker takes the token of a backend on trial, and sends a request there. */
  try(slot: number): void {
    const { trialTokens } = this.monitor.decorate(this.snapshot);
    assert.ok(trialTokens);
    assert.equal(trialTokens[slot], 1, "there is a token");
    trialTokens[slot] = 0;
    const { requests = 0, ...rest } = this.counts.get(slot) ?? {};
    this.counts.set(slot, { ...rest, requests: requests + 1 });
  }

  #read(slot: number): BackendReading {
    const counts = this.counts.get(slot) ?? {};
    const { requests = 0, replies = 0, refused = 0 } = counts;
    const none = { firsts: 0, firstsAnswered: 0, habituals: 0, habitualsAnswered: 0, lapsed: 0 };
    return { slot, requests, replies, refused, answered: replies, heard: replies, ...none, ...counts };
  }

  /** Every reply took less than a microsecond. */
  #times(slot: number): Float64Array {
    const counts = new Float64Array(HISTOGRAM_BUCKETS);
    counts[0] = this.#read(slot).replies;
    return counts;
  }

  /** Lets backends answer, so that they are up. */
  answer(...slots: number[]): void {
    for (const slot of slots) {
      const { requests = 0, replies = 0, ...rest } = this.counts.get(slot) ?? {};
      this.counts.set(slot, { ...rest, requests: requests + 1, replies: replies + 1 });
    }
    this.pass(500);
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

describe("HealthMonitor: evidence of traffic", () => {
  it("is none at first, and a reply that passed makes a backend up, which planes need not hear of", () => {
    const rig = new Rig(three());
    assert.equal(rig.health, "untried untried untried");
    rig.counts.set(1, { requests: 3 });
    rig.pass(500);
    assert.equal(rig.health, "untried untried untried");
    rig.answer(1);
    assert.equal(rig.health, "untried up untried");
    assert.deepEqual(
      rig.changes.map(({ backend, health, reason }) => [backend, health, reason]),
      [["b1", "up", "a reply passed"]],
    );
    assert.equal(rig.published, 0);
  });

  it("of refusals is read from the counter as well, should nobody tell", () => {
    const rig = new Rig(three());
    rig.counts.set(1, { requests: 9, refused: 1 });
    rig.pass(500);
    assert.equal(rig.health, "untried ejected untried");
    assert.equal(rig.published, 1);
  });

  it("counts what was counted before a backend came for nothing", () => {
    const rig = new Rig([buildBackend(0)]);
    rig.counts.set(1, { requests: 9, replies: 9, refused: 9 });
    rig.snapshot = buildSnapshot({ pools: [buildPool({ backends: [buildBackend(0), buildBackend(1)] })] });
    rig.monitor.update(rig.snapshot, () => PASSIVE);
    rig.pass(5000);
    assert.equal(rig.health, "untried untried");
  });
});

describe("HealthMonitor: refusals", () => {
  it("take a backend out at once, with the reason", () => {
    const rig = new Rig(three());
    rig.monitor.refused(1);
    assert.equal(rig.health, "untried ejected untried");
    assert.equal(rig.admitted, "in out in");
    assert.equal(rig.backends[1].ejected, true);
    assert.deepEqual(
      rig.changes.map(({ backend, health, reason }) => [backend, health, reason]),
      [["b1", "ejected", "refused: ICMP port unreachable"]],
    );
  });

  it("never take out the last, nor more than maxEjected: who stays in is failing", () => {
    const rig = new Rig(three());
    for (const slot of [0, 1, 2]) rig.monitor.refused(slot);
    assert.equal(rig.health, "ejected failing failing");
    assert.equal(rig.admitted, "out in in");
    const alone = new Rig([buildBackend(0)]);
    alone.monitor.refused(0);
    assert.deepEqual([alone.health, alone.admitted], ["failing", "in"]);
    const all = new Rig(three(), { passive: { refusals: true, silence: "keep", maxEjected: 100 } });
    for (const slot of [0, 1, 2]) all.monitor.refused(slot);
    assert.equal(all.health, "ejected ejected failing");
    const none = new Rig(three(), { passive: { refusals: true, silence: "keep", maxEjected: 0 } });
    none.monitor.refused(0);
    assert.equal(none.health, "failing untried untried");
  });

  it("take nothing out where passive.refusals is off", () => {
    const rig = new Rig(three(), { passive: { refusals: false, silence: "keep", maxEjected: 50 } });
    rig.monitor.refused(1);
    assert.deepEqual([rig.health, rig.admitted], ["untried failing untried", "in in in"]);
    assert.equal(rig.published, 0);
  });

  it("end with a reply that comes after them", () => {
    const rig = new Rig([buildBackend(0)]);
    rig.monitor.refused(0);
    rig.pass(5000);
    assert.equal(rig.health, "failing");
    rig.counts.set(0, { requests: 10, replies: 5, refused: 5 });
    rig.pass(500);
    assert.equal(rig.health, "failing"); // refusals and replies in one interval
    rig.answer(0);
    assert.equal(rig.health, "up");
    assert.equal(rig.changes.at(-1)?.reason, "a reply passed");
  });

  it("of a backend that never answers anything end when it takes a trial for five seconds and does not refuse", () => {
    const rig = new Rig(three());
    rig.monitor.refused(1);
    rig.pass(1000);
    assert.equal(rig.health, "untried half-open untried");
    rig.pass(60_000);
    assert.equal(rig.health, "untried half-open untried"); // no requests
    rig.try(1);
    rig.pass(5000);
    assert.equal(rig.health, "untried half-open untried");
    rig.pass(500);
    assert.equal(rig.health, "untried untried untried");
    assert.equal(rig.backends[1].share, 1);
    const alone = new Rig([buildBackend(0)]);
    alone.monitor.refused(0);
    alone.counts.set(0, { requests: 1 });
    alone.pass(4500);
    assert.equal(alone.health, "failing");
    alone.pass(1000);
    assert.equal(alone.health, "untried");
  });

  it("lead to a trial by single requests after 1 s, then 2 s, 4 s … 30 s", () => {
    const rig = new Rig(three());
    const waits: number[] = [];
    for (let i = 0; i < 7; i++) {
      rig.monitor.refused(1);
      const outAtMs = rig.nowMs;
      while (!rig.backends[1].onTrial) rig.pass(500);
      assert.equal(rig.backends[1].admitted, false);
      assert.equal(rig.health, "untried half-open untried");
      waits.push(rig.nowMs - outAtMs);
    }
    assert.deepEqual(waits, [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
  });

  it("are forgotten once it has answered on trial", () => {
    const rig = new Rig(three());
    rig.monitor.refused(1);
    rig.pass(1000);
    rig.answer(1);
    assert.deepEqual([rig.health, rig.backends[1].share], ["untried up untried", 1]);
    assert.equal(rig.changes.at(-1)?.reason, "answered on trial");
    rig.monitor.refused(1);
    rig.pass(1000);
    assert.equal(rig.health, "untried half-open untried"); // the back-off began anew
  });

  it("of two dead backends never show one as up: one stays in, the other is tried again and again", () => {
    const rig = new Rig([buildBackend(0), buildBackend(1)]);
    rig.answer(0, 1);
    const seen = new Set<string>();
    for (let i = 0; i < 200; i++) {
      for (const slot of [0, 1]) if (rig.backends[slot].admitted) rig.monitor.refused(slot);
      seen.add(rig.health);
      assert.notEqual(rig.admitted, "out out");
      rig.pass(500);
      seen.add(rig.health);
    }
    assert.deepEqual([...seen].sort(), ["ejected failing", "half-open failing"]);
    rig.answer(1);
    assert.match(rig.health, /(ejected|half-open) up/);
  });

  it("of the last that is left do not bring one on trial back", () => {
    const rig = new Rig([buildBackend(0), buildBackend(1)]);
    rig.monitor.refused(0);
    rig.pass(1000);
    rig.monitor.refused(1);
    assert.deepEqual([rig.health, rig.admitted], ["half-open failing", "out in"]);
  });
});

describe("HealthMonitor: trials", () => {
  function onTrial(health: Partial<PoolHealth> = {}): Rig {
    const rig = new Rig(three(), health);
    rig.counts.set(1, { requests: 1, replies: 1 });
    rig.pass(500);
    rig.monitor.refused(1);
    rig.pass(1000);
    assert.equal(rig.health, "untried half-open untried");
    return rig;
  }

  it("wait for a request for as long as none comes", () => {
    const rig = onTrial();
    rig.pass(60_000);
    assert.equal(rig.health, "untried half-open untried");
    assert.equal(rig.monitor.isBusy, false);
  });

  it("are one request at a time, and end with the back-off doubled where it is not answered", () => {
    const rig = onTrial();
    rig.try(1);
    rig.monitor.look();
    assert.equal(rig.monitor.isBusy, true);
    const tokens = rig.monitor.decorate(rig.snapshot).trialTokens as Int32Array;
    assert.equal(tokens[1], 0);
    rig.nowMs += 500;
    rig.monitor.look();
    assert.deepEqual([rig.health, rig.backends[1].ejected], ["untried ejected untried", true]);
    assert.equal(rig.changes.at(-1)?.reason, "unanswered on trial");
    rig.pass(1500);
    assert.equal(rig.health, "untried ejected untried");
    rig.pass(500);
    assert.equal(rig.health, "untried half-open untried");
    assert.equal(tokens[1], 1);
  });

  it("end at once with a refusal", () => {
    const rig = onTrial();
    rig.monitor.refused(1);
    assert.equal(rig.health, "untried ejected untried");
    assert.equal((rig.monitor.decorate(rig.snapshot).trialTokens ?? [0, 0])[1], 0);
  });

  it("are known to workers while there are any, and not otherwise", () => {
    const rig = new Rig(three());
    assert.equal(rig.monitor.decorate(rig.snapshot).trialTokens, undefined);
    assert.ok(onTrial().monitor.decorate(rig.snapshot).trialTokens);
  });
});

describe("HealthMonitor: silence", () => {
  /** All three have answered for a while; then backend 2 is silent while others answer, until it is out. */
  function silenced(health: Partial<PoolHealth> = {}): Rig {
    const rig = new Rig(three(), health);
    const ask = (answering: readonly number[]) => {
      for (const slot of [0, 1, 2]) {
        const { requests = 0, replies = 0 } = rig.counts.get(slot) ?? {};
        const isAnswering = answering.includes(slot);
        rig.counts.set(slot, { requests: requests + 10, replies: replies + (isAnswering ? 10 : 0) });
      }
      rig.nowMs += 50;
      rig.monitor.look();
    };
    for (let i = 0; i < 100; i++) ask([0, 1, 2]);
    rig.pass(500);
    for (let i = 0; i < 10 && rig.backends[2].admitted; i++) ask([0, 1]);
    return rig;
  }

  it("takes out who is silent while others answer", () => {
    const rig = silenced();
    assert.equal(rig.health, "up up ejected");
    assert.equal(rig.changes.at(-1)?.reason, "silent while others answer");
    assert.deepEqual([rig.backends[2].keepsAnswered, rig.backends[2].ejected], [true, true]);
  });

  it("knows what a backend answered before the first look at it", () => {
    const rig = new Rig(three());
    for (const slot of [0, 1, 2]) rig.counts.set(slot, { requests: 500, replies: 500 });
    rig.pass(500);
    for (let i = 1; i <= 20 && rig.backends[2].admitted; i++) {
      for (const slot of [0, 1]) rig.counts.set(slot, { requests: 500 + 10 * i, replies: 500 + 10 * i });
      rig.counts.set(2, { requests: 500 + 10 * i, replies: 500 });
      rig.nowMs += 50;
      rig.monitor.look();
    }
    assert.equal(rig.health, "up up ejected");
  });

  it("is over at once with any reply, also one whose flow is over", () => {
    const rig = silenced({ slowStartMs: 10_000 });
    rig.counts.set(2, { ...rig.counts.get(2), heard: (rig.counts.get(2)?.replies ?? 0) + 1 });
    rig.monitor.look();
    assert.deepEqual([rig.health, rig.backends[2].keepsAnswered], ["up up up", false]);
    assert.equal(rig.changes.at(-1)?.reason, "answered again");
    assert.equal(rig.backends[2].share, 0.1);
  });

  it("keeps the flows that were answered, until a probe or a refusal confirms it; with move they go at once", () => {
    const rig = silenced({ probed: true });
    assert.deepEqual([rig.toProve, rig.suspected], [[2], [2]]);
    assert.equal(rig.backends[2].keepsAnswered, true);
    const before = rig.published;
    rig.monitor.probeSign(2, false, "no answer within 100ms");
    assert.deepEqual([rig.backends[2].keepsAnswered, rig.published], [false, before + 1]);
    const refused = silenced();
    refused.monitor.refused(2);
    assert.equal(refused.backends[2].keepsAnswered, false);
    const moved = silenced({ passive: { ...PASSIVE.passive, silence: "move" } });
    assert.deepEqual([moved.health, moved.backends[2].keepsAnswered], ["up up ejected", false]);
  });

  it("means nothing where it is off, and refusals still do", () => {
    const rig = silenced({ passive: { ...PASSIVE.passive, silence: "off" } });
    rig.pass(1000);
    assert.equal(rig.health, "up up up");
    assert.equal(rig.monitor.isBusy, false);
    rig.monitor.refused(2);
    assert.equal(rig.health, "up up ejected");
  });

  it("is looked for often only while there are requests", () => {
    const rig = silenced();
    assert.equal(rig.monitor.isBusy, true);
    rig.pass(3000);
    assert.equal(rig.monitor.isBusy, false);
  });
});

describe("HealthMonitor: probes after an ejection", () => {
  it("are asked to prove the backend, and nothing else brings it back", () => {
    const rig = new Rig(three(), { probed: true });
    rig.monitor.refused(1);
    assert.deepEqual(rig.toProve, [1]);
    rig.counts.set(1, { requests: 9, replies: 9 }); // of flows that were kept
    rig.pass(60_000);
    assert.deepEqual([rig.health, rig.admitted], ["untried ejected untried", "in out in"]);
  });

  it("readmit it, whatever they said before", () => {
    const rig = new Rig(three(), { probed: true, slowStartMs: 10_000 });
    rig.monitor.probeSign(1, true, "good");
    assert.equal(rig.health, "untried up untried");
    rig.monitor.refused(1);
    rig.monitor.probeSign(1, true, "good");
    assert.deepEqual([rig.health, rig.admitted], ["untried half-open untried", "in out in"]);
    rig.monitor.probeSign(1, false, "bad");
    assert.equal(rig.health, "untried ejected untried");
    rig.monitor.probeSign(1, true, "good");
    rig.monitor.probed(1, "up", "answered");
    assert.deepEqual([rig.health, rig.admitted], ["untried up untried", "in in in"]);
    assert.deepEqual([rig.backends[1].ejected, rig.backends[1].share], [false, 0.1]);
  });

  it("take it down where they fail, and up again later", () => {
    const rig = new Rig(three(), { probed: true });
    rig.monitor.refused(1);
    rig.monitor.probeSign(1, false, "bad");
    rig.monitor.probed(1, "down", "no answer within 1s");
    assert.deepEqual(
      [rig.health, rig.changes.at(-1)?.reason],
      ["untried down untried", "no answer within 1s"],
    );
    rig.monitor.refused(1);
    assert.deepEqual([rig.health, rig.toProve.length], ["untried down untried", 1]);
    rig.monitor.probed(1, "up", "answered");
    assert.deepEqual([rig.health, rig.admitted], ["untried up untried", "in in in"]);
  });

  it("through a rolling restart of four backends leave none out", () => {
    const rig = new Rig([...three(), buildBackend(3)], { probed: true });
    for (const slot of [0, 1, 2, 3]) {
      rig.monitor.refused(slot);
      assert.equal(rig.backends[slot].admitted, false);
      rig.monitor.probeSign(slot, false, "refused");
      rig.monitor.probeSign(slot, true, "answered");
      rig.monitor.probed(slot, "up", "answered");
    }
    assert.equal(rig.health, "up up up up");
    assert.equal(rig.admitted, "in in in in");
  });
});

describe("HealthMonitor: probes", () => {
  it("decide, whatever traffic says; a pool that fails open sends to all, who fail", () => {
    const rig = new Rig(three(), { probed: true });
    rig.monitor.probed(0, "down", "no answer within 1s");
    rig.monitor.probed(1, "down", "refused");
    assert.equal(rig.health, "down down untried");
    rig.monitor.probed(2, "down", "no answer within 1s");
    assert.deepEqual([rig.health, rig.admitted], ["failing failing failing", "out out out"]);
    rig.monitor.probed(0, "up", "answered");
    assert.equal(rig.health, "up down down");
    assert.deepEqual(
      rig.changes.map(({ backend, health, reason }) => `${backend} ${health} ${reason}`),
      [
        "b0 down no answer within 1s",
        "b1 down refused",
        "b0 failing no answer within 1s",
        "b1 failing refused",
        "b2 failing no answer within 1s",
        "b1 down refused",
        "b2 down no answer within 1s",
        "b0 up answered",
      ],
    );
  });

  it("leave a backend down where its pool does not fail open, or asks primaries first", () => {
    const backends = [buildBackend(0), buildBackend(1, { backup: true }), buildBackend(2, { weight: 0 })];
    const open = new Rig(backends, { probed: true });
    for (const slot of [0, 1, 2]) open.monitor.probed(slot, "down", "no answer");
    assert.equal(open.health, "failing down down");
    const closed = new Rig(backends, { probed: true }, { failOpen: false });
    for (const slot of [0, 1, 2]) closed.monitor.probed(slot, "down", "no answer");
    assert.equal(closed.health, "down down down");
    open.monitor.operate(0, { admin: "disabled" }, "by hand", Number.POSITIVE_INFINITY);
    assert.equal(open.health, "down failing down");
  });

  it("that pass end what refusals said of a backend that stayed in rotation", () => {
    const rig = new Rig([buildBackend(0)], { probed: true });
    rig.monitor.refused(0);
    assert.equal(rig.health, "failing");
    rig.monitor.probeSign(0, false, "bad");
    assert.equal(rig.health, "failing");
    rig.monitor.probeSign(0, true, "answered");
    assert.equal(rig.health, "up");
  });

  it("no longer count once the pool has none: planes hear of it, and what they said is forgotten", () => {
    const rig = new Rig(three(), { probed: true });
    rig.monitor.probed(0, "down", "no answer within 1s");
    rig.monitor.refused(1);
    const before = rig.published;
    rig.monitor.update(rig.snapshot, () => PASSIVE);
    assert.deepEqual([rig.health, rig.admitted], ["untried ejected untried", "in out in"]);
    assert.equal(rig.published, before + 1);
    rig.pass(1000);
    assert.equal(rig.health, "untried half-open untried");
  });

  it("that come with a new config prove what is out already", () => {
    const rig = new Rig(three());
    rig.monitor.refused(1);
    assert.deepEqual(rig.toProve, []);
    rig.monitor.update(rig.snapshot, () => ({ ...PASSIVE, probed: true }));
    assert.deepEqual(rig.toProve, [1]);
    rig.pass(60_000);
    assert.equal(rig.health, "untried ejected untried");
    rig.monitor.probed(1, "up", "answered");
    assert.equal(rig.health, "untried up untried");
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
    assert.equal(rig.monitor.status()[0].forMs, 33_000); // since it is up, not since its last step
  });
});

describe("HealthMonitor: what is out is tried at once", () => {
  it("by enable", () => {
    const rig = new Rig(three());
    rig.monitor.refused(1);
    rig.monitor.operate(1, { admin: "enabled" }, "enabled by an operator", Number.POSITIVE_INFINITY);
    assert.deepEqual([rig.health, rig.backends[1].onTrial], ["untried half-open untried", true]);
    assert.equal(rig.changes.at(-1)?.reason, "enabled by an operator");
    rig.monitor.refused(1);
    rig.pass(1500);
    assert.equal(rig.health, "untried ejected untried"); // a trial that failed: the back-off is 2 s
    rig.pass(500);
    assert.equal(rig.health, "untried half-open untried");
  });

  it("by a reload, and by probes where there are any", () => {
    const rig = new Rig(three());
    rig.monitor.refused(1);
    rig.monitor.reconsider();
    assert.equal(rig.health, "untried half-open untried");
    const probed = new Rig(three(), { probed: true });
    probed.monitor.refused(1);
    probed.monitor.probed(2, "down", "no answer");
    probed.monitor.reconsider();
    assert.deepEqual([probed.toProve, probed.suspected], [[1, 1, 2], []]);
    assert.equal(probed.health, "untried ejected down");
  });
});

describe("HealthMonitor.update", () => {
  it("takes another backend in a slot for a new one", () => {
    const rig = new Rig(three());
    rig.monitor.refused(1);
    rig.monitor.update(buildSnapshot({ pools: [buildPool({ backends: [buildBackend(0)] })] }), () => PASSIVE);
    rig.monitor.update(rig.snapshot, () => PASSIVE);
    assert.deepEqual([rig.health, rig.admitted], ["untried untried untried", "in in in"]);
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
