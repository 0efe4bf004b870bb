/** The forwarder against a plain model of it, over random scripts of requests, replies, time and reloads. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { DROP_REASONS, type DropReason } from "#src/core/drop-reason.js";
import * as R from "#src/core/flow-record.js";
import { ForwarderRig } from "#src/core/forwarder-rig.testing.js";
import { listFlows } from "#src/core/list-flows.js";
import {
  type AdminState,
  type Affinity,
  type HealthState,
  type ListenerEntry,
  POLICIES,
  type PoolEntry,
  type SessionLimits,
  type Snapshot,
} from "#src/core/snapshot.js";
import { buildBackend, buildListener, buildPool, buildSnapshot } from "#src/core/snapshot-builder.testing.js";
import { reasonOf } from "#src/core/verdict.js";
import { ForwarderModel, takers } from "../support/forwarder-model.js";

const IPS = ["192.0.2.1", "192.0.2.2", "2001:db8::1"];
const PORTS = [4000, 4001];
const LISTENERS = 3;
const BACKENDS_A_POOL = 3;

type Event =
  | {
      readonly do: "request";
      readonly ip: string;
      readonly port: number;
      readonly listener: number;
      readonly times: number;
    }
  | { readonly do: "reply"; readonly pick: number; readonly times: number }
  | { readonly do: "wait"; readonly ms: number }
  | { readonly do: "expire" }
  | { readonly do: "fail"; readonly pick: number }
  | { readonly do: "refuse"; readonly reason: DropReason | undefined }
  | { readonly do: "reload"; readonly change: (before: Snapshot) => Snapshot };

const often = <T>(usual: T, ...others: T[]) =>
  fc.oneof(
    { weight: 3, arbitrary: fc.constant(usual) },
    { weight: 2, arbitrary: fc.constantFrom(usual, ...others) },
  );
const action = fc.constantFrom("move", "keep", "drop" as const);

const state = {
  weight: often(1, 0, 3),
  admin: often<AdminState>("enabled", "draining", "disabled"),
  health: often<HealthState>("up", "down"),
};

const poolParts = {
  policy: fc.constantFrom(...POLICIES),
  affinity: fc.constantFrom<Affinity[]>(
    { kind: "none" },
    { kind: "client" },
    { kind: "client-ip", prefix4: 32, prefix6: 128 },
    { kind: "client-ip", prefix4: 24, prefix6: 64 },
  ),
  failOpen: fc.boolean(),
  failover: fc.record({ unhealthy: action, draining: action, removed: action }),
};

const sessionParts = {
  idleTimeoutMs: fc.constantFrom(800, 20_000, 20_000),
  maxLifetimeMs: often(0, 3000, 30_000),
  requests: often(0, 1, 3),
  responses: often(0, 1, 2),
};

const limitParts = {
  maxFlows: fc.constantFrom(3, 6, 100),
  maxFlowsPerClientIp: often(0, 1, 3),
  onFull: fc.constantFrom("drop", "evict-oldest" as const),
};

function poolOf(slot: number) {
  const slots = Array.from({ length: BACKENDS_A_POOL }, (_, i) => slot * BACKENDS_A_POOL + i);
  const backend = (at: number) => fc.record(state).map((parts) => buildBackend(at, parts));
  return fc
    .record({ ...poolParts, backends: fc.tuple(...slots.map(backend)) })
    .map((parts) => buildPool({ slot, maglevTableSize: 13, ...parts }));
}

function listenerOf(slot: number) {
  return fc
    .record({ poolSlot: fc.nat(1), session: fc.record(sessionParts) })
    .map((parts) => buildListener({ slot, name: `l${slot}`, ...parts }));
}

const snapshots: fc.Arbitrary<Snapshot> = fc
  .record({
    pools: fc.tuple(poolOf(0), poolOf(1)),
    listeners: fc.tuple(...Array.from({ length: LISTENERS }, (_, slot) => listenerOf(slot))),
    limits: fc.record(limitParts),
  })
  .map(buildSnapshot);

/** Some of the fields. */
const some = <T extends object>(parts: { [K in keyof T]: fc.Arbitrary<T[K]> }) =>
  fc.record(parts, { requiredKeys: [] });

/** Changes as an operator makes them: of one thing at a time, so that live flows get into every situation. */
const changes: fc.Arbitrary<(before: Snapshot) => Snapshot> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.tuple(fc.nat(1), fc.nat(BACKENDS_A_POOL - 1), some(state)).map(([at, index, parts]) =>
      onPool(at, (pool) => ({
        backends: pool.backends.map((one, i) => (i === index ? { ...one, ...parts } : one)),
      })),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(fc.nat(1), some(poolParts)).map(([at, parts]) => onPool(at, () => parts)),
  },
  {
    weight: 1,
    arbitrary: fc.nat(1).map((at) => onPool(at, (pool) => ({ backends: pool.backends.slice(1) }))),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.nat(1), poolOf(0), poolOf(1)).map(([at, ...pools]) => onPool(at, () => pools[at])),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.nat(LISTENERS - 1), fc.option(fc.nat(1)), some(sessionParts))
      .map(([slot, poolSlot, session]) => onListener(slot, poolSlot, session)),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.nat(LISTENERS - 1), listenerOf(0))
      .map(([slot, entry]) => toggleListener(slot, entry)),
  },
  {
    weight: 2,
    arbitrary: some(limitParts).map((parts) => (before: Snapshot) => ({
      ...before,
      limits: { ...before.limits, ...parts },
    })),
  },
);

function onPool(at: number, change: (pool: PoolEntry) => Partial<PoolEntry>) {
  return (before: Snapshot): Snapshot => ({
    ...before,
    pools: before.pools.map((pool, i) => (i === at ? { ...pool, ...change(pool) } : pool)),
  });
}

function onListener(slot: number, poolSlot: number | null, session: Partial<SessionLimits>) {
  const change = (entry: ListenerEntry) => ({
    ...entry,
    poolSlot: poolSlot ?? entry.poolSlot,
    session: { ...entry.session, ...session },
  });
  return (before: Snapshot): Snapshot => ({
    ...before,
    listeners: before.listeners.map((entry) => (entry.slot === slot ? change(entry) : entry)),
  });
}

function toggleListener(slot: number, added: ListenerEntry) {
  return (before: Snapshot): Snapshot => {
    const others = before.listeners.filter((entry) => entry.slot !== slot);
    const isThere = others.length < before.listeners.length;
    return { ...before, listeners: isThere ? others : [...others, { ...added, slot }] };
  };
}

const events: fc.Arbitrary<Event> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      do: fc.constant("request" as const),
      ip: fc.constantFrom(...IPS),
      port: fc.constantFrom(...PORTS),
      listener: fc.nat(LISTENERS - 1),
      times: fc.integer({ min: 1, max: 4 }),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("reply" as const),
      pick: fc.nat(),
      times: fc.integer({ min: 1, max: 3 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("wait" as const),
      ms: fc.constantFrom(1, 90, 500, 1000, 3000, 5000),
    }),
  },
  { weight: 3, arbitrary: fc.constant({ do: "expire" } as const) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("fail" as const), pick: fc.nat() }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("refuse" as const),
      reason: fc.constantFrom(undefined, "no_descriptor", "network_unreachable" as const),
    }),
  },
  { weight: 8, arbitrary: fc.record({ do: fc.constant("reload" as const), change: changes }) },
);

/** The same numbers for forwarder and model, each from a generator of its own. */
function generator(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return (state >>> 0) / 2 ** 32;
  };
}

class Script {
  readonly #rig: ForwarderRig;
  readonly #model: ForwarderModel;
  /** Every flow there ever was. */
  #known: number[] = [];
  #requests = 0;
  #seen = 0;
  #opened = 0;

  constructor(snapshot: Snapshot, seed: number) {
    this.#rig = new ForwarderRig(snapshot, { random: generator(seed), seed });
    this.#model = new ForwarderModel(snapshot, generator(seed));
  }

  run(event: Event): void {
    switch (event.do) {
      case "request":
        for (let i = 0; i < event.times; i++) this.#request(event.ip, event.port, event.listener);
        break;
      case "reply":
        for (let i = 0; i < event.times; i++) this.#reply(this.#pick(event.pick));
        break;
      case "wait":
        this.#rig.nowMs += event.ms;
        break;
      case "expire":
        assert.equal(this.#rig.expire(), this.#rig.host.closed.length - this.#seen);
        this.#model.expire(this.#rig.nowMs, this.#happened());
        break;
      case "fail": {
        const flow = this.#pick(event.pick);
        this.#rig.forwarder.fail(flow);
        this.#model.fail(flow, this.#happened());
        break;
      }
      case "refuse":
        this.#rig.host.refusal = event.reason;
        break;
      case "reload": {
        const snapshot = event.change(this.#model.snapshot);
        this.#rig.reload(snapshot);
        this.#model.apply(snapshot, this.#happened());
        break;
      }
    }
    this.#checkInvariants();
  }

  finish(): void {
    this.#rig.forwarder.endEverything();
    assert.equal(this.#rig.active(), 0);
    for (const slot of Array(2 * BACKENDS_A_POOL).keys())
      assert.equal(this.#rig.backend(slot, "outstanding"), 0);
  }

  #request(ip: string, port: number, listener: number): void {
    const rig = this.#rig;
    this.#requests++;
    const verdict = rig.request(ip.includes(":") ? `[${ip}]:${port}` : `${ip}:${port}`, listener);
    const said = verdict < 0 ? DROP_REASONS[reasonOf(verdict)] : verdict;
    const wasOpened = rig.host.opened > this.#opened;
    this.#opened = rig.host.opened;
    const happened = { ...this.#happened(), opened: wasOpened ? verdict : undefined };
    const bound = this.#model.flows.map(({ boundKey, backend }) => `${boundKey} ${backend}`);
    assert.equal(this.#model.request({ ip, port, listener }, rig.nowMs, happened, rig.host.refusal), said);
    if (!wasOpened) return;
    this.#known.push(verdict);
    this.#checkNewFlow(verdict, bound);
  }

  /** A new flow is on a backend that takes new keys, or its key was bound there already. */
  #checkNewFlow(number: number, bound: readonly string[]): void {
    const flow = this.#model.flows.find((one) => one.number === number);
    assert.equal(flow?.backend, this.#rig.backendOf(number));
    const { pools } = this.#model.snapshot;
    const takesNew = pools.some((pool) => takers(pool).some(({ slot }) => slot === flow?.backend));
    const wasBound = flow?.boundKey !== undefined && bound.includes(`${flow.boundKey} ${flow.backend}`);
    const isThere = pools.some((pool) => pool.backends.some(({ slot }) => slot === flow?.backend));
    assert.ok(takesNew || (wasBound && isThere), `flow ${number} on backend ${flow?.backend}`);
  }

  #reply(flow: number): void {
    const said = this.#rig.reply(flow);
    assert.equal(said, this.#model.reply(flow, this.#rig.nowMs));
    const happened = this.#happened();
    if (said === "last") this.#model.answered(flow, happened);
    assert.deepEqual(happened.closed, []);
  }

  #pick(pick: number): number {
    const { flows } = this.#model;
    if (pick % 4 > 0 && flows.length > 0) return flows[pick % flows.length].number;
    return this.#known.length === 0 ? 0 : this.#known[pick % this.#known.length];
  }

  #happened() {
    const closed = this.#rig.host.closed.slice(this.#seen);
    this.#seen = this.#rig.host.closed.length;
    return { opened: undefined, closed };
  }

  #checkInvariants(): void {
    const rig = this.#rig;
    const { flows } = this.#model;
    assert.equal(rig.active(), flows.length);
    const sum = (counts: object) =>
      Object.values(counts).reduce((total: number, count: number) => total + count, 0);
    let [received, dropped, ended, forwarded, opened] = [0, 0, 0, 0, 0];
    for (let slot = 0; slot < LISTENERS; slot++) {
      received += rig.listener("requests", slot);
      dropped += sum(rig.drops(slot));
      ended += sum(rig.ended(slot));
    }
    for (let slot = 0; slot < 2 * BACKENDS_A_POOL; slot++) {
      forwarded += rig.backend(slot, "requests");
      opened += rig.backend(slot, "openedFlows");
      assert.equal(rig.backend(slot, "outstanding"), this.#model.outstanding(slot));
      assert.equal(rig.backend(slot, "activeFlows"), this.#model.activeFlows(slot));
    }
    assert.equal(received, this.#requests);
    assert.equal(forwarded + dropped, received);
    assert.equal(opened - ended, flows.length);
    assert.equal(opened, rig.host.opened);
    this.#checkFlows();
  }

  /** Every flow has the client, backend and counts that it should have. */
  #checkFlows(): void {
    const { table } = this.#rig.forwarder;
    const listed = listFlows(table, this.#rig.nowMs, 1000);
    assert.equal(listed.length, this.#model.flows.length);
    const expected = this.#model.flows.toSorted((a, b) => a.number - b.number);
    expected.forEach((flow, i) => {
      assert.equal(table.u32[flow.number * R.RECORD_WORDS + R.AWAITING], flow.unanswered);
      assert.deepEqual(listed[i], {
        ...listed[i],
        client: flow.ip.includes(":") ? `[${flow.ip}]:${flow.port}` : `${flow.ip}:${flow.port}`,
        listenerSlot: flow.listener,
        backendSlot: flow.backend,
        requests: flow.requests,
        replies: flow.replies,
        idleMs: this.#rig.nowMs - flow.seenMs,
        ageMs: this.#rig.nowMs - flow.createdMs,
        open: flow.state === "open",
      });
    });
  }
}

describe("Forwarder", () => {
  it("does what the model says, whatever happens", () => {
    const script = fc.array(events, { minLength: 40, maxLength: 120, size: "max" });
    fc.assert(
      fc.property(snapshots, fc.nat(), script, (snapshot, seed, steps) => {
        const run = new Script(snapshot, seed);
        for (const step of steps) run.run(step);
        run.finish();
      }),
      { numRuns: 400 },
    );
  });
});
