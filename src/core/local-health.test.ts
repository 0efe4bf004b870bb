import assert from "node:assert/strict";
import { test } from "node:test";
import { LOCALLY_DOWN_MS, LocalHealth } from "./local-health.js";
import type { PassiveLimits } from "./snapshot.js";
import { buildBackend, buildPool, buildSnapshot } from "./snapshot-builder.testing.js";

const ALL: PassiveLimits = { refusals: true, silence: "keep", maxEjected: 100 };

const downOf = (local: LocalHealth) =>
  local.view().pools[0].backends.flatMap(({ slot, admitted }) => (admitted ? [] : [slot]));

test("LocalHealth: a refusal counts at once, for a second at most, and until the next snapshot", () => {
  const local = new LocalHealth(buildSnapshot({ pools: [buildPool({ passive: ALL })] }));
  assert.equal(local.untilMs, Number.POSITIVE_INFINITY);
  assert.equal(local.refuse(1, 100), true);
  assert.equal(local.refuse(1, 200), false, "it is known already");
  assert.equal(local.refuse(0, 300), true);
  assert.deepEqual([downOf(local), local.untilMs], [[0, 1], 100 + LOCALLY_DOWN_MS]);
  local.expire(100 + LOCALLY_DOWN_MS);
  assert.deepEqual([downOf(local), local.untilMs], [[0], 300 + LOCALLY_DOWN_MS]);
  local.reset(buildSnapshot());
  assert.deepEqual([downOf(local), local.untilMs], [[], Number.POSITIVE_INFINITY]);
});

test("LocalHealth: never the last candidate, whatever else is in the pool", () => {
  const of = (...backends: Parameters<typeof buildBackend>[1][]) =>
    new LocalHealth(
      buildSnapshot({ pools: [buildPool({ backends: backends.map((b, slot) => buildBackend(slot, b)) })] }),
    );
  assert.equal(of({}).refuse(0, 0), false);
  assert.equal(of({}, { admitted: false }).refuse(0, 0), false, "the other is down");
  assert.equal(of({}, { admin: "draining" }).refuse(0, 0), false, "the other takes no new keys");
  assert.equal(of({}, { admin: "draining" }).refuse(1, 0), true, "one that drains is no candidate itself");
  assert.equal(of({}, { backup: true }).refuse(0, 0), true, "a backup takes over");
  assert.equal(of({}, {}).refuse(9, 0), false, "not in the snapshot");
  const two = of({}, {});
  assert.deepEqual([two.refuse(0, 0), two.refuse(1, 1), two.refuse(1, 2)], [true, false, false]);
  two.expire(LOCALLY_DOWN_MS);
  assert.equal(two.refuse(1, LOCALLY_DOWN_MS), true, "the other is back");
});

test("LocalHealth: no more than passive signals may take down, those that the monitor took down among them", () => {
  const pool = (passive: PassiveLimits, ...ejected: number[]) =>
    new LocalHealth(
      buildSnapshot({
        pools: [
          buildPool({
            passive,
            backends: [0, 1, 2, 3].map((slot) =>
              buildBackend(slot, ejected.includes(slot) ? { admitted: false, ejected: true } : {}),
            ),
          }),
        ],
      }),
    );
  const taken = (local: LocalHealth) => [0, 1, 2, 3].filter((slot) => local.refuse(slot, 0));
  assert.deepEqual(taken(pool({ refusals: false, silence: "keep", maxEjected: 50 })), []);
  assert.deepEqual(taken(pool({ refusals: true, silence: "keep", maxEjected: 0 })), []);
  assert.deepEqual(taken(pool({ refusals: true, silence: "keep", maxEjected: 10 })), [0], "one at least");
  assert.deepEqual(taken(pool({ refusals: true, silence: "keep", maxEjected: 50 })), [0, 1]);
  assert.deepEqual(taken(pool({ refusals: true, silence: "keep", maxEjected: 50 }, 3)), [0]);
  assert.deepEqual(taken(pool(ALL)), [0, 1, 2], "never the last");
});

test("LocalHealth: room for one more when another is back", () => {
  const local = new LocalHealth(buildSnapshot());
  assert.deepEqual([local.refuse(0, 0), local.refuse(1, 10)], [true, false]);
  local.expire(LOCALLY_DOWN_MS);
  assert.equal(local.refuse(1, LOCALLY_DOWN_MS), true);
});
