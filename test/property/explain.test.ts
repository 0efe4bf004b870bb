/** `explain` says where the forwarder then really sends a datagram, over random scripts of traffic, time and reloads. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { Explanation } from "#src/api.js";
import { maskedBits, maskedIp } from "#src/core/affinity-key.js";
import type { DropReason } from "#src/core/drop-reason.js";
import { ForwarderRig } from "#src/core/forwarder-rig.testing.js";
import { writeIpWords } from "#src/core/ip-words.js";
import { listFlows } from "#src/core/list-flows.js";
import type { PoolEntry, Snapshot } from "#src/core/snapshot.js";
import { explain } from "#src/explain.js";
import { createRoutingView } from "#src/routing-view.js";
import { countActiveFlows } from "#src/stats.js";
import { type Event, events, snapshots } from "../support/forwarder-scripts.js";

/** Reasons that depend on what `explain` only notes, or cannot know. */
const BEYOND: readonly (number | DropReason)[] = ["flow_table_full", "client_flow_limit"];

const verdicts = new Map<string, number>();

class Script {
  readonly #rig: ForwarderRig;
  #snapshot: Snapshot;
  #flows: number[] = [];
  #refusal = false;
  /** Pools that had another affinity before: their flows' bindings may be under other keys. */
  readonly #rekeyed = new Set<number>();
  /** Pool and key → backends that its binding may be to. */
  readonly #homes = new Map<string, Set<number>>();

  constructor(snapshot: Snapshot) {
    this.#rig = new ForwarderRig(snapshot, { random: Math.random });
    this.#snapshot = snapshot;
  }

  run(event: Event): void {
    const rig = this.#rig;
    const pick = (at: number) => this.#flows[at % this.#flows.length] ?? 0;
    if (event.do === "request") for (let i = 0; i < event.times; i++) this.#request(event);
    else if (event.do === "reply") rig.reply(pick(event.pick));
    else if (event.do === "wait") rig.nowMs += event.ms;
    else if (event.do === "expire") rig.expire();
    else if (event.do === "fail") rig.forwarder.fail(pick(event.pick));
    else if (event.do === "refuse") {
      rig.host.refusal = event.reason;
      this.#refusal = event.reason !== undefined;
    } else {
      const before = this.#snapshot.pools;
      this.#snapshot = event.change(this.#snapshot);
      rig.reload(this.#snapshot);
      for (const [i, { slot, affinity }] of this.#snapshot.pools.entries())
        if (JSON.stringify(affinity) !== JSON.stringify(before[i]?.affinity)) this.#rekeyed.add(slot);
    }
  }

  #request({ ip, port, listener }: Extract<Event, { do: "request" }>): void {
    const client = ip.includes(":") ? `[${ip}]:${port}` : `${ip}:${port}`;
    const entry = this.#snapshot.listeners.find(({ slot }) => slot === listener);
    if (entry === undefined) return;
    const pool = this.#snapshot.pools.find(({ slot }) => slot === entry.poolSlot) as PoolEntry;
    const said = this.#explain(client, entry.name);
    const homes = this.#homesOf(pool, ip);
    const went = this.#rig.send(client, listener);
    if (typeof went === "number") {
      homes.add(went);
      this.#flows = [...this.#rig.host.open.keys()];
    }
    if (this.#refusal || BEYOND.includes(went)) return;
    const isInferred = pool.affinity.kind === "client-ip" && said.verdict !== "flow";
    if (isInferred && (this.#rekeyed.has(pool.slot) || homes.size > 1)) return;
    verdicts.set(said.verdict, (verdicts.get(said.verdict) ?? 0) + 1);
    this.#check(said, went, pool);
  }

  #explain(client: string, listener: string): Explanation {
    const rig = this.#rig;
    return explain(
      { client, listener },
      {
        snapshot: this.#snapshot,
        routing: createRoutingView(this.#snapshot),
        flows: (query) => listFlows(rig.forwarder.table, rig.nowMs, query),
        addresses: new Map(),
        health: new Map(),
        refusedLately: new Set(),
        activeFlows: countActiveFlows([rig.counters]),
      },
    );
  }

  #check(said: Explanation, went: number | DropReason, pool: PoolEntry): void {
    const text = JSON.stringify({ said, went, pool });
    if (typeof went === "string") {
      assert.deepEqual([said.verdict, said.dropReason], ["dropped", went], text);
      assert.ok(said.reason.startsWith(`${went}: `));
      return;
    }
    const all = this.#snapshot.pools.flatMap(({ backends }) => backends);
    const name = all.find(({ slot }) => slot === went)?.name;
    assert.notEqual(said.verdict, "dropped", text);
    if (said.backend !== undefined) assert.equal(said.backend, name, text);
    else if (said.verdict === "flow") assert.equal(name, undefined, text);
    else {
      assert.equal(said.verdict, "next", text);
      const candidate = said.candidates.find((one) => one.name === name);
      assert.ok(candidate?.takesKeys && candidate.chance !== 0, text);
    }
  }

  /** The backends of a key since it last had no flow. */
  #homesOf(pool: PoolEntry, ip: string): Set<number> {
    const words = new Uint32Array(4);
    writeIpWords(ip, words, 0);
    const masked = maskedIp(pool.affinity, words);
    const key = `${pool.slot} ${masked}`;
    const client = { words: masked, bits: maskedBits(pool.affinity, masked), port: undefined };
    const live = listFlows(this.#rig.forwarder.table, this.#rig.nowMs, { limit: 1, client });
    if (live.length === 0) this.#homes.delete(key);
    const homes = this.#homes.get(key) ?? new Set();
    this.#homes.set(key, homes);
    return homes;
  }
}

describe("explain", () => {
  it("agrees with what the forwarder does next", () => {
    fc.assert(
      fc.property(snapshots, fc.array(events, { minLength: 5, maxLength: 80 }), (snapshot, script) => {
        const run = new Script(snapshot);
        for (const event of script) run.run(event);
      }),
      { numRuns: 400 },
    );
    for (const verdict of ["flow", "binding", "chosen", "next", "dropped"])
      assert.ok((verdicts.get(verdict) ?? 0) > 100, `${verdict}: ${verdicts.get(verdict)}`);
  });
});
