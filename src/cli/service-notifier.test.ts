import assert from "node:assert/strict";
import { test } from "node:test";
import { createLogger } from "./logger.js";
import { createServiceNotifier, watchdogIntervalMs } from "./service-notifier.js";

test("watchdogIntervalMs: half of what the manager waits, if it waits for this process", () => {
  assert.equal(watchdogIntervalMs({ WATCHDOG_USEC: "30000000" }, 5), 15_000);
  assert.equal(watchdogIntervalMs({ WATCHDOG_USEC: "30000000", WATCHDOG_PID: "5" }, 5), 15_000);
  assert.equal(watchdogIntervalMs({ WATCHDOG_USEC: "30000000", WATCHDOG_PID: "6" }, 5), undefined);
  assert.equal(watchdogIntervalMs({ WATCHDOG_USEC: "1" }, 5), 1);
  for (const usec of ["", "0", "-5", "soon"])
    assert.equal(watchdogIntervalMs({ WATCHDOG_USEC: usec }, 5), undefined);
});

test("createServiceNotifier: a socket that cannot be is told in the debug log, and nothing else happens", async () => {
  const lines: string[] = [];
  const output = { write: (line: string) => void lines.push(line) };
  const log = createLogger({ level: "debug", format: "json", colorize: false, output });
  for (const path of ["vsock:2:1", "/no/such/socket"]) {
    const notifier = await createServiceNotifier({ NOTIFY_SOCKET: path }, log);
    notifier.ready("serving");
    notifier.close();
  }
  assert.equal(lines.length, 2);
  for (const line of lines) assert.match(line, /"level":"debug".*(not told|could not be told)/);
});

test("createServiceNotifier: without a socket it is silent", async () => {
  const output = { write: () => assert.fail("a log line") };
  const log = createLogger({ level: "debug", format: "json", colorize: false, output });
  const notifier = await createServiceNotifier({}, log);
  notifier.ready("serving");
  notifier.reloading();
  notifier.stopping();
  notifier.close();
});
