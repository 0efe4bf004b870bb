import assert from "node:assert/strict";
import { test } from "node:test";
import { findAttention } from "./attention.js";
import { NO_RATES } from "./rates.js";
import { backendView, listenerView, poolView, reading } from "./views.testing.js";

const titles = (...args: Parameters<typeof findAttention>) =>
  findAttention(...args).map(({ title }) => title);

test("findAttention has nothing to say when all is well", () => {
  const rates = { ...NO_RATES, replyDrops: new Map([["late_reply", 2]]) };
  assert.deepEqual(titles(reading({ backends: [backendView()], pools: [poolView("web", 1, 1)] }), rates), []);
});

test("findAttention puts trouble before concern", () => {
  const backends = [
    backendView({ name: "a", health: "down" }),
    backendView({ name: "b", admin: "draining" }),
  ];
  const rates = { ...NO_RATES, drops: new Map([["denied", 4]]) };
  const onTrial = backendView({ name: "c", share: 0.1 });
  const found = titles(reading({ backends: [...backends, onTrial] }), rates);
  assert.deepEqual(found, ["web/a is down", "web/c is easing in", "Datagrams are dropped"]);
});

test("findAttention tells many of a pool together", () => {
  const backends = Array.from({ length: 40 }, (_, at) => backendView({ name: `b${at}`, health: "down" }));
  const pools = [poolView("web", 0, 40), poolView("unused", 0, 0)];
  const found = titles(reading({ backends, pools, listeners: [listenerView("dns")] }), NO_RATES);
  assert.deepEqual(found, ["No backend of web is up", "40 backends of web are down"]);
});

test("findAttention looks at workers, sources, the flow table and recent warnings", () => {
  const atMs = Date.parse("2026-01-01T12:00:00Z");
  const source = {
    pool: "web",
    source: "dns x",
    state: "failing",
    backends: 1,
    leftOut: 0,
    lastError: "SERVFAIL",
    sinceChangeMs: 1,
    nextRefreshMs: 1,
  };
  const status = {
    workers: [{ index: 3, state: "restarting", restarts: 1, cpuMs: null }],
    sources: [source],
    flows: { active: 95, opened: 95, moved: 0, max: 100, ended: {} },
    warnings: [
      { code: "old", message: "long ago", at: "2026-01-01T11:00:00Z" },
      { code: "queue_full", message: "now", at: "2026-01-01T11:59:00Z" },
    ],
  } as never;
  assert.deepEqual(titles(reading({ atMs, status }), NO_RATES), [
    "Worker 3 is starting again",
    "dns x does not answer",
    "The flow table is nearly full",
    "Warning: queue full",
  ]);
});
