/**
 * What a forwarder should do, in the plainest terms: flows in an array that is searched from end to end. It replays
 * each event after the real forwarder has handled it, predicts the verdict, and checks what it must leave open: which
 * flow made room, and which of the flows that are barely overdue have ended.
 */
import assert from "node:assert/strict";
import type { ClosedUpstream } from "#src/core/forwarder-rig.testing.js";
import { hashWords } from "#src/core/hash.js";
import { maskWords, writeIpWords } from "#src/core/ip-words.js";
import { createPolicy } from "#src/core/policies/create-policy.js";
import type { LoadView, Policy } from "#src/core/policies/policy.js";
import type { BackendEntry, ListenerEntry, PoolEntry, Snapshot } from "#src/core/snapshot.js";

export interface ModelFlow {
  readonly number: number;
  readonly ip: string;
  readonly port: number;
  readonly listener: number;
  readonly backend: number;
  /** Opened with an affinity other than `none`: it takes all of its client's requests. */
  readonly whole: boolean;
  /** The affinity key that it holds the binding of. */
  readonly boundKey: string | undefined;
  readonly createdMs: number;
  state: "open" | "full" | "moved";
  seenMs: number;
  movedMs: number;
  requests: number;
  replies: number;
  unanswered: number;
  waitingSinceMs: number;
}

/** What one event did to the host. */
export interface Happened {
  /** The flow whose upstream was opened. */
  readonly opened: number | undefined;
  readonly closed: ClosedUpstream[];
}

interface Client {
  readonly listener: number;
  readonly ip: string;
  readonly port: number;
}

type Action = "stay" | "move" | "backend_down" | "backend_draining" | "backend_removed";

const CONSISTENT_SEED = 0x517ce5;

export class ForwarderModel implements LoadView {
  flows: ModelFlow[] = [];
  snapshot: Snapshot;
  /** Affinity key → backend, while a live flow holds it. */
  readonly bindings = new Map<string, number>();
  readonly #random: () => number;
  #policies = new Map<number, Policy>();
  /** The longest an eighth of an idle timeout has been: how late a flow may be listed. */
  #slackMs = 0;

  constructor(snapshot: Snapshot, random: () => number) {
    this.#random = random;
    this.snapshot = snapshot;
    this.apply(snapshot, { opened: undefined, closed: [] });
  }

  apply(snapshot: Snapshot, happened: Happened): void {
    const policies = new Map<number, Policy>();
    for (const pool of snapshot.pools) {
      const previous = this.#policies.get(pool.slot);
      const parts = { maglevTableSize: pool.maglevTableSize, load: this, random: this.#random, previous };
      policies.set(pool.slot, createPolicy(pool.policy, { ...parts, candidates: takers(pool) }));
    }
    this.#policies = policies;
    this.snapshot = snapshot;
    for (const { session } of snapshot.listeners)
      this.#slackMs = Math.max(this.#slackMs, session.idleTimeoutMs / 8);
    for (const { flow } of happened.closed) {
      assert.equal(this.#poolOf(this.#remove(flow).listener), undefined, `flow ${flow} lost its listener`);
    }
    assert.ok(this.flows.every((flow) => this.#poolOf(flow.listener)));
  }

  /** The flow that a request should go to, or the reason why to none. A new flow gets the number that it really got. */
  request(client: Client, nowMs: number, happened: Happened, refusal: string | undefined): number | string {
    const listener = this.snapshot.listeners.find(({ slot }) => slot === client.listener);
    const pool = this.#poolOf(client.listener);
    let result: number | string = "no_backend";
    if (listener && pool) result = this.#route(client, listener, pool, { nowMs, happened, refusal });
    assert.deepEqual(happened.closed, [], "nothing else was closed");
    if (typeof result === "string") return result;
    this.#countRequest(this.#flow(result), listener as ListenerEntry, nowMs);
    return result;
  }

  reply(number: number, nowMs: number): "forward" | "last" | "late_reply" {
    const flow = this.flows.find((one) => one.number === number);
    const listener = this.snapshot.listeners.find(({ slot }) => slot === flow?.listener);
    if (!flow || !listener) return "late_reply";
    const { responses } = listener.session;
    flow.replies++;
    flow.seenMs = nowMs;
    flow.waitingSinceMs = nowMs;
    if (flow.unanswered > 0 && flow.replies % Math.max(1, responses) === 0) flow.unanswered--;
    if (responses === 0 || flow.replies < flow.requests * responses) return "forward";
    return flow.state === "moved" ? "forward" : "last";
  }

  /** After the last reply. */
  answered(number: number, happened: Happened): void {
    const flow = this.#take(happened, false);
    assert.equal(flow.number, number);
  }

  fail(number: number, happened: Happened): void {
    if (this.flows.some((flow) => flow.number === number))
      assert.equal(this.#take(happened, true).number, number);
  }

  /** All that ended were due, and none is left that is overdue by more than the slack. */
  expire(nowMs: number, happened: Happened): void {
    while (happened.closed.length > 0) {
      const flow = this.#take(happened, true);
      assert.ok(this.#overdueMs(flow, nowMs) >= 0, `flow ${flow.number} ended too early`);
    }
    for (const flow of this.flows)
      assert.ok(this.#overdueMs(flow, nowMs) <= this.#slackMs, `flow ${flow.number} should have ended`);
  }

  activeFlows(slot: number): number {
    return this.flows.filter(({ backend }) => backend === slot).length;
  }

  outstanding(slot: number): number {
    return this.flows.reduce((sum, flow) => sum + (flow.backend === slot ? flow.unanswered : 0), 0);
  }

  #route(client: Client, listener: ListenerEntry, pool: PoolEntry, event: OpenEvent): number | string {
    const whole = this.#openFlow(client, listener, event, (flow) => flow.whole);
    if (whole) return this.#follow(whole, client, pool, event);
    const affinity = pool.affinity.kind;
    const backend = this.#choose(client, pool);
    if (backend < 0) return "no_backend";
    if (affinity !== "none") return this.#open(client, pool, backend, true, event);
    const dealt = this.#openFlow(client, listener, event, (flow) => !flow.whole && flow.backend === backend);
    return dealt ? dealt.number : this.#open(client, pool, backend, false, event);
  }

  /** The client's open flow of some kind; one that is past its time ends here. */
  #openFlow(
    client: Client,
    { session }: ListenerEntry,
    { nowMs, happened }: OpenEvent,
    kind: (flow: ModelFlow) => boolean,
  ): ModelFlow | undefined {
    const found = this.flows.filter((flow) => flow.state === "open" && isSame(flow, client) && kind(flow));
    assert.ok(found.length <= 1, "a client has one open flow of a kind");
    const flow = found[0];
    if (!flow) return undefined;
    const isIdle = nowMs - flow.seenMs >= session.idleTimeoutMs;
    if (!isIdle && (session.maxLifetimeMs === 0 || nowMs - flow.createdMs < session.maxLifetimeMs))
      return flow;
    assert.equal(this.#take(happened, true), flow);
    return undefined;
  }

  #follow(flow: ModelFlow, client: Client, pool: PoolEntry, event: OpenEvent): number | string {
    const action = actionOf(flow.backend, pool);
    if (action === "stay") return flow.number;
    if (action !== "move") return action;
    const next = this.#choose(client, pool);
    const entry = pool.backends.find(({ slot }) => slot === flow.backend);
    if (next < 0) return entry && isDraining(entry, pool) ? flow.number : "no_backend";
    return this.#openNext(flow, client, pool, next, event);
  }

  /** Limits are no hindrance; a refusal leaves the former flow as it was, unless it is its descriptor that is wanted. */
  #openNext(
    former: ModelFlow,
    client: Client,
    pool: PoolEntry,
    backend: number,
    event: OpenEvent,
  ): number | string {
    const { nowMs, happened, refusal } = event;
    if (refusal !== undefined && refusal !== "no_descriptor") return refusal;
    former.state = "moved";
    former.movedMs = nowMs;
    if (refusal !== undefined) this.#shedMoved(happened);
    const opened = refusal === undefined ? 1 : 0;
    const { maxFlows } = this.snapshot.limits;
    for (let victims = 0; victims < 2 && this.flows.length + opened > maxFlows; victims++)
      this.#shedMoved(happened);
    return refusal ?? this.#enter(client, pool, backend, true, event);
  }

  #shedMoved(happened: Happened): void {
    const moved = this.flows.filter(({ state }) => state === "moved");
    if (moved.length === 0) return;
    assert.equal(this.#take(happened, true).movedMs, Math.min(...moved.map(({ movedMs }) => movedMs)));
  }

  #choose(client: Client, pool: PoolEntry): number {
    const bound = this.bindings.get(keyOf(client, pool) ?? "");
    const entry = pool.backends.find(({ slot }) => slot === bound);
    if (entry && entry.admin !== "disabled" && actionOf(entry.slot, pool) === "stay") return entry.slot;
    return this.#policies.get(pool.slot)?.choose(hashOf(client, pool)) ?? -1;
  }

  #open(client: Client, pool: PoolEntry, backend: number, whole: boolean, event: OpenEvent): number | string {
    const { happened, refusal } = event;
    const { maxFlowsPerClientIp } = this.snapshot.limits;
    const ofIp = this.flows.filter(({ ip, state }) => ip === client.ip && state !== "moved").length;
    if (maxFlowsPerClientIp > 0 && ofIp >= maxFlowsPerClientIp) return "client_flow_limit";
    if (!this.#makeRoom(happened)) return "flow_table_full";
    return refusal ?? this.#enter(client, pool, backend, whole, event);
  }

  #enter(client: Client, pool: PoolEntry, backend: number, whole: boolean, event: OpenEvent): number {
    const { nowMs, happened } = event;
    const boundKey = keyOf(client, pool);
    assert.ok(happened.opened !== undefined, "a flow was opened");
    assert.ok(this.flows.every(({ number }) => number !== happened.opened));
    if (boundKey !== undefined) this.bindings.set(boundKey, backend);
    const times = { createdMs: nowMs, seenMs: nowMs, movedMs: 0, waitingSinceMs: 0 };
    const counts = { requests: 0, replies: 0, unanswered: 0 };
    const number = happened.opened;
    this.flows.push({ ...client, number, backend, whole, boundKey, state: "open", ...times, ...counts });
    return number;
  }

  /** Checks that whoever had to go was one that might. */
  #makeRoom(happened: Happened): boolean {
    const { maxFlows, onFull } = this.snapshot.limits;
    for (let victims = 0; victims < 2 && this.flows.length >= maxFlows; victims++) {
      const moved = this.flows.filter(({ state }) => state === "moved");
      if (moved.length === 0 && onFull === "drop") return victims > 0;
      const before = [...this.flows];
      const victim = this.#take(happened, true);
      if (moved.length > 0) assert.equal(victim.movedMs, Math.min(...moved.map(({ movedMs }) => movedMs)));
      else assert.ok(victim.seenMs - Math.min(...before.map(({ seenMs }) => seenMs)) <= this.#slackMs);
    }
    return true;
  }

  #countRequest(flow: ModelFlow, { session }: ListenerEntry, nowMs: number): void {
    flow.requests++;
    flow.seenMs = nowMs;
    const isFresh = flow.unanswered === 0 || nowMs - flow.waitingSinceMs >= 1000;
    flow.unanswered = isFresh ? 1 : flow.unanswered + 1;
    if (isFresh) flow.waitingSinceMs = nowMs;
    if (session.requests > 0 && flow.requests >= session.requests) flow.state = "full";
  }

  #overdueMs(flow: ModelFlow, nowMs: number): number {
    const listener = this.snapshot.listeners.find(({ slot }) => slot === flow.listener);
    assert.ok(listener);
    const { idleTimeoutMs, maxLifetimeMs } = listener.session;
    const lifetimeMs = maxLifetimeMs > 0 ? nowMs - flow.createdMs - maxLifetimeMs : Number.NEGATIVE_INFINITY;
    const idleMs =
      flow.state === "moved"
        ? nowMs - flow.movedMs - Math.min(5000, idleTimeoutMs)
        : nowMs - flow.seenMs - idleTimeoutMs;
    return Math.max(lifetimeMs, idleMs);
  }

  /** The flow that was closed next leaves the model as well. */
  #take(happened: Happened, unanswered: boolean): ModelFlow {
    const next = happened.closed.shift();
    assert.ok(next, "a flow should have ended");
    assert.equal(next.unanswered, unanswered);
    return this.#remove(next.flow);
  }

  #remove(number: number): ModelFlow {
    const flow = this.#flow(number);
    this.flows = this.flows.filter((one) => one !== flow);
    if (flow.boundKey !== undefined && !this.flows.some(({ boundKey }) => boundKey === flow.boundKey))
      this.bindings.delete(flow.boundKey);
    return flow;
  }

  #flow(number: number): ModelFlow {
    const flow = this.flows.find((one) => one.number === number);
    assert.ok(flow, `flow ${number} is live`);
    return flow;
  }

  #poolOf(listenerSlot: number): PoolEntry | undefined {
    const listener = this.snapshot.listeners.find(({ slot }) => slot === listenerSlot);
    return this.snapshot.pools.find(({ slot }) => slot === listener?.poolSlot);
  }
}

interface OpenEvent {
  readonly nowMs: number;
  readonly happened: Happened;
  readonly refusal: string | undefined;
}

function isSame(flow: ModelFlow, client: Client): boolean {
  return flow.ip === client.ip && flow.port === client.port && flow.listener === client.listener;
}

/** Backends that take new keys. */
export function takers(pool: PoolEntry): readonly BackendEntry[] {
  const willing = pool.backends.filter(({ admin, weight }) => admin === "enabled" && weight > 0);
  return everyoneCounts(pool) ? willing : willing.filter(({ admitted }) => admitted);
}

function everyoneCounts(pool: PoolEntry): boolean {
  const healthy = pool.backends.some((b) => b.admin === "enabled" && b.weight > 0 && b.admitted);
  return pool.failOpen && !healthy;
}

function isDraining(backend: BackendEntry, pool: PoolEntry): boolean {
  const isUp = backend.admitted || everyoneCounts(pool);
  return backend.admin !== "disabled" && isUp && (backend.admin === "draining" || backend.weight === 0);
}

/** What the pool asks for a flow that is on this backend. */
function actionOf(slot: number, pool: PoolEntry): Action {
  const backend = pool.backends.find((one) => one.slot === slot);
  const { removed, draining, unhealthy } = pool.failover;
  const named = (action: "move" | "keep" | "drop", reason: Action): Action =>
    action === "keep" ? "stay" : action === "move" ? "move" : reason;
  if (!backend || backend.admin === "disabled") return named(removed, "backend_removed");
  if (!backend.admitted && !everyoneCounts(pool)) return named(unhealthy, "backend_down");
  return isDraining(backend, pool) ? named(draining, "backend_draining") : "stay";
}

function keyWords(client: Client, pool: PoolEntry): Uint32Array {
  const words = new Uint32Array(5);
  assert.ok(writeIpWords(client.ip, words, 0));
  const { affinity } = pool;
  if (affinity.kind === "client-ip") maskWords(words, 0, affinity.prefix4, affinity.prefix6);
  return words;
}

/** With `client-ip`, the key that flows share; pools do not. */
function keyOf(client: Client, pool: PoolEntry): string | undefined {
  return pool.affinity.kind === "client-ip" ? `${pool.slot} ${keyWords(client, pool)}` : undefined;
}

function hashOf(client: Client, pool: PoolEntry): number {
  const words = keyWords(client, pool);
  words[4] = client.port;
  return hashWords(words, 0, pool.affinity.kind === "client-ip" ? 4 : 5, CONSISTENT_SEED);
}
