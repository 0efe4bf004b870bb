import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { compileSnapshot } from "./config/compile.js";
import type { ConfigInput, PoolInput } from "./config/config.js";
import { parseConfig } from "./config/parse-config.js";
import { SlotRegistry } from "./config/slots.js";
import { ForwarderRig } from "./core/forwarder-rig.testing.js";
import { countPlaces, recordsOf } from "./core/list-flows.js";
import { type Compiled, createPlan } from "./plan.js";
import { createRoutingView } from "./routing-view.js";

const registry = new SlotRegistry();
const LISTENERS = [{ name: "l", address: "127.0.0.1:53" }];
const A = { name: "a", address: "127.0.0.1:1" };
const B = { name: "b", address: "127.0.0.1:2" };

function compile(pool: PoolInput, rest: Partial<ConfigInput> = {}): Compiled {
  const config = parseConfig({ listeners: LISTENERS, pools: [{ affinity: "client", ...pool }], ...rest });
  const snapshot = compileSnapshot(config, registry, 1, 1000);
  return { config, snapshot, routing: createRoutingView(snapshot) };
}

/** Ten clients in turn on the backends of `now`, then the plan, and what their next datagrams really do. */
function plan(now: Compiled, next: Compiled) {
  const rig = new ForwarderRig(now.snapshot);
  const ports = Array.from({ length: 10 }, (_, i) => 1000 + i);
  const before = ports.map((port) => rig.send(`192.0.2.1:${port}`));
  const { flows, ...rest } = createPlan(now, next, countPlaces([recordsOf(rig.forwarder.table)]), "batched");
  rig.reload(next.snapshot);
  const after = ports.map((port) => rig.send(`192.0.2.1:${port}`));
  const moved = after.filter((backend, i) => typeof backend === "number" && backend !== before[i]).length;
  const kept = after.filter((backend, i) => backend === before[i]).length;
  return { flows, really: { live: 10, kept, moved, ended: 10 - kept - moved }, ...rest };
}

describe("createPlan", () => {
  it("says that nothing changes when nothing does", () => {
    const { flows, really, keys, restartNeeded, backends } = plan(
      compile({ backends: [A, B] }),
      compile({ backends: [A, B] }),
    );
    assert.deepEqual(flows, { live: 10, kept: 10, moved: 0, ended: 0 });
    assert.deepEqual(flows, really);
    assert.deepEqual(keys, [{ pool: "default", share: undefined }]);
    assert.deepEqual([restartNeeded, backends.changed], [[], []]);
  });

  for (const [what, pool, expected] of [
    ["a backend is removed", { backends: [A] }, { kept: 5, moved: 5, ended: 0 }],
    ["and kept", { backends: [A], failover: { removed: "keep" } }, { kept: 10, moved: 0, ended: 0 }],
    ["and dropped", { backends: [A], failover: { removed: "drop" } }, { kept: 5, moved: 0, ended: 5 }],
    ["a backend drains", { backends: [A, { ...B, state: "draining" }] }, { kept: 10, moved: 0, ended: 0 }],
    [
      "and moves",
      { backends: [A, { ...B, state: "draining" }], failover: { draining: "move" } },
      { kept: 5, moved: 5, ended: 0 },
    ],
    [
      "all drain, with nowhere to go",
      {
        backends: [
          { ...A, state: "draining" },
          { ...B, state: "draining" },
        ],
        failover: { draining: "move" },
      },
      { kept: 10, moved: 0, ended: 0 },
    ],
    [
      "all are disabled",
      {
        backends: [
          { ...A, state: "disabled" },
          { ...B, state: "disabled" },
        ],
      },
      { kept: 0, moved: 0, ended: 10 },
    ],
    [
      "a backend has another address",
      { backends: [A, { ...B, address: "127.0.0.1:3" }] },
      { kept: 5, moved: 5, ended: 0 },
    ],
  ] as [string, PoolInput, object][]) {
    it(`counts what becomes of live flows, as the forwarder then has it: ${what}`, () => {
      const { flows, really } = plan(compile({ backends: [A, B] }), compile(pool));
      assert.deepEqual(flows, { live: 10, ...expected });
      assert.deepEqual(flows, really);
    });
  }

  it("ends the flows of a listener that goes", () => {
    const other = { listeners: [{ name: "l", address: "127.0.0.1:54" }] };
    const { flows } = plan(compile({ backends: [A, B] }), compile({ backends: [A, B] }, other));
    assert.deepEqual(flows, { live: 10, kept: 0, moved: 0, ended: 10 });
  });

  it("says how many keys maglev would send elsewhere, by where they go", () => {
    const maglev = (backends: PoolInput["backends"], rest: PoolInput = {}) =>
      compile({ policy: "maglev", backends, ...rest });
    const ten = Array.from({ length: 10 }, (_, i) => `127.0.0.1:${i + 1}`);
    const shareOf = (next: Compiled) => plan(maglev(ten), next).keys[0].share as number;
    assert.equal(shareOf(maglev(ten)), 0);
    // A tenth of the keys has lost its backend; few others change (Maglev paper, section 3.4).
    const removed = shareOf(maglev(ten.slice(1)));
    assert.ok(removed >= 0.095 && removed < 0.14, `${removed}`);
    const added = shareOf(maglev([...ten, "127.0.0.1:11"]));
    assert.ok(added >= 0.085 && added < 0.13, `${added}`);
    assert.ok(shareOf(maglev(ten, { maglevTableSize: 65_539 })) > 0.5);
    assert.equal(shareOf(compile({ backends: ten })), undefined);
    const later = shareOf(maglev([...ten].reverse()));
    assert.equal(later, 0, "the order of backends does not matter");
  });

  it("names what only a restart puts in force", () => {
    const next = compile(
      { backends: [A, B] },
      { plane: "portable", workers: 3, listeners: [{ ...LISTENERS[0], ipv6Only: true }] },
    );
    const { restartNeeded } = plan(compile({ backends: [A, B] }), next);
    assert.deepEqual(restartNeeded, ["plane", "workers", "listeners[0].ipv6Only"]);
  });
});
