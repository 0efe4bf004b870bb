/** The prober on the real clock, with a real probe: a server that goes away and comes back. */
import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import { test } from "node:test";
import { parseConfig } from "#src/config/parse-config.js";
import { parseEndpoint } from "#src/core/address.js";
import { Prober } from "#src/health/prober.js";
import { openPingServer, type PingServer } from "#src/lab/ping-server.js";

const open = (port: number): Promise<PingServer> =>
  openPingServer({ address: "127.0.0.1", port, loss: { numerator: 0, denominator: 1 }, random: () => 0 });

test("prober: says when a server goes down, why, and when it is back", async (t) => {
  const states = new EventEmitter();
  const prober = new Prober({ onState: (slot, state, reason) => states.emit(state, slot, reason) });
  t.after(() => prober.close());
  // The prober's timers keep no process alive.
  const alive = setInterval(() => {}, 1000);
  t.after(() => clearInterval(alive));
  const server = await open(0);
  const { pools } = parseConfig({
    listen: "127.0.0.1:1",
    backends: [server.address],
    health: { probe: "ping", interval: "100ms", fastInterval: "100ms", timeout: "60s", rise: 2, fall: 2 },
  });
  const plan = pools[0]!.health!;
  prober.update([{ slot: 3, name: "default/a", endpoint: parseEndpoint(server.address), plan }]);

  const down = once(states, "down");
  await server.close();
  assert.deepEqual(await down, [3, "refused (ICMP port unreachable)"]);
  assert.equal(prober.state(3), "down");

  const up = once(states, "up");
  const again = await open(server.port);
  t.after(() => again.close());
  assert.deepEqual(await up, [3, "answered"]);
});
