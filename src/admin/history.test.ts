import assert from "node:assert/strict";
import { test } from "node:test";
import type { BackendStats, Stats } from "../api.js";
import { buildBackendStats, buildListener, buildStats, NO_DROPS } from "./fake-balancer.testing.js";
import { History, KEPT_SAMPLES } from "./history.js";
import { viewCounters, viewHistory } from "./history-view.js";
import { countersView, historyView } from "./schemas.js";

const START_MS = 1_700_000_000_000;
const at = (second: number): number => START_MS + second * 1000;

/** Figures after so many requests. */
function after(requests: number, backends: readonly Partial<BackendStats>[] = [{}]): Stats {
  const traffic = { datagrams: requests, bytes: requests * 10 };
  return buildStats({
    listeners: [buildListener({ requests: traffic })],
    backends: backends.map((overrides) => buildBackendStats({ requests: traffic, ...overrides })),
    drops: { ...NO_DROPS, no_backend: requests / 2 },
  });
}

test("History: what happened from sample to sample, newest last", async () => {
  const history = new History();
  for (const [second, requests] of [0, 10, 10, 40].entries()) history.record(after(requests), at(second));
  const view = await viewHistory(history, 300);
  assert.deepEqual(historyView.parse(view), view);
  assert.deepEqual(view.atMs, [at(0), at(1), at(2), at(3)]);
  assert.deepEqual(view.requests, [null, 10, 0, 30]);
  assert.deepEqual(view.requestBytes, [null, 100, 0, 300]);
  assert.deepEqual(view.drops, { no_backend: [null, 5, 0, 15] });
  assert.deepEqual(view.replyDrops, {});
  assert.deepEqual(view.backends[0]?.requests, [null, 10, 0, 30]);
  assert.deepEqual((await viewHistory(history, 2)).requests, [0, 30]);
});

test("History: ten minutes are kept, the oldest sample has nothing before it", async () => {
  const history = new History();
  for (let second = 0; second < KEPT_SAMPLES + 50; second++) history.record(after(second * 2), at(second));
  const view = await viewHistory(history, KEPT_SAMPLES);
  assert.equal(view.atMs.length, KEPT_SAMPLES);
  assert.equal(view.atMs[0], at(50));
  assert.equal(view.requests[0], null);
  assert.ok(view.requests.slice(1).every((count) => count === 2));
});

test("History: a backend that comes, goes and comes again; its counts may begin anew", async () => {
  const history = new History();
  const b = { name: "b", requests: { datagrams: 7, bytes: 7 } };
  history.record(after(1), at(0));
  history.record(after(1, [{}, b]), at(1));
  history.record(after(1, [{}, { ...b, requests: { datagrams: 9, bytes: 9 } }]), at(2));
  history.record(after(1), at(3));
  history.record(after(1), at(4));
  history.record(after(1, [{}, { ...b, requests: { datagrams: 2, bytes: 2 } }]), at(5));
  history.record(after(1, [{}, { ...b, requests: { datagrams: 1, bytes: 1 } }]), at(6));
  const [, view] = (await viewHistory(history, 300)).backends;
  assert.deepEqual(view?.requests, [null, null, 2, null, null, null, 1]);
  assert.deepEqual(view?.outstanding, [null, 0, 0, null, null, 0, 0]);
});

test("History: percentiles are those of the interval, not since the start", async () => {
  const history = new History();
  const times = (fast: number, slow: number): Partial<BackendStats> => ({
    replyTime: {
      ...{ samples: fast + slow, meanMs: 1, p50Ms: 1, p90Ms: 1, p99Ms: 1, maxMs: 100, sumMs: 1 },
      buckets: [
        { upToMs: 1, samples: fast },
        { upToMs: 10, samples: fast },
        { upToMs: 100, samples: fast + slow },
      ],
    },
  });
  history.record(after(1, [times(1000, 0)]), at(0));
  history.record(after(1, [times(1000, 10)]), at(1));
  history.record(after(1, [times(1000, 10)]), at(2));
  const [view] = (await viewHistory(history, 300)).backends;
  assert.deepEqual(view?.p50Ms, [0.5, 55, null]);
  assert.ok(view?.p99Ms[1] !== null && view!.p99Ms[1]! > 90);
});

test("History: 500 backends have a history, further ones none; those that are gone make room", () => {
  const history = new History();
  const many = (prefix: string, count: number) =>
    Array.from({ length: count }, (_, i) => ({ name: `${prefix}${i}` }));
  history.record(after(1, many("a", 700)), at(0));
  assert.equal(history.backends.size, 500);
  for (let second = 1; second <= KEPT_SAMPLES; second++) history.record(after(1, []), at(second));
  history.record(after(1, many("b", 3)), at(KEPT_SAMPLES + 1));
  assert.equal(history.backends.size, 3);
});

test("counters: figures now less those at a moment, as far back as there are samples", () => {
  const history = new History();
  for (let second = 0; second <= 10; second++) history.record(after(second * 2), at(second));
  const now = after(100, [{ refused: 3 }, { name: "new" }]);
  const view = viewCounters(history, now, { sinceMs: at(4) + 700, nowMs: at(11) });
  assert.deepEqual(countersView.parse(view), view);
  assert.equal(view.fromAt, new Date(at(4)).toISOString());
  assert.equal(view.toAt, new Date(at(11)).toISOString());
  assert.deepEqual(view.listeners[0]?.requests, { datagrams: 92, bytes: 920 });
  assert.equal(view.drops.no_backend, 46);
  assert.deepEqual([view.backends[0]?.refused, view.backends[1]?.requests.datagrams], [3, 100]);
  assert.equal(
    viewCounters(history, now, { sinceMs: at(-99), nowMs: at(11) }).fromAt,
    new Date(at(0)).toISOString(),
  );
});

test("counters: counts that began anew are taken whole, and without samples everything is", () => {
  const history = new History();
  const before = viewCounters(history, after(5), { sinceMs: at(0), nowMs: at(9) });
  assert.equal(before.listeners[0]?.requests.datagrams, 5);
  assert.equal(before.fromAt, new Date(at(9) - 5000).toISOString());
  history.record(after(50), at(0));
  const view = viewCounters(history, after(4), { sinceMs: at(0), nowMs: at(1) });
  assert.equal(view.listeners[0]?.requests.datagrams, 4);
});

test("History: a sample taken while it is being told changes nothing that is told", async () => {
  const history = new History();
  const many = Array.from({ length: 60 }, (_, i) => ({ name: `${i}` }));
  for (let second = 0; second < KEPT_SAMPLES; second++) history.record(after(second, many), at(second));
  const telling = viewHistory(history, KEPT_SAMPLES);
  history.record(after(99_999, many), at(KEPT_SAMPLES));
  const { atMs, backends } = await telling;
  assert.equal(atMs.length, KEPT_SAMPLES);
  for (const { requests } of backends) {
    assert.equal(requests.length, KEPT_SAMPLES);
    assert.ok(requests.every((count) => count === 1 || count === null));
  }
});
