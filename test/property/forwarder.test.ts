/** The forwarder against a plain model of it, over random scripts of requests, replies, time and reloads. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { DROP_REASONS } from "#src/core/drop-reason.js";
import * as R from "#src/core/flow-record.js";
import { ForwarderRig } from "#src/core/forwarder-rig.testing.js";
import { listFlows } from "#src/core/list-flows.js";
import type { Snapshot } from "#src/core/snapshot.js";
import { FORWARD, reasonOf } from "#src/core/verdict.js";
import { ForwarderModel, takers } from "../support/forwarder-model.js";
import { BACKENDS_A_POOL, type Event, events, LISTENERS, snapshots } from "../support/forwarder-scripts.js";

/** The same numbers for forwarder and model, each from a generator of its own. */
function generator(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return (state >>> 0) / 2 ** 32;
  };
}

class Script {
  readonly #rig: ForwarderRig;
  readonly #model: ForwarderModel;
  /** Every flow there ever was. */
  #known: number[] = [];
  #received = 0;
  #seen = 0;
  #opened = 0;

  constructor(snapshot: Snapshot, seed: number) {
    this.#rig = new ForwarderRig(snapshot, { random: generator(seed), seed });
    this.#model = new ForwarderModel(snapshot, generator(seed));
  }

  run(event: Event): void {
    switch (event.do) {
      case "request":
        this.#requests(event);
        break;
      case "reply":
        this.#replies(this.#pick(event.pick), event.times, event.burst);
        break;
      case "wait":
        this.#rig.nowMs += event.ms;
        break;
      case "expire":
        assert.equal(this.#rig.expire(), this.#rig.host.closed.length - this.#seen);
        this.#model.expire(this.#rig.nowMs, this.#happened());
        break;
      case "fail": {
        const flow = this.#pick(event.pick);
        this.#rig.forwarder.fail(flow);
        this.#model.fail(flow, this.#happened());
        break;
      }
      case "refuse":
        this.#rig.host.refusal = event.reason;
        break;
      case "reload": {
        const snapshot = event.change(this.#model.snapshot);
        this.#rig.reload(snapshot);
        this.#model.apply(snapshot, this.#happened());
        break;
      }
    }
    this.#checkInvariants();
  }

  finish(): void {
    this.#rig.forwarder.endEverything();
    assert.equal(this.#rig.active(), 0);
    for (const slot of Array(2 * BACKENDS_A_POOL).keys())
      assert.equal(this.#rig.backend(slot, "outstanding"), 0);
  }

  #requests({ ip, port, listener, times, burst }: Extract<Event, { do: "request" }>): void {
    const { forwarder } = this.#rig;
    const flow = this.#request(ip, port, listener);
    if (flow < 0 || !burst || !forwarder.keepsBursts(listener)) {
      for (let i = 1; i < times; i++) this.#request(ip, port, listener);
      return;
    }
    forwarder.restOfBurst(listener, flow, times - 1, 100 * (times - 1), this.#rig.nowMs);
    this.#received += times - 1;
    for (let i = 1; i < times; i++) {
      const expected = this.#model.request(
        { ip, port, listener },
        this.#rig.nowMs,
        this.#happened(),
        undefined,
      );
      assert.equal(expected, flow, "the rest of a burst goes where its first request went");
    }
  }

  #request(ip: string, port: number, listener: number): number {
    const rig = this.#rig;
    this.#received++;
    const verdict = rig.request(ip.includes(":") ? `[${ip}]:${port}` : `${ip}:${port}`, listener);
    const said = verdict < 0 ? DROP_REASONS[reasonOf(verdict)] : verdict;
    const wasOpened = rig.host.opened > this.#opened;
    this.#opened = rig.host.opened;
    const happened = { ...this.#happened(), opened: wasOpened ? verdict : undefined };
    const bound = new Map(this.#model.bindings);
    assert.equal(this.#model.request({ ip, port, listener }, rig.nowMs, happened, rig.host.refusal), said);
    if (!wasOpened) return verdict;
    this.#known.push(verdict);
    this.#checkNewFlow(verdict, bound);
    return verdict;
  }

  /** A new flow is on a backend that takes new keys, or its key was bound there already. */
  #checkNewFlow(number: number, bound: ReadonlyMap<string, number>): void {
    const flow = this.#model.flows.find((one) => one.number === number);
    assert.equal(flow?.backend, this.#rig.backendOf(number));
    const { pools } = this.#model.snapshot;
    const takesNew = pools.some((pool) => takers(pool).some(({ slot }) => slot === flow?.backend));
    const wasBound = flow?.boundKey !== undefined && bound.get(flow.boundKey) === flow.backend;
    const isThere = pools.some((pool) => pool.backends.some(({ slot }) => slot === flow?.backend));
    assert.ok(takesNew || (wasBound && isThere), `flow ${number} on backend ${flow?.backend}`);
  }

  #replies(flow: number, times: number, burst: boolean): void {
    const { forwarder } = this.#rig;
    if (!burst || !forwarder.takesReplyBursts(flow)) {
      for (let i = 0; i < times; i++) this.#reply(flow);
      return;
    }
    const verdict = forwarder.burstFromBackend(flow, times, 50 * times, this.#rig.nowMs);
    for (let i = 0; i < times; i++) {
      const expected = this.#model.reply(flow, this.#rig.nowMs);
      assert.equal(expected, verdict === FORWARD ? "forward" : "late_reply");
    }
  }

  #reply(flow: number): void {
    const said = this.#rig.reply(flow);
    assert.equal(said, this.#model.reply(flow, this.#rig.nowMs));
    const happened = this.#happened();
    if (said === "last") this.#model.answered(flow, happened);
    assert.deepEqual(happened.closed, []);
  }

  #pick(pick: number): number {
    const { flows } = this.#model;
    if (pick % 4 > 0 && flows.length > 0) return flows[pick % flows.length].number;
    return this.#known.length === 0 ? 0 : this.#known[pick % this.#known.length];
  }

  #happened() {
    const closed = this.#rig.host.closed.slice(this.#seen);
    this.#seen = this.#rig.host.closed.length;
    return { opened: undefined, closed };
  }

  #checkInvariants(): void {
    const rig = this.#rig;
    const { flows } = this.#model;
    assert.equal(rig.active(), flows.length);
    const sum = (counts: object) =>
      Object.values(counts).reduce((total: number, count: number) => total + count, 0);
    let [received, dropped, ended, forwarded, opened] = [0, 0, 0, 0, 0];
    for (let slot = 0; slot < LISTENERS; slot++) {
      received += rig.listener("requests", slot);
      dropped += sum(rig.drops(slot));
      ended += sum(rig.ended(slot));
    }
    for (let slot = 0; slot < 2 * BACKENDS_A_POOL; slot++) {
      forwarded += rig.backend(slot, "requests");
      opened += rig.backend(slot, "openedFlows");
      assert.equal(rig.backend(slot, "outstanding"), this.#model.outstanding(slot));
      assert.equal(rig.backend(slot, "activeFlows"), this.#model.activeFlows(slot));
    }
    assert.equal(received, this.#received);
    assert.equal(forwarded + dropped, received);
    assert.equal(opened - ended, flows.length);
    assert.equal(opened, rig.host.opened);
    this.#checkFlows();
  }

  /** Every flow has the client, backend and counts that it should have. */
  #checkFlows(): void {
    const { table } = this.#rig.forwarder;
    const listed = listFlows(table, this.#rig.nowMs, { limit: 1000 });
    assert.equal(listed.length, this.#model.flows.length);
    const expected = this.#model.flows.toSorted((a, b) => a.number - b.number);
    expected.forEach((flow, i) => {
      assert.equal(table.u32[flow.number * R.RECORD_WORDS + R.AWAITING], flow.unanswered);
      assert.deepEqual(listed[i], {
        ...listed[i],
        client: flow.ip.includes(":") ? `[${flow.ip}]:${flow.port}` : `${flow.ip}:${flow.port}`,
        listenerSlot: flow.listener,
        backendSlot: flow.backend,
        requests: flow.requests,
        replies: flow.replies,
        requestBytes: flow.requests * 100,
        replyBytes: flow.replies * 50,
        idleMs: this.#rig.nowMs - flow.seenMs,
        ageMs: this.#rig.nowMs - flow.createdMs,
        open: flow.state === "open",
      });
    });
  }
}

describe("Forwarder", () => {
  it("does what the model says, whatever happens", () => {
    const script = fc.array(events, { minLength: 40, maxLength: 120, size: "max" });
    fc.assert(
      fc.property(snapshots, fc.nat(), script, (snapshot, seed, steps) => {
        const run = new Script(snapshot, seed);
        for (const step of steps) run.run(step);
        run.finish();
      }),
      { numRuns: 400 },
    );
  });
});
