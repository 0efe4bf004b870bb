/** Every route's answer has the form that its schema, and so the OpenAPI document, says. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { z } from "zod";
import { openRig } from "./admin-rig.testing.js";
import { buildBackendStats, buildListener, buildStats } from "./fake-balancer.testing.js";
import { backendView, listenerView, poolView } from "./schema-figures.js";
import * as views from "./schemas.js";

const FLOW = {
  ...{ id: "0-1-abc", client: "192.0.2.9:5000", listener: "dns", pool: "web", backend: "a" },
  ...{
    requests: { datagrams: 1, bytes: 10 },
    replies: { datagrams: 0, bytes: 0 },
    ageMs: 5,
    idleMs: 1,
    open: true,
  },
};

const ROUTES: readonly (readonly [path: string, schema: z.ZodType])[] = [
  ["/api/v1/status", views.statusView],
  ["/api/v1/listeners", views.listenersView],
  ["/api/v1/listeners/dns", listenerView],
  ["/api/v1/pools", views.poolsView],
  ["/api/v1/pools/web", poolView],
  ["/api/v1/backends", views.backendsView],
  ["/api/v1/backends/web/a", backendView],
  ["/api/v1/flows", views.flowsView],
  ["/api/v1/config", views.configDocument],
  ["/api/v1/events", views.eventsView],
  ["/api/v1/explain?client=192.0.2.9:5000", views.explanationView],
  ["/api/v1/counters", views.countersView],
  ["/api/v1/history", views.historyView],
];

test("answers have the form of their schemas, and nothing besides", async (t) => {
  const { ask, balancer } = await openRig(t);
  balancer.live = [FLOW];
  balancer.figures = buildStats({
    backends: [
      buildBackendStats({
        probes: { ok: 1, failed: 0, lastMs: undefined, lastError: undefined, sinceMs: undefined },
      }),
    ],
    sources: [
      {
        ...{ pool: "web", source: "dns x", state: "waiting", backends: 0, leftOut: 0 },
        ...{ lastError: undefined, sinceChangeMs: undefined, nextRefreshMs: undefined },
      },
    ],
  });
  balancer.emit("warning", { code: "x", message: "y" });
  balancer.emit("reloadFailed", new Error("no"));
  for (const [path, schema] of ROUTES) {
    const { status, json } = await ask(path, { headers: { accept: "application/json" } });
    assert.equal(status, 200, path);
    assert.deepEqual(schema.parse(json), json, path);
  }
});

test("status: sums, warnings, what it waits for", async (t) => {
  const { ask, balancer } = await openRig(t);
  const requests = { datagrams: 3, bytes: 30 };
  balancer.figures = buildStats({
    listeners: [buildListener({ requests }), buildListener({ name: "b", requests })],
    ready: { isReady: false, awaiting: ["first probe of web/a"] },
  });
  for (let i = 0; i < 60; i++) balancer.emit("warning", { code: "full", message: `${i}` });
  const { json } = await ask("/api/v1/status");
  assert.deepEqual(json.totals.requests, { datagrams: 6, bytes: 60 });
  assert.equal(json.ready, false);
  assert.deepEqual(json.awaiting, ["first probe of web/a"]);
  assert.equal(json.warnings.length, 50);
  assert.equal(json.warnings.at(-1).message, "59");
  assert.equal(json.configSource, "file");
  const ready = await ask("/readyz");
  assert.equal(ready.status, 503);
  assert.equal(ready.text, "waits for:\nfirst probe of web/a\n");
});

test("backends: filters, and numbers that do not exist are null", async (t) => {
  const { ask, balancer } = await openRig(t);
  balancer.figures = buildStats({
    backends: [
      buildBackendStats(),
      buildBackendStats({ name: "b", health: "down" }),
      buildBackendStats({ pool: "other", admin: "draining" }),
    ],
  });
  const names = async (query: string): Promise<string[]> =>
    (await ask(`/api/v1/backends?${query}`)).json.backends.map(
      ({ pool, name }: { pool: string; name: string }) => `${pool}/${name}`,
    );
  assert.deepEqual(await names("pool=web"), ["web/a", "web/b"]);
  assert.deepEqual(await names("health=down"), ["web/b"]);
  assert.deepEqual(await names("pool=web&admin=draining"), []);
  const { json } = await ask("/api/v1/backends/other/a");
  assert.equal(json.replyTime.p99Ms, null);
  assert.equal(json.probes, null);
});

test("pools: what the config says, and sums", async (t) => {
  const { ask, balancer } = await openRig(t);
  balancer.figures = buildStats({
    backends: [
      buildBackendStats({ activeFlows: 2 }),
      buildBackendStats({ name: "b", health: "down", activeFlows: 3 }),
    ],
  });
  const { json } = await ask("/api/v1/pools/web");
  assert.equal(json.policy, "maglev");
  assert.deepEqual([json.total, json.up, json.activeFlows], [2, 1, 5]);
  assert.deepEqual(json.backends, ["a", "b"]);
});

test("flows: a page, its filter, and the next page", async (t) => {
  const { ask, balancer } = await openRig(t);
  balancer.live = [FLOW, { ...FLOW, id: "0-2-abc" }, { ...FLOW, id: "0-3-abc" }];
  const first = await ask("/api/v1/flows?limit=2&client=192.0.2.0/24");
  assert.equal(first.json.flows.length, 2);
  assert.equal(first.json.next, "0-2-abc");
  assert.deepEqual(balancer.calls, [["flows", { client: "192.0.2.0/24", limit: 3 }]]);
  assert.equal((await ask("/api/v1/flows?limit=3")).json.next, null);
});

test("DELETE flows/:id: 204, and 404 for one that is over", async (t) => {
  const { ask, balancer } = await openRig(t);
  balancer.live = [FLOW];
  assert.equal((await ask("/api/v1/flows/0-1-abc", { method: "DELETE" })).status, 204);
  const over = await ask("/api/v1/flows/0-9-abc", { method: "DELETE" });
  assert.deepEqual([over.status, over.json.error.code], [404, "FLOW_UNKNOWN"]);
  assert.deepEqual(balancer.calls[0], ["endFlow", "0-1-abc", { by: "local", from: "127.0.0.1" }]);
});

test("PATCH backends: each change, with a deadline, and who made it", async (t) => {
  const { ask, balancer } = await openRig(t);
  const patch = (body: object, path = "web/a") => ask(`/api/v1/backends/${path}`, { method: "PATCH", body });
  const actor = { by: "local", from: "127.0.0.1" };
  const drained = await patch({ admin: "draining", deadline: "30s" });
  assert.equal(drained.json.admin, "draining");
  await patch({ admin: "disabled" });
  await patch({ admin: "enabled", weight: 0 });
  assert.deepEqual(balancer.calls, [
    ["drain", "web/a", 30_000, actor],
    ["disable", "web/a", actor],
    ["weight", "web/a", 0, actor],
    ["enable", "web/a", actor],
  ]);
});

test("what is wrong with a request is told, and nothing happens", async (t) => {
  const { ask, balancer } = await openRig(t);
  const patch = (
    body: string | object,
    type = "application/json",
    path = "web/a",
  ): readonly [string, object] => [
    `/api/v1/backends/${path}`,
    { method: "PATCH", body, headers: { "content-type": type } },
  ];
  for (const [status, code, [path, what]] of [
    [400, "REQUEST_INVALID", patch({})],
    [400, "REQUEST_INVALID", patch({ weight: 65_536 })],
    [400, "REQUEST_INVALID", patch({ weight: 1.5 })],
    [400, "REQUEST_INVALID", patch({ weight: 1, extra: 1 })],
    [400, "REQUEST_INVALID", patch({ admin: "enabled", deadline: "1s" })],
    [400, "UNIT_INVALID", patch({ admin: "draining", deadline: "soon" })],
    [400, "REQUEST_INVALID", patch("{")],
    [400, "REQUEST_INVALID", patch('{"__proto__": {"admin": "enabled"}, "weight": 1}')],
    [400, "REQUEST_INVALID", patch("null")],
    [415, "MEDIA_TYPE_UNSUPPORTED", patch("weight: 1", "application/yaml")],
    [404, "BACKEND_UNKNOWN", patch({ weight: 1 }, "application/json", "web/none")],
    [413, "BODY_TOO_LARGE", patch({ weight: 1, pad: "x".repeat(1024 * 1024) })],
    [400, "REQUEST_INVALID", ["/api/v1/status?x=1", {}]],
    [400, "REQUEST_INVALID", ["/api/v1/flows?limit=0", {}]],
    [400, "REQUEST_INVALID", ["/api/v1/flows?limit=1&limit=2", {}]],
    [400, "REQUEST_INVALID", ["/api/v1/tap", {}]],
    [400, "REQUEST_INVALID", ["/api/v1/events?types=reload,nothing", {}]],
    [400, "REQUEST_INVALID", ["/api/v1/history?seconds=601", {}]],
    [400, "UNIT_INVALID", ["/api/v1/counters?since=yesterday", {}]],
    [400, "ARGUMENT_INVALID", ["/api/v1/counters?since=11m", {}]],
    [400, "ARGUMENT_INVALID", ["/api/v1/counters?since=2099-01-01T00:00:00Z", {}]],
    [404, "LISTENER_UNKNOWN", ["/api/v1/listeners/none", {}]],
    [404, "LISTENER_UNKNOWN", ["/api/v1/explain?client=192.0.2.1&listener=none", {}]],
    [404, "POOL_UNKNOWN", ["/api/v1/pools/none", {}]],
    [404, "ROUTE_UNKNOWN", ["/api/v2/status", {}]],
    [409, "NO_CONFIG_FILE", ["/api/v1/reload", { method: "POST" }]],
    [429, "TAP_LIMIT", ["/api/v1/tap?listener=dns", {}]],
  ] as const) {
    const answer = await ask(path, what);
    assert.deepEqual([answer.status, answer.json?.error.code], [status, code], `${path} ${answer.text}`);
    assert.deepEqual(views.errorView.parse(answer.json), answer.json);
  }
  assert.deepEqual(
    balancer.calls.filter(([what]) => what !== "tap"),
    [],
  );
});

test("POST reload reads the file again, for whoever asks", async (t) => {
  const asked: unknown[] = [];
  const nothing = { added: [], removed: [], changed: [] };
  const result = { version: 4, listeners: nothing, pools: nothing, backends: nothing };
  const reloadFile = async (actor: unknown) => {
    asked.push(actor);
    return result;
  };
  const { ask } = await openRig(t, {}, { reloadFile });
  const { status, json } = await ask("/api/v1/reload", { method: "POST", unix: true });
  assert.deepEqual([status, json], [200, result]);
  assert.deepEqual(asked, [{ by: "socket" }]);
});

test("a defect is a 500 that shows nothing, and a warning", async (t) => {
  const { ask, balancer, warnings } = await openRig(t);
  Object.defineProperty(balancer, "figures", {
    get: () => {
      throw new Error("secret inside");
    },
  });
  const { status, json } = await ask("/api/v1/listeners");
  assert.deepEqual([status, json.error.code], [500, "INTERNAL"]);
  assert.doesNotMatch(JSON.stringify(json), /secret/);
  assert.equal(warnings[0]?.code, "admin_defect");
});

test("the time of the start is the same in every answer", async (t) => {
  const { ask } = await openRig(t);
  const first = (await ask("/api/v1/status")).json.startedAt;
  await sleep(20);
  assert.equal((await ask("/api/v1/status")).json.startedAt, first);
  assert.ok(Math.abs(Date.parse(first) - Date.now()) < 86_400_000 * 365, first);
});
