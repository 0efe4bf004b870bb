/** A forwarder for tests with counters of its own and a host that records what it is asked for. Time is a number. */
import assert from "node:assert/strict";
import {
  BACKEND,
  backendAt,
  type Counters,
  createCounters,
  FLOW_ENDS,
  type FlowEnd,
  LISTENER,
  listenerAt,
} from "./counters.js";
import { DROP_REASONS, type DropReason } from "./drop-reason.js";
import * as R from "./flow-record.js";
import type { UpstreamHost } from "./flows.js";
import { Forwarder } from "./forwarder.js";
import { writeIpWords } from "./ip-words.js";
import type { Snapshot } from "./snapshot.js";
import { buildSnapshot, type SnapshotParts } from "./snapshot-builder.testing.js";
import { dropOf, FORWARD, FORWARD_LAST, reasonNumber, reasonOf } from "./verdict.js";

export interface ClosedUpstream {
  readonly flow: number;
  readonly backend: number;
  readonly unanswered: boolean;
}

/** Fails the test when a flow number is opened twice or closed without being open. */
export class RecordingHost implements UpstreamHost {
  /** Flow → backend slot. */
  readonly open = new Map<number, number>();
  /** In the order of the calls. */
  closed: ClosedUpstream[] = [];
  opened = 0;
  /** While set, every upstream is refused for this reason. */
  refusal: DropReason | undefined;
  /** Most upstreams that can be open at one time. */
  descriptors = Number.POSITIVE_INFINITY;

  openUpstream(flow: number, backend: number): number {
    if (this.open.size >= this.descriptors) return dropOf(reasonNumber("no_descriptor"));
    if (this.refusal !== undefined) return dropOf(reasonNumber(this.refusal));
    assert.ok(!this.open.has(flow), `flow ${flow} is open already`);
    this.open.set(flow, backend);
    this.opened++;
    return 0;
  }

  closeUpstream(flow: number, unanswered: boolean): void {
    const backend = this.open.get(flow);
    assert.ok(backend !== undefined, `flow ${flow} is not open`);
    this.open.delete(flow);
    this.closed.push({ flow, backend, unanswered });
  }
}

export interface RigOptions {
  readonly random?: () => number;
  readonly seed?: number;
}

export class ForwarderRig {
  readonly host = new RecordingHost();
  readonly counters: Counters = createCounters();
  readonly forwarder: Forwarder;
  /** The time of every call; tests set it. */
  nowMs = 0;

  constructor(parts: SnapshotParts | Snapshot = {}, { random = () => 0, seed = 1 }: RigOptions = {}) {
    const { host, counters } = this;
    this.forwarder = new Forwarder(buildSnapshot(parts), { host, counters, random, seed });
  }

  reload(parts: SnapshotParts | Snapshot): void {
    this.forwarder.apply(buildSnapshot(parts));
  }

  /** The verdict on a request from a client such as `192.0.2.1:4000` or `[2001:db8::1]:4000`. */
  request(client: string, listener = 0, length = 100): number {
    const colon = client.lastIndexOf(":");
    const { key } = this.forwarder;
    assert.ok(writeIpWords(client.slice(0, colon).replace(/[[\]]/g, ""), key, 0), client);
    key[R.KEY_SCOPE] = 0;
    key[R.KEY_PORT] = Number(client.slice(colon + 1));
    return this.forwarder.fromClient(listener, length, this.nowMs);
  }

  /** Sends one request: the slot of the backend that it goes to, or the reason why to none. */
  send(client: string, listener = 0): number | DropReason {
    const verdict = this.request(client, listener);
    return verdict < 0 ? DROP_REASONS[reasonOf(verdict)] : this.backendOf(verdict);
  }

  /** `send` several times. */
  sendMany(client: string, count: number, listener = 0): (number | DropReason)[] {
    return Array.from({ length: count }, () => this.send(client, listener));
  }

  /** A reply on a flow's upstream, sent on and ended as a plane does. */
  reply(flow: number, length = 50): "forward" | "last" | DropReason {
    const verdict = this.forwarder.fromBackend(flow, length, this.nowMs);
    if (verdict === FORWARD) return "forward";
    if (verdict !== FORWARD_LAST) return DROP_REASONS[reasonOf(verdict)];
    this.forwarder.endAnswered(flow);
    return "last";
  }

  expire(most = Number.POSITIVE_INFINITY): number {
    return this.forwarder.expire(this.nowMs, most);
  }

  backendOf(flow: number): number {
    return this.forwarder.table.u32[flow * R.RECORD_WORDS + R.BACKEND];
  }

  listener(field: "requests" | "requestBytes" | "replies" | "replyBytes" | "movedFlows", slot = 0): number {
    return this.counters[listenerAt(slot) + LISTENER[field]];
  }

  backend(slot: number, field: Exclude<keyof typeof BACKEND, "replyTime">): number {
    return this.counters[backendAt(slot) + BACKEND[field]];
  }

  /** Dropped requests by reason, without those that are 0. */
  drops(slot = 0): Partial<Record<DropReason, number>> {
    return this.#named(DROP_REASONS, listenerAt(slot) + LISTENER.drops);
  }

  /** Dropped replies by reason, without those that are 0. */
  replyDrops(slot = 0): Partial<Record<DropReason, number>> {
    return this.#named(DROP_REASONS, listenerAt(slot) + LISTENER.replyDrops);
  }

  /** Ended flows by reason, without those that are 0. */
  ended(slot = 0): Partial<Record<FlowEnd, number>> {
    return this.#named(FLOW_ENDS, listenerAt(slot) + LISTENER.ended);
  }

  /** Flows that are open now, as table, counters and host agree. */
  active(): number {
    const { live } = this.forwarder.table;
    let atListeners = 0;
    let atBackends = 0;
    for (let slot = 0; slot < 16; slot++) {
      atListeners += this.counters[listenerAt(slot) + LISTENER.activeFlows];
      atBackends += this.backend(slot, "activeFlows");
    }
    assert.deepEqual(
      { atListeners, atBackends, host: this.host.open.size },
      { atListeners: live, atBackends: live, host: live },
    );
    return live;
  }

  #named<Name extends string>(names: readonly Name[], at: number): Partial<Record<Name, number>> {
    const all = names.map((name, i) => [name, this.counters[at + i]] as const);
    return Object.fromEntries(all.filter(([, count]) => count !== 0)) as Partial<Record<Name, number>>;
  }
}
