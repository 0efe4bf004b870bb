import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { HealthState } from "./core/health-state.js";
import type { BackendEntry, PoolEntry } from "./core/snapshot.js";
import { buildBackend, buildListener, buildPool, buildSnapshot } from "./core/snapshot-builder.testing.js";
import { createReadiness, type ReadinessInput } from "./readiness.js";

const PROBES = { ok: 1, failed: 1, lastMs: 1, lastError: undefined, sinceMs: 1 };

interface State {
  readonly health: HealthState;
  readonly badForMs?: number;
  readonly entry?: Partial<BackendEntry>;
}

function awaiting(
  states: readonly State[],
  pool: Partial<PoolEntry> = {},
  input: Partial<ReadinessInput> & { readonly isProbed?: boolean } = {},
): readonly string[] {
  const backends = states.map(({ entry }, slot) => buildBackend(slot, entry));
  const { isProbed = false, ...rest } = input;
  return createReadiness({
    snapshot: buildSnapshot({ pools: [buildPool({ name: "web", backends, ...pool })] }),
    addresses: new Map([[0, "127.0.0.1:1"]]),
    probes: new Map(isProbed ? states.map((_, slot) => [slot, PROBES]) : []),
    health: new Map(
      states.map(({ health, badForMs = 0 }, slot) => [
        slot,
        { slot, health, admitted: true, reason: "refused", forMs: 1, badForMs },
      ]),
    ),
    receives: true,
    closes: false,
    ...rest,
  }).awaiting;
}

describe("createReadiness", () => {
  it("asks for one backend that is up or untried in each pool", () => {
    assert.deepEqual(awaiting([{ health: "untried" }]), []);
    assert.deepEqual(awaiting([{ health: "failing" }, { health: "up" }]), []);
    assert.deepEqual(awaiting([{ health: "failing" }, { health: "half-open" }]), [
      "pool web: no backend is up: b0 is failing (refused), b1 is half-open (refused)",
    ]);
  });

  it("names three backends of many", () => {
    const [text] = awaiting(Array.from({ length: 10 }, () => ({ health: "down" as const })));
    assert.match(text, /^pool web: no backend is up: b0 is down .*b2 is down \(refused\), and 7 more$/);
  });

  it("counts only those that take keys", () => {
    const draining = { health: "up", entry: { admin: "draining" } } as const;
    const weightless = { health: "up", entry: { weight: 0 } } as const;
    assert.deepEqual(awaiting([draining, { health: "ejected" }]), [
      "pool web: no backend is up: b1 is ejected (refused)",
    ]);
    assert.deepEqual(awaiting([draining, weightless]), [
      "pool web: no backend takes keys: b0 is draining, b1 has weight 0",
    ]);
    assert.deepEqual(awaiting([]), ["pool web: it has no backends"]);
  });

  it("does not wait for a pool that no listener uses", () => {
    const snapshot = buildSnapshot({
      listeners: [buildListener({ poolSlot: 1 })],
      pools: [buildPool({ backends: [] }), buildPool({ slot: 1, name: "used", backends: [buildBackend(1)] })],
    });
    assert.deepEqual(awaiting([], {}, { snapshot }), []);
  });

  it("gives a pool without probes another chance when evidence is old: only traffic can tell", () => {
    const old = [
      { health: "failing", badForMs: 30_001 },
      { health: "half-open", badForMs: 31_000 },
    ] as const;
    assert.deepEqual(awaiting(old), []);
    assert.equal(awaiting([...old, { health: "ejected", badForMs: 29_000 }]).length, 1);
    assert.equal(awaiting(old, {}, { isProbed: true }).length, 1);
  });

  it("goes by what is in force on the plane", () => {
    const entry = { admitted: true, health: "up" } as const;
    const status = { slot: 0, health: "down", admitted: false, reason: "", forMs: 0, badForMs: 0 } as const;
    assert.deepEqual(awaiting([{ health: "down", entry }], {}, { health: new Map([[0, status]]) }), []);
  });
});
