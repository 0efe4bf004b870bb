import assert from "node:assert/strict";
import { test } from "node:test";
import {
  backendSample,
  countersSample,
  drops,
  eventSamples,
  explanationSample,
  flowSample,
  listenerSample,
  poolSample,
  statusSample,
} from "../samples.testing.js";
import { formatBackendState } from "./backend-state.js";
import { renderPlan, renderReload } from "./changes-view.js";
import { describeEvent } from "./event-line.js";
import { renderExplanation } from "./explain-view.js";
import { renderFlows } from "./flows-view.js";
import { renderStatus, type StatusAnswers } from "./status-view.js";
import { plain } from "./style.js";
import { textWidth } from "./text-width.js";

const wide = { width: Number.POSITIVE_INFINITY, paint: plain };

function statusAnswers(some: Partial<StatusAnswers> = {}): StatusAnswers {
  return {
    status: statusSample(),
    listeners: [listenerSample()],
    pools: [poolSample()],
    backends: [backendSample("a"), backendSample("b", { health: "down", reason: "refused" })],
    counters: countersSample(["a", "b"]),
    ...some,
  };
}

const lineWith = (lines: readonly string[], word: string): string =>
  lines.find((line) => line.includes(word)) ?? assert.fail(`no line with ${word} in\n${lines.join("\n")}`);

test("renderStatus: rates are of one second, whatever the interval was", () => {
  const lines = renderStatus(statusAnswers(), wide);
  assert.match(
    lines[0],
    /^sluice 1\.2\.3 {2}pid 4711 {2}up 1h02m {2}batched plane, 2 workers {2}config 3 \(file\) {2}ready$/,
  );
  // 200 requests in two seconds.
  assert.match(lines[1], /120 of 100k flows {2}100 requests\/s {2}95 replies\/s {2}2 drops\/s/);
  assert.match(lineWith(lines, "127.0.0.1:8000"), /^main +127\.0\.0\.1:8000 +web +120 +100 +95 +7$/);
  assert.match(lineWith(lines, "maglev"), /^web +maglev +client-ip +2\/2 +120 +4$/);
  assert.match(
    lineWith(lines, "web/a"),
    /^web\/a +192\.0\.2\.1:9001 +up +1m01s +1 +60 +100 +95 +0\.80ms +9\.50ms +2 +0 +probes succeed$/,
  );
  assert.match(lineWith(lines, "web/b"), /down .*refused$/);
  assert.match(lineWith(lines, "late_reply"), /^late_reply +12 +0$/);
  assert.match(lineWith(lines, "no_backend"), /^no_backend +7 +2$/);
});

test("renderStatus: an interval without length, as right after the start, has no rates", () => {
  const counters = { ...countersSample(["a"]), toAt: countersSample([]).fromAt };
  assert.match(renderStatus(statusAnswers({ counters }), wide)[1], /0 requests\/s/);
});

test("renderStatus: sources, warnings and what is awaited are there when there are any", () => {
  const status = statusSample({
    ready: false,
    awaiting: ["first probe of web/a"],
    planeNotes: ["batched: no FFI here"],
    flowLog: { lines: 10, dropped: 3 },
    sources: [
      {
        ...{ pool: "web", source: "dns a.example:1", state: "failing", backends: 2, lastError: "NXDOMAIN" },
        ...{ leftOut: 1, sinceChangeMs: 1, nextRefreshMs: null },
      },
    ],
    warnings: Array.from({ length: 7 }, (_, i) => ({
      code: `w${i}`,
      message: "look",
      at: "2026-03-01T12:00:00Z",
    })),
    drops: drops(),
    replyDrops: drops(),
  });
  const lines = renderStatus(statusAnswers({ status }), wide);
  assert.match(lines[0], /not ready$/);
  assert.ok(lines.includes("awaiting first probe of web/a"));
  assert.match(lineWith(lines, "dns a.example:1"), /web +failing +2 +1 +NXDOMAIN$/);
  assert.ok(lines.includes("plane: batched: no FFI here"));
  assert.ok(lines.includes("flow log: 3 lines dropped"));
  assert.ok(
    lines.some((line) => line.endsWith("w6: look")) && !lines.some((line) => line.endsWith("w1: look")),
  );
  assert.ok(lines.includes("and 2 earlier warnings"));
  assert.ok(!lines.some((line) => line.startsWith("DROPPED")));
});

test("renderStatus: fits every terminal: it cuts rather than wraps", () => {
  for (const width of [20, 60, 80, 100, 120, 200]) {
    for (const line of renderStatus(statusAnswers(), { width, paint: plain })) {
      assert.ok(textWidth(line) <= width, `${width}: ${line}`);
    }
  }
});

test("formatBackendState: what the operator wants and what its health is", () => {
  const text = (some: object) =>
    formatBackendState({ admin: "enabled", health: "up", share: 1, ...some }).text;
  assert.equal(text({}), "up");
  assert.equal(text({ share: 0.25 }), "up 25.0 %");
  assert.equal(text({ health: "down" }), "down");
  assert.equal(text({ health: "half-open", share: 0.1 }), "half-open 10.0 %");
  assert.equal(text({ health: "failing" }), "failing");
  assert.equal(text({ health: "untried" }), "untried");
  assert.equal(text({ admin: "draining" }), "draining");
  assert.equal(text({ admin: "draining", health: "untried" }), "draining");
  assert.equal(text({ admin: "draining", health: "down" }), "draining, down");
  assert.equal(text({ admin: "disabled", share: 0.5 }), "disabled");
});

test("formatBackendState: a colour for each state", () => {
  const style = (some: object) =>
    formatBackendState({ admin: "enabled", health: "up", share: 1, ...some }).style;
  for (const health of ["failing", "down", "ejected"]) assert.equal(style({ health }), "red", health);
  assert.equal(style({ health: "half-open", share: 0.1 }), "yellow");
  assert.equal(style({ health: "untried" }), "cyan");
  assert.equal(style({}), "green");
  assert.equal(style({ share: 0.5 }), "yellow");
  assert.equal(style({ admin: "draining" }), "yellow");
  assert.equal(style({ admin: "draining", health: "down" }), "red");
});

test("renderStatus: a pool counts as up what is up, and says how many nobody knows of", () => {
  const pool = (...health: string[]) => {
    const answers = statusAnswers();
    const backends = health.map((one, i) => backendSample(`b${i}`, { health: one as "up" }));
    const up = health.filter((one) => one === "up").length;
    const pools = answers.pools.map((one) => ({ ...one, up, total: health.length }));
    return renderStatus({ ...answers, pools, backends }, wide).find((line) => /^web .*\d\/\d/.test(line));
  };
  assert.match(pool("up", "failing") ?? "", / 1\/2 /);
  assert.match(pool("up", "untried", "untried") ?? "", / 1\/3 \(2 untried\) /);
});

test("renderFlows: one line a flow", () => {
  const lines = renderFlows(
    { flows: [flowSample(), flowSample({ open: false, id: "x" })], next: null },
    wide,
  );
  assert.match(
    lines[1],
    /^192\.0\.2\.7:40000 +main +web\/a +12 +11 +1\.17 KiB +1\.07 KiB +1m05s +0s +open +0-7-k50000$/,
  );
  assert.match(lines[2], /ending +x$/);
  assert.deepEqual(renderFlows({ flows: [], next: null }, wide), ["no live flow"]);
});

test("renderExplanation: the answer first, then the facts, then the candidates", () => {
  const lines = renderExplanation(explanationSample(), wide);
  assert.equal(
    lines[0],
    "a datagram of 192.0.2.7:40000 on main goes to backend a: the policy gives its key always the same backend",
  );
  assert.ok(lines.includes("  key       192.0.2.7, hash 12345"));
  assert.match(lineWith(lines, "it is down"), /^b +down +1 +0 % +no +it is down$/);
  assert.equal(lines.at(-1), "note: maglev's table has 65537 places");
});

test("renderExplanation: a dropped datagram and a verdict of tomorrow", () => {
  const dropped = explanationSample({
    verdict: "dropped",
    backend: null,
    dropReason: "denied",
    candidates: [],
  });
  assert.match(renderExplanation(dropped, wide)[0], /is dropped: denied$/);
  const strange = explanationSample({ verdict: "teleported" as "next", backend: null });
  assert.match(renderExplanation(strange, wide)[0], /teleported, one of several backends$/);
});

test("renderReload and renderPlan: every change is a line", () => {
  const none = { added: [], removed: [], changed: [] };
  const changes = {
    listeners: none,
    pools: none,
    backends: { added: ["web/c"], removed: ["web/a"], changed: ["web/b"] },
  };
  assert.deepEqual(renderReload({ version: 4, ...changes }, wide), [
    ...["config 4 is in force", "+ backend web/c", "- backend web/a", "~ backend web/b"],
  ]);
  const flows = { live: 10, kept: 7, moved: 2, ended: 1 };
  const keys = [
    { pool: "web", share: 0.125 },
    { pool: "dns", share: null },
  ];
  assert.deepEqual(renderPlan({ ...changes, backends: none, flows, keys, restartNeeded: ["plane"] }, wide), [
    "no listener, pool or backend differs",
    "of 10 live flows: 7 stay, 2 move, 1 end",
    "pool web: 12.5 % of all affinity keys go elsewhere",
    "plane changes only with a restart",
  ]);
});

test("describeEvent: a sentence for what people know, the fields for the rest", () => {
  assert.deepEqual(eventSamples().map(describeEvent), [
    "warning: discovery: dns fails",
    "backend: web/b is down: refused",
    "operator: drain web/a deadline 30000 ms by token from 192.0.2.9",
  ]);
  const say = (type: "listening", data: object) => describeEvent({ id: 4, at: "x", type, data: { ...data } });
  assert.equal(say("reloadFailed" as "listening", { message: "no\u001b[2J" }), "reloadFailed: no\\x1b[2J");
  const listeners = [
    { name: "dns", address: "127.0.0.1:53" },
    { name: "[::1]:53", address: "[::1]:53" },
  ];
  assert.equal(say("listening", { listeners }), "listening: dns on 127.0.0.1:53, [::1]:53");
  const found = { pool: "web", source: "dns a:1", added: ["x", "y"], removed: [], changed: [] };
  assert.equal(say("discovery" as "listening", found), "discovery: pool web: dns a:1: 2 backends added");
  for (const data of [{ listeners: 7 }, { listeners: [null] }, {}])
    assert.match(say("listening", data), /^listening: /);
});
