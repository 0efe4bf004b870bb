/** Random snapshots, and scripts of what may happen to a forwarder that runs them. */
import fc from "fast-check";
import type { DropReason } from "#src/core/drop-reason.js";
import {
  type AdminState,
  type Affinity,
  type ListenerEntry,
  POLICIES,
  type PoolEntry,
  type SessionLimits,
  type Snapshot,
} from "#src/core/snapshot.js";
import { buildBackend, buildListener, buildPool, buildSnapshot } from "#src/core/snapshot-builder.testing.js";

const IPS = ["192.0.2.1", "192.0.2.2", "2001:db8::1"];
const PORTS = [4000, 4001];
export const LISTENERS = 3;
export const BACKENDS_A_POOL = 3;

export type Event =
  | {
      readonly do: "request";
      readonly ip: string;
      readonly port: number;
      readonly listener: number;
      readonly times: number;
      /** Judged one by one, or together where the forwarder allows it. */
      readonly burst: boolean;
    }
  | { readonly do: "reply"; readonly pick: number; readonly times: number; readonly burst: boolean }
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
  admitted: often<boolean>(true, false),
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

export const snapshots: fc.Arbitrary<Snapshot> = fc
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
    return { ...before, listeners: isThere ? others : [...others, { ...added, slot, name: `l${slot}` }] };
  };
}

export const events: fc.Arbitrary<Event> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      do: fc.constant("request" as const),
      ip: fc.constantFrom(...IPS),
      port: fc.constantFrom(...PORTS),
      listener: fc.nat(LISTENERS - 1),
      times: fc.integer({ min: 1, max: 4 }),
      burst: fc.boolean(),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("reply" as const),
      pick: fc.nat(),
      times: fc.integer({ min: 1, max: 3 }),
      burst: fc.boolean(),
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
