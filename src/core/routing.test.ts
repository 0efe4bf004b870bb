import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { candidatesOf, createRouting, DROP, KEEP, MOVE, type Routing } from "./routing.js";
import type { BackendEntry, PoolEntry } from "./snapshot.js";
import {
  buildBackend,
  buildListener,
  buildPool,
  buildSnapshot,
  CLIENT_IP,
  type SnapshotParts,
} from "./snapshot-builder.testing.js";
import { reasonNumber } from "./verdict.js";

function routingOf(parts: SnapshotParts, previous?: Routing): Routing {
  const load = { activeFlows: () => 0, outstanding: () => 0 };
  return createRouting(buildSnapshot(parts), { load, random: () => 0, seed: 1, previous });
}

function pool(backends: Partial<BackendEntry>[], overrides: Partial<PoolEntry> = {}): PoolEntry {
  return buildPool({ backends: backends.map((parts, slot) => buildBackend(slot, parts)), ...overrides });
}

function slotsOf(entry: PoolEntry): number[] {
  return candidatesOf(entry).map(({ slot }) => slot);
}

const DOWN = { admitted: false } as const;
const DRAINING = { admin: "draining" } as const;
const DISABLED = { admin: "disabled" } as const;

describe("candidatesOf", () => {
  it("are the enabled backends with a weight that are up", () => {
    assert.deepEqual(slotsOf(pool([{}, DOWN, DRAINING, DISABLED, { weight: 0 }, {}])), [0, 5]);
  });

  it("are all enabled ones when nobody is up and the pool fails open", () => {
    assert.deepEqual(slotsOf(pool([DOWN, { ...DOWN, ...DRAINING }, DOWN, { ...DOWN, weight: 0 }])), [0, 2]);
    assert.deepEqual(slotsOf(pool([DOWN, DOWN], { failOpen: false })), []);
  });

  it("ask nobody for health who may take no keys anyway", () => {
    assert.deepEqual(slotsOf(pool([DOWN, DRAINING, DISABLED, { weight: 0 }])), [0]);
    assert.deepEqual(slotsOf(pool([DRAINING, DISABLED])), []);
  });
});

describe("createRouting", () => {
  it("says for every state what happens to flows, and why", () => {
    const states = [
      {},
      DOWN,
      DRAINING,
      DISABLED,
      { weight: 0 },
      { ...DOWN, ...DRAINING },
      { ...DOWN, ...DISABLED },
    ];
    const failover = { unhealthy: "drop", draining: "move", removed: "keep" } as const;
    const { actions, reasons, poolOf } = routingOf({ pools: [pool(states, { failover })] });
    assert.deepEqual([...actions.subarray(0, 8)], [KEEP, DROP, MOVE, KEEP, MOVE, DROP, KEEP, MOVE]);
    assert.deepEqual(
      [...reasons.subarray(1, 8)],
      [
        "backend_down",
        "backend_draining",
        "backend_removed",
        "backend_draining",
        "backend_down",
        "backend_removed",
        "backend_removed",
      ].map((reason) => reasonNumber(reason as "backend_down")),
    );
    assert.deepEqual([...poolOf.subarray(5, 8)], [0, 0, -1]);
  });

  it("holds bindings where flows stay, but for disabled backends", () => {
    const failover = { unhealthy: "keep", draining: "keep", removed: "keep" } as const;
    const { holdsBindings } = routingOf({ pools: [pool([{}, DOWN, DRAINING, DISABLED], { failover })] });
    assert.deepEqual([...holdsBindings.subarray(0, 5)], [1, 1, 1, 0, 0]);
    const moved = routingOf({ pools: [pool([{}, DOWN, DRAINING])] });
    assert.deepEqual([...moved.holdsBindings.subarray(0, 3)], [1, 0, 1]);
  });

  it("treats nobody as down when a pool fails open", () => {
    const failover = { unhealthy: "drop", draining: "move", removed: "drop" } as const;
    const { actions } = routingOf({ pools: [pool([DOWN, { ...DOWN, ...DRAINING }], { failover })] });
    assert.deepEqual([...actions.subarray(0, 2)], [KEEP, MOVE]);
  });

  it("makes a route for each listener whose pool there is", () => {
    const listeners = [
      buildListener({
        slot: 2,
        session: { idleTimeoutMs: 800, maxLifetimeMs: 1, requests: 2, responses: 3 },
      }),
      buildListener({ slot: 4, poolSlot: 1 }),
      buildListener({ slot: 5, poolSlot: 9 }),
    ];
    const pools = [
      buildPool(),
      buildPool({ slot: 1, policy: "maglev", affinity: { ...CLIENT_IP, prefix4: 24 } as never }),
    ];
    const { routes } = routingOf({ listeners, pools });
    assert.deepEqual(
      routes.map((route) => route?.listener.slot).filter((slot) => slot !== undefined),
      [2, 4],
    );
    const { idleTimeoutMs, maxLifetimeMs, requests, responses, relistAfterMs, affinity, hashed } = routes[2]!;
    assert.deepEqual([idleTimeoutMs, maxLifetimeMs, requests, responses, relistAfterMs], [800, 1, 2, 3, 100]);
    assert.deepEqual([affinity, hashed], ["none", false]);
    const { prefix4, prefix6, ...other } = routes[4]!;
    assert.deepEqual([other.affinity, other.hashed, prefix4, prefix6], ["client-ip", true, 24, 128]);
  });

  it("shares one policy among a pool's listeners, and goes on with it in the next snapshot", () => {
    const listeners = [buildListener(), buildListener({ slot: 1 })];
    const first = routingOf({ listeners });
    assert.equal(first.routes[0]?.policy, first.routes[1]?.policy);
    first.routes[0]?.policy.choose(0);
    assert.equal(routingOf({ listeners }, first).routes[0]?.policy.choose(0), 1);
    assert.equal(routingOf({ listeners }).routes[0]?.policy.choose(0), 0);
  });
});
