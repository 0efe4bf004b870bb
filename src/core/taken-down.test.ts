import assert from "node:assert/strict";
import { test } from "node:test";
import type { BackendEntry, Snapshot, UnansweredAction } from "./snapshot.js";
import { buildBackend, buildPool, buildSnapshot } from "./snapshot-builder.testing.js";
import { resentBackends, takenDown } from "./taken-down.js";

const FAILOVER = { unhealthy: "move", draining: "keep", removed: "move" } as const;

/** Backends 0 and 1 in a pool that says what becomes of unanswered requests, 2 in one that says nothing. */
function snapshotOf(unanswered: UnansweredAction, ...states: Partial<BackendEntry>[]): Snapshot {
  const [first, second, third] = [0, 1, 2].map((slot) => buildBackend(slot, states[slot] ?? {}));
  return buildSnapshot({
    pools: [
      buildPool({ failover: { ...FAILOVER, unanswered }, backends: [first, second] }),
      buildPool({ slot: 1, name: "other", backends: [third] }),
    ],
  });
}

const UP = snapshotOf("resend");
const EJECTED = { admitted: false, ejected: true } as const;

test("resentBackends: those of pools that send unanswered requests again", () => {
  assert.deepEqual(resentBackends(UP), [0, 1]);
  assert.deepEqual(resentBackends(snapshotOf("lose")), []);
});

test("takenDown: by passive signals, since the snapshot before", () => {
  assert.deepEqual(takenDown(UP, snapshotOf("resend", {}, EJECTED)), [1]);
  assert.deepEqual(takenDown(UP, snapshotOf("resend", EJECTED, EJECTED)), [0, 1]);
  assert.deepEqual(takenDown(snapshotOf("resend", EJECTED), snapshotOf("resend", EJECTED, EJECTED)), [1]);
  assert.deepEqual(takenDown(snapshotOf("resend", EJECTED), UP), [], "it has come up");
});

test("takenDown: who was silent at first and is dead for certain now gives up what it had answered as well", () => {
  const silent = snapshotOf("resend", { ...EJECTED, keepsAnswered: true });
  assert.deepEqual(takenDown(UP, silent), [0]);
  assert.deepEqual(takenDown(silent, silent), []);
  assert.deepEqual(takenDown(silent, snapshotOf("resend", EJECTED)), [0]);
  assert.deepEqual(
    takenDown(snapshotOf("resend", { admitted: false, onTrial: true }), silent),
    [0],
    "a trial failed",
  );
});

test("takenDown: a probe's word is none: what is slow may still answer", () => {
  assert.deepEqual(takenDown(UP, snapshotOf("resend", { admitted: false })), []);
});

test("takenDown: the pool has its say at that moment", () => {
  assert.deepEqual(takenDown(UP, snapshotOf("lose", EJECTED)), []);
  assert.deepEqual(takenDown(snapshotOf("lose"), snapshotOf("resend", EJECTED)), [0]);
  assert.deepEqual(takenDown(UP, snapshotOf("resend", {}, {}, EJECTED)), [], "another pool's");
});
