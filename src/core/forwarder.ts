/**
 * The decisions about every datagram: which flow a request belongs to, which backend a new one gets, whether a reply
 * may pass. One forwarder belongs to one worker. It has no I/O, clock or randomness of its own; the plane that owns
 * it moves the datagrams and is told through `UpstreamHost` when a flow needs an upstream and when it no longer does.
 *
 *   request ─► fromClient ─► flow ≥ 0: send it on the flow's upstream     (requestFailed if that fails)
 *                        └─► drop < 0: counted already, nothing to do
 *                            (its backend refused it: refused, then reforward)
 *   reply ───► fromBackend ─► FORWARD / FORWARD_LAST / drop               (replyFailed if sending fails)
 */
import { CONSISTENT_SEED } from "./affinity-key.js";
import { BACKEND, backendAt, type Counters, LISTENER, listenerAt } from "./counters.js";
import { FlowCounts } from "./flow-counts.js";
import { FlowExpiry } from "./flow-expiry.js";
import { type FlowRef, isSameFlow } from "./flow-id.js";
import * as R from "./flow-record.js";
import type { FlowRing } from "./flow-ring.js";
import type { FlowTable } from "./flow-table.js";
import { END, Flows, type UpstreamHost } from "./flows.js";
import type { Guard } from "./guard/guard.js";
import { hashWordsSigned } from "./hash.js";
import { InheritedBindings } from "./inherited-bindings.js";
import { maskWords } from "./ip-words.js";
import { LocalHealth } from "./local-health.js";
import type { LoadView } from "./policies/policy.js";
import { createRouting, DROP, KEEP, MOVE, type Route, type Routing } from "./routing.js";
import type { Snapshot } from "./snapshot.js";
import { dropOf, FORWARD, FORWARD_LAST, reasonNumber, reasonOf } from "./verdict.js";

export interface ForwarderOptions {
  readonly host: UpstreamHost;
  readonly counters: Counters;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** 32 bits that clients cannot guess. */
  readonly seed: number;
  /** Zeroed memory for flow records that another thread reads too; it bounds `maxFlows`. Default: memory of its own. */
  readonly records?: SharedArrayBuffer | undefined;
  /** Where flows are noted as they end, while the snapshot has a `logSample`. Default: nowhere. */
  readonly log?: FlowRing | undefined;
}

/** Sets the guard's hash apart from that of flows. */
const GUARD_SEED = 0x27d4eb2f;
const INHERITED_SEED = 0x165667b1;

const NO_BACKEND = dropOf(reasonNumber("no_backend"));
const REFUSED = dropOf(reasonNumber("backend_refused"));
const LATE_REPLY = dropOf(reasonNumber("late_reply"));
const DRAINING = reasonNumber("backend_draining");
const REMOVED = reasonNumber("backend_removed");

export class Forwarder implements LoadView {
  /** Planes write a client's address here (words 0 to 5: IP, scope, port) before `fromClient`. */
  readonly key: Uint32Array;
  readonly table: FlowTable;
  /** When a datagram last passed, in either direction. */
  lastActivityMs = Number.NEGATIVE_INFINITY;

  readonly #flows: Flows;
  readonly #counts: FlowCounts;
  readonly #expiry: FlowExpiry;
  readonly #counters: Counters;
  readonly #random: () => number;
  readonly #seed: number;
  /** Scratch for what consistent policies hash. */
  readonly #hashed = new Uint32Array(5);
  readonly #local: LocalHealth;
  readonly #log: FlowRing | undefined;
  #routing: Routing;
  /** Undefined as soon as there are none. */
  #inherited: InheritedBindings | undefined;

  constructor(snapshot: Snapshot, options: ForwarderOptions) {
    this.#counters = options.counters;
    this.#random = options.random;
    this.#seed = options.seed;
    this.#flows = new Flows(snapshot.limits, options.host, options.counters, options.seed, options.records);
    this.#counts = new FlowCounts(this.#flows, options.counters);
    this.#expiry = new FlowExpiry(this.#flows);
    this.#log = options.log;
    this.#setLog(snapshot);
    this.table = this.#flows.table;
    this.key = this.table.key;
    this.#local = new LocalHealth(snapshot);
    this.#routing = this.#createRouting(snapshot, undefined);
  }

  get routing(): Routing {
    return this.#routing;
  }

  /** Puts a snapshot in force. Flows of listeners that are gone end; all others follow it from their next datagram. */
  apply(snapshot: Snapshot): void {
    const before = this.#routing;
    this.#local.reset(snapshot);
    this.#routing = this.#createRouting(snapshot, before);
    this.#flows.setLimits(snapshot.limits);
    this.#setLog(snapshot);
    for (let slot = 0; slot < before.routes.length; slot++) {
      if (before.routes[slot] && !this.#routing.routes[slot]) this.#flows.endAll(slot, END.listener_removed);
    }
  }

  #setLog({ logSample = 0 }: Snapshot): void {
    this.#flows.log = logSample > 0 ? this.#log : undefined;
    if (this.#log !== undefined && logSample > 0) this.#log.sample = logSample;
  }

  /** Takes over the live flows of a former process: their clients' first flows open on the same backends. */
  inherit(flows: Uint32Array, nowMs: number): void {
    const { routes } = this.#routing;
    const inherited = new InheritedBindings(flows, routes, { seed: this.#seed ^ INHERITED_SEED, nowMs });
    this.#inherited = inherited.isOver(routes, nowMs) ? undefined : inherited;
  }

  /**
   * A request of `length` bytes came in on a listener; its client's address is in `key`. Returns the flow to send it
   * on, or a drop.
   */
  fromClient(listener: number, length: number, nowMs: number): number {
    if (nowMs >= this.#local.untilMs) this.#recover(nowMs);
    const route = this.#routing.routes[listener];
    const counters = this.#counters;
    const at = listenerAt(listener);
    counters[at + LISTENER.requests]++;
    counters[at + LISTENER.requestBytes] += length;
    let flow = NO_BACKEND;
    if (route !== undefined) {
      this.key[R.KEY_PORT] = (listener << 16) | (this.key[R.KEY_PORT] & 0xffff);
      flow =
        route.guard === undefined
          ? this.#flowOf(route, undefined, nowMs)
          : this.#guarded(route, length, nowMs);
    }
    if (flow < 0) {
      counters[at + LISTENER.drops + reasonOf(flow)]++;
      return flow;
    }
    this.lastActivityMs = nowMs;
    this.#counts.countRequests(route as Route, flow, 1, length, nowMs);
    return flow;
  }

  /** A reply of `length` bytes came in on a flow's upstream. Returns FORWARD, FORWARD_LAST or a drop. */
  fromBackend(flow: number, length: number, nowMs: number): number {
    const at = flow * R.RECORD_WORDS;
    const state = this.table.u32[at + R.STATE] & R.STATE_MASK;
    const listener = this.table.u32[at + R.KEY_PORT] >>> 16;
    const route = this.#routing.routes[listener];
    if (route === undefined || state === R.ANSWERED || state === R.FREE) return this.lateReply(listener);
    if (route.guard !== undefined && route.guard.amplification > 0) {
      const verdict = this.#judgeReply(route.guard, flow, length);
      if (verdict < 0) return this.#withhold(route, flow, length, verdict, nowMs);
    }
    this.lastActivityMs = nowMs;
    const client = listenerAt(listener);
    this.#counters[client + LISTENER.replies]++;
    this.#counters[client + LISTENER.replyBytes] += length;
    if (!this.#counts.countReplies(route, flow, 1, length, nowMs)) return FORWARD;
    if (state === R.MOVED) return FORWARD;
    this.#flows.detach(flow, R.ANSWERED);
    return FORWARD_LAST;
  }

  /**
   * Whether further requests of one client that came in the same burst go where its first one went, so that
   * `restOfBurst` may count them together.
   */
  keepsBursts(listener: number): boolean {
    const route = this.#routing.routes[listener];
    if (route === undefined || route.affinity === "none" || route.requests > 0) return false;
    return route.guard === undefined || !route.guard.limitsDatagrams;
  }

  /** `count` more requests, `bytes` in all, of the client whose request just went to `flow`. See `keepsBursts`. */
  restOfBurst(listener: number, flow: number, count: number, bytes: number, nowMs: number): void {
    const at = listenerAt(listener);
    this.#counters[at + LISTENER.requests] += count;
    this.#counters[at + LISTENER.requestBytes] += bytes;
    this.#counts.countRequests(this.#routing.routes[listener] as Route, flow, count, bytes, nowMs);
  }

  /**
   * Whether replies of this flow are counted neither against `session.responses` nor by the guard, so that a burst may
   * be judged at once.
   */
  takesReplyBursts(flow: number): boolean {
    const at = flow * R.RECORD_WORDS;
    const route = this.#routing.routes[this.table.u32[at + R.KEY_PORT] >>> 16];
    if (route === undefined || route.responses > 0) return false;
    if (route.guard === undefined || route.guard.amplification === 0) return true;
    return (this.table.u32[at + R.STATE] & R.PROVED) !== 0;
  }

  /** `count` replies, `bytes` in all, on the upstream of a flow that takes reply bursts. FORWARD or a drop. */
  burstFromBackend(flow: number, count: number, bytes: number, nowMs: number): number {
    const listener = this.table.u32[flow * R.RECORD_WORDS + R.KEY_PORT] >>> 16;
    const verdict = this.fromBackend(flow, 0, nowMs);
    if (verdict !== FORWARD) return this.lateReply(listener, count - 1);
    const at = listenerAt(listener);
    this.#counters[at + LISTENER.replies] += count - 1;
    this.#counters[at + LISTENER.replyBytes] += bytes;
    this.#counts.countReplies(this.#routing.routes[listener] as Route, flow, count - 1, bytes, nowMs);
    return FORWARD;
  }

  /** Ends a flow whose last reply, marked FORWARD_LAST, has been sent. */
  endAnswered(flow: number): void {
    if ((this.table.u32[flow * R.RECORD_WORDS + R.STATE] & R.STATE_MASK) !== R.ANSWERED) return;
    this.#flows.end(flow, END.answered);
  }

  /** A request that `fromClient` let pass could not be sent; `reason` is a number in DROP_REASONS. `count` of them, `bytes` in all. */
  requestFailed(listener: number, backendSlot: number, bytes: number, reason: number, count = 1): void {
    const backend = backendAt(backendSlot);
    this.#counters[backend + BACKEND.requests] -= count;
    this.#counters[backend + BACKEND.requestBytes] -= bytes;
    this.#counters[listenerAt(listener) + LISTENER.drops + reason] += count;
  }

  /** A reply that `fromBackend` let pass could not be sent to its client. */
  replyFailed(listener: number, bytes: number, reason: number, count = 1): void {
    const at = listenerAt(listener);
    this.#counters[at + LISTENER.replies] -= count;
    this.#counters[at + LISTENER.replyBytes] -= bytes;
    this.#counters[at + LISTENER.replyDrops + reason] += count;
  }

  /** Counts replies whose flow is over; they go to nobody. Returns the verdict. */
  lateReply(listener: number, count = 1): number {
    this.#counters[listenerAt(listener) + LISTENER.replyDrops + reasonOf(LATE_REPLY)] += count;
    return LATE_REPLY;
  }

  /**
   * The backend's host said that nobody listens there (ICMP port unreachable). Unless it is the last candidate of its
   * pool it counts as down for this worker until the next snapshot, for a second at most.
   */
  refused(backendSlot: number, nowMs: number): void {
    this.#counters[backendAt(backendSlot) + BACKEND.refused]++;
    if (this.#local.refuse(backendSlot, nowMs)) this.#reroute();
  }

  /**
   * A request of `length` bytes that left on `flow` was refused, and no program has seen it: after `refused`, finds or
   * opens the flow that it now goes to. Returns that, or a drop, which is counted. To the listener it is no new request.
   * Its guard has judged it already. Refusals can be made up: of a flow without requests none is taken back or counted.
   */
  reforward(flow: number, length: number, nowMs: number): number {
    const { u32 } = this.table;
    const at = flow * R.RECORD_WORDS;
    const listener = u32[at + R.KEY_PORT] >>> 16;
    const backend = u32[at + R.BACKEND];
    const route = this.#routing.routes[listener];
    if (u32[at + R.REQUESTS] === 0) return REFUSED;
    for (let i = 0; i <= R.KEY_PORT; i++) this.key[i] = u32[at + i];
    this.#counts.takeBackRequests(flow, 1, length);
    let next = REFUSED;
    if (route !== undefined && this.#mayLeave(route, backend)) next = this.#flowOf(route, undefined, nowMs);
    if (next >= 0 && this.table.u32[next * R.RECORD_WORDS + R.BACKEND] === backend) next = REFUSED;
    if (next < 0) this.#counters[listenerAt(listener) + LISTENER.drops + reasonOf(next)]++;
    else this.#counts.countRequests(route as Route, next, 1, length, nowMs);
    return next;
  }

  /** `count` requests of a flow, `bytes` in all, were refused and cannot be sent to another backend. At most those it had count. */
  requestsRefused(flow: number, bytes: number, count: number): void {
    const at = flow * R.RECORD_WORDS;
    const listener = this.table.u32[at + R.KEY_PORT] >>> 16;
    const taken = Math.min(count, this.table.u32[at + R.REQUESTS]);
    if (taken === 0) return;
    this.#counts.takeBackRequests(flow, taken, bytes);
    this.#counters[listenerAt(listener) + LISTENER.drops + reasonOf(REFUSED)] += taken;
  }

  /** Ends a flow that takes no more requests and has had every one of them refused: nothing can come of it. */
  endIfAllRefused(flow: number): void {
    const at = flow * R.RECORD_WORDS;
    const state = this.table.u32[at + R.STATE] & R.STATE_MASK;
    if (state !== R.DETACHED || this.table.u32[at + R.REQUESTS] > 0) return;
    this.#flows.detach(flow, R.ANSWERED);
    this.#flows.end(flow, END.failed);
  }

  /** A flow's upstream is broken beyond use: the flow ends, its next datagram starts a new one. */
  fail(flow: number): void {
    if (this.table.isLive(flow)) this.#flows.end(flow, END.failed);
  }

  /** Ends a flow because somebody asked for it. False when it is over already. */
  endFlow({ flow, createdMs, serial }: FlowRef): boolean {
    if (!isSameFlow(this.table.u32, this.table.f64, { flow, createdMs, serial })) return false;
    this.#flows.end(flow, END.operator);
    return true;
  }

  /** Ends every flow: the balancer stops. */
  endEverything(): void {
    for (let slot = 0; slot < this.#routing.routes.length; slot++) this.#flows.endAll(slot, END.closed);
  }

  /**
   * Ends flows whose idle timeout or lifetime has passed, at most `most`. Call it a few times in the shortest
   * timeout; between calls an overdue flow still ends when its next request comes. Returns how many ended.
   */
  expire(nowMs: number, most: number): number {
    if (this.#inherited?.isOver(this.#routing.routes, nowMs)) this.#inherited = undefined;
    let ended = 0;
    for (const route of this.#routing.routes) {
      if (route !== undefined && ended < most) ended += this.#expiry.expire(route, nowMs, most - ended);
    }
    return ended;
  }

  activeFlows(slot: number): number {
    return this.#counters[backendAt(slot) + BACKEND.activeFlows];
  }

  outstanding(slot: number): number {
    return this.#counters[backendAt(slot) + BACKEND.outstanding];
  }

  /** Backends whose refusal is some time ago count as the snapshot says again. */
  #recover(nowMs: number): void {
    this.#local.expire(nowMs);
    this.#reroute();
  }

  #reroute(): void {
    this.#routing = this.#createRouting(this.#local.view(), this.#routing);
  }

  /** Whether a request that this backend refused may go to another. Affinity `none` binds nobody to a backend. */
  #mayLeave(route: Route, backend: number): boolean {
    if (route.affinity === "none") return true;
    const inPool = this.#routing.poolOf[backend] === route.poolSlot;
    return (inPool ? this.#routing.actions[backend] : route.removedAction) === MOVE;
  }

  #createRouting(snapshot: Snapshot, previous: Routing | undefined): Routing {
    const guardSeed = this.#seed ^ GUARD_SEED;
    return createRouting(snapshot, { load: this, random: this.#random, seed: guardSeed, previous });
  }

  /** @param guard judges whether the client may open a flow */
  #flowOf(route: Route, guard: Guard | undefined, nowMs: number): number {
    return route.affinity === "none" ? this.#dealt(route, guard, nowMs) : this.#bound(route, guard, nowMs);
  }

  /** `#flowOf` where the listener has a guard. */
  #guarded(route: Route, length: number, nowMs: number): number {
    const guard = route.guard as Guard;
    const verdict = guard.judge(this.key, length, nowMs);
    if (verdict < 0) return verdict;
    const flow = this.#flowOf(route, guard, nowMs);
    if (flow >= 0 && guard.amplification > 0) {
      // A client that others pretend to be sees no reply, so nothing that it sends is said after one.
      const at = flow * R.RECORD_WORDS + R.STATE;
      if ((this.table.u32[at] & R.REPLIED) !== 0) this.table.u32[at] |= R.PROVED;
    }
    return flow;
  }

  #judgeReply(guard: Guard, flow: number, length: number): number {
    const { u32, f64 } = this.table;
    const at = flow * R.RECORD_WORDS + R.STATE;
    if ((u32[at] & R.PROVED) !== 0) return 0;
    const verdict = guard.judgeReply(f64, flow * R.RECORD_DOUBLES, length);
    if (verdict === 0) u32[at] |= R.REPLIED;
    return verdict;
  }

  /** Drops a reply for the guard. To the backend it is a reply like any other: it has answered. */
  #withhold(route: Route, flow: number, length: number, verdict: number, nowMs: number): number {
    const times = flow * R.RECORD_DOUBLES;
    const state = this.table.u32[flow * R.RECORD_WORDS + R.STATE] & R.STATE_MASK;
    const isLast = this.#counts.countReplies(route, flow, 1, length, nowMs);
    this.table.f64[times + R.REPLY_BYTES] -= length;
    this.#counters[listenerAt(route.listener.slot) + LISTENER.replyDrops + reasonOf(verdict)]++;
    if (isLast && state !== R.MOVED) {
      this.#flows.detach(flow, R.ANSWERED);
      this.#flows.end(flow, END.answered);
    }
    return verdict;
  }

  /** Affinity `none`: the policy deals out every datagram; a client has one flow for each backend it is dealt to. */
  #dealt(route: Route, guard: Guard | undefined, nowMs: number): number {
    if (this.#flows.wholeClient[route.listener.slot] > 0) {
      const flow = this.#findWholeClient(route, nowMs);
      if (flow >= 0) return this.#follow(route, flow, nowMs);
    }
    const backend = route.policy.choose(route.hashed ? this.#consistentHash(route) : 0);
    if (backend < 0) return NO_BACKEND;
    this.key[R.KEY_DISCRIMINATOR] = backend + 1;
    const hash = this.table.hashKey();
    const flow = this.table.find(hash);
    if (flow >= 0 && !this.#expiry.endIfOver(route, flow, nowMs)) return flow;
    const verdict = guard === undefined ? 0 : guard.judgeNewFlow(this.key, nowMs);
    return verdict < 0 ? verdict : this.#flows.open(route, backend, hash, -1, nowMs);
  }

  /** Affinity `client` and `client-ip`: the client's flow, or a new one on the backend that its key has or gets. */
  #bound(route: Route, guard: Guard | undefined, nowMs: number): number {
    const flow = this.#findWholeClient(route, nowMs);
    if (flow >= 0) return this.#follow(route, flow, nowMs);
    const inherited = this.#inherited === undefined ? -1 : this.#takeInherited(route, nowMs);
    if (inherited >= 0) return this.#openBound(route, inherited, nowMs);
    const verdict = guard === undefined ? 0 : guard.judgeNewFlow(this.key, nowMs);
    if (verdict < 0) return verdict;
    const backend = this.#chooseBound(route);
    return backend < 0 ? NO_BACKEND : this.#openBound(route, backend, nowMs);
  }

  #findWholeClient(route: Route, nowMs: number): number {
    this.key[R.KEY_DISCRIMINATOR] = 0;
    const flow = this.table.find(this.table.hashKey());
    return flow >= 0 && this.#expiry.endIfOver(route, flow, nowMs) ? -1 : flow;
  }

  /**
   * The next datagram of a flow: it stays, moves or is dropped, as its backend's state has it. A backend that is not in
   * the listener's pool any more counts as removed, whatever its state in another.
   */
  #follow(route: Route, flow: number, nowMs: number): number {
    const backend = this.table.u32[flow * R.RECORD_WORDS + R.BACKEND];
    const inPool = this.#routing.poolOf[backend] === route.poolSlot;
    const action = inPool ? this.#routing.actions[backend] : route.removedAction;
    if (action === KEEP) return flow;
    const reason = inPool ? this.#routing.reasons[backend] : REMOVED;
    if (action === DROP) return dropOf(reason);
    const next = this.#chooseBound(route);
    if (next < 0) return reason === DRAINING ? flow : NO_BACKEND;
    const proof = this.table.u32[flow * R.RECORD_WORDS + R.STATE] & (R.REPLIED | R.PROVED);
    const moved = this.#openBound(route, next, nowMs, flow);
    if (moved >= 0) this.table.u32[moved * R.RECORD_WORDS + R.STATE] |= proof;
    return moved;
  }

  /** Whether a binding to this backend is good for further flows: where it has left the pool, it is not. */
  #holdsBindings(route: Route, backend: number): boolean {
    return this.#routing.poolOf[backend] === route.poolSlot && this.#routing.holdsBindings[backend] === 1;
  }

  /** The backend for the client in `key`: the one its affinity key is bound to, else as the policy says; or -1. */
  #chooseBound(route: Route): number {
    if (route.affinity === "client-ip") {
      const { bindings } = this.#flows;
      this.#writeAffinityKey(route, bindings.key);
      bindings.key[4] = route.poolSlot;
      const binding = bindings.find();
      if (binding >= 0 && this.#holdsBindings(route, bindings.value(binding))) return bindings.value(binding);
    }
    return route.policy.choose(route.hashed ? this.#consistentHash(route) : 0);
  }

  /** @param former the flow whose client goes on with the new one, or -1 */
  #openBound(route: Route, backend: number, nowMs: number, former = -1): number {
    const { bindings } = this.#flows;
    let binding = -1;
    if (route.affinity === "client-ip") {
      binding = bindings.find();
      if (binding < 0) binding = bindings.insert(backend);
      bindings.retain(binding);
    }
    this.key[R.KEY_DISCRIMINATOR] = 0;
    const hash = this.table.hashKey();
    const flow =
      former < 0
        ? this.#flows.open(route, backend, hash, binding, nowMs)
        : this.#flows.openNext(former, route, backend, hash, binding, nowMs);
    if (binding >= 0) {
      if (flow < 0) bindings.release(binding);
      else bindings.setValue(binding, backend);
    }
    return flow;
  }

  /** The backend that a former process had bound the client in `key` to, while it may have further flows; or -1. */
  #takeInherited(route: Route, nowMs: number): number {
    const inherited = this.#inherited as InheritedBindings;
    const backend = inherited.take(route, this.key, this.key[R.KEY_PORT], nowMs);
    if (backend < 0 || !this.#holdsBindings(route, backend)) return -1;
    if (route.affinity === "client-ip") {
      this.#writeAffinityKey(route, this.#flows.bindings.key);
      this.#flows.bindings.key[4] = route.poolSlot;
    }
    return backend;
  }

  #writeAffinityKey(route: Route, out: Uint32Array): void {
    for (let i = 0; i < 4; i++) out[i] = this.key[i];
    maskWords(out, 0, route.prefix4, route.prefix6);
  }

  /** A hash of the affinity key alone, without listener or seed. Affinity `none` hashes the client. */
  #consistentHash(route: Route): number {
    const words = this.#hashed;
    if (route.affinity === "client-ip") {
      this.#writeAffinityKey(route, words);
      return hashWordsSigned(words, 0, 4, CONSISTENT_SEED);
    }
    for (let i = 0; i < 4; i++) words[i] = this.key[i];
    words[4] = this.key[R.KEY_PORT] & 0xffff;
    return hashWordsSigned(words, 0, 5, CONSISTENT_SEED);
  }
}
