import assert from "node:assert/strict";
import { test } from "node:test";
import { ConfigError } from "../config/config-error.js";
import { EventLog, KEPT_EVENTS, recordEvents } from "./event-log.js";
import { FakeBalancer } from "./fake-balancer.testing.js";

test("EventLog: ids go on, the last 1,000 are kept, a gap is counted", () => {
  const log = new EventLog(0);
  for (let i = 1; i <= KEPT_EVENTS + 5; i++) log.add("warning", { i });
  const all = log.since(0);
  assert.deepEqual([all.events.length, all.events[0]?.id, all.missed], [KEPT_EVENTS, 6, 5]);
  assert.deepEqual(
    log.since(1003).events.map(({ id }) => id),
    [1004, 1005],
  );
  assert.deepEqual(log.since(1005), { events: [], missed: 0 });
  assert.deepEqual(log.since(5), { ...all, missed: 0 });
  assert.equal(log.since(3).missed, 2);
});

test("EventLog: an id that was never given is of another process: everything is told", () => {
  const log = new EventLog(1_000_000);
  log.add("warning", {});
  for (const id of [0, 30, 999_999, 1_000_000, 1_000_077]) {
    assert.deepEqual([log.since(id).events.length, log.since(id).missed], [1, 0], `${id}`);
  }
  assert.equal(log.since(1_000_001).events.length, 0);
});

test("EventLog: a process begins above all ids of the one before", () => {
  const first = new EventLog();
  for (let i = 0; i < 10; i++) first.add("warning", {});
  assert.ok(new EventLog(Date.now() + 1000).lastId > first.lastId);
});

test("recordEvents: each of a balancer's events, errors as code and problems, until it is ended", () => {
  const balancer = new FakeBalancer();
  const log = new EventLog(0);
  const end = recordEvents(balancer, log);
  const problem = { file: undefined, line: 1, column: 2, path: "x", message: "no" };
  balancer.emit("listening", [{ name: "dns", address: "127.0.0.1:53" }]);
  balancer.emit("reloadFailed", new ConfigError([problem]));
  balancer.emit("warning", { code: "a", message: "b" });
  end();
  balancer.emit("warning", { code: "later", message: "b" });
  assert.deepEqual(
    log.since(0).events.map(({ type, data }) => [type, data]),
    [
      ["listening", { listeners: [{ name: "dns", address: "127.0.0.1:53" }] }],
      ["reloadFailed", { code: "CONFIG_INVALID", message: "1:2: x: no", problems: [problem], more: 0 }],
      ["warning", { code: "a", message: "b" }],
    ],
  );
});
