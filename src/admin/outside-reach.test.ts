import assert from "node:assert/strict";
import { test } from "node:test";
import { newReach, outsideReach } from "./outside-reach.js";

test("outsideReach: programs, files, environment, sockets, wherever they are", () => {
  const reach = outsideReach({
    admin: { listen: ["127.0.0.1:1", "unix:/run/s.sock"], token: { env: "T" }, tls: { cert: "c", key: "k" } },
    flowLog: { file: "/log" },
    listeners: [{ guard: { denyFile: "/deny", allowFile: "/allow" } }],
    pools: [{ health: { probe: { type: "exec", command: ["/bin/true", "x"] } }, discover: [{ file: "/f" }] }],
  });
  assert.deepEqual([...reach].sort(), [
    "admin.listen: unix:/run/s.sock",
    "admin.tls.cert: c",
    "admin.tls.key: k",
    "admin.token.env: T",
    "flowLog.file: /log",
    "listeners.guard.allowFile: /allow",
    "listeners.guard.denyFile: /deny",
    "pools.discover.file: /f",
    'pools.health.probe.command: ["/bin/true","x"]',
  ]);
});

test("newReach: what was there may stay or go, nothing may come", () => {
  const running = { flowLog: { file: "/log" }, pools: [{ discover: [{ file: "/f" }] }] };
  assert.deepEqual(newReach(running, running), []);
  assert.deepEqual(newReach({ pools: [] }, running), []);
  assert.deepEqual(newReach({ flowLog: { file: "/etc/cron.d/x" } }, running), [
    "flowLog.file: /etc/cron.d/x",
  ]);
  assert.deepEqual(
    newReach({ flowLog: { file: "/f" } }, running),
    ["flowLog.file: /f"],
    "read is not written",
  );
  assert.deepEqual(newReach("not a config", running), []);
});
