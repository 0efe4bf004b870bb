/**
 * The decisions about every datagram: which flow a request belongs to, which backend a new one gets, whether a reply
 * may pass. One forwarder belongs to one worker. It has no I/O, clock or randomness of its own; the plane that owns
 * it moves the datagrams and is told through `UpstreamHost` when a flow needs an upstream and when it no longer does.
 *
 *   request ─► fromClient ─► flow ≥ 0: send it on the flow's upstream     (requestFailed if that fails)
 *                        └─► drop < 0: counted already, nothing to do
 *                            (its backend refused it: refused, then refusals.reforward)
 *   reply ───► fromBackend ─► FORWARD / FORWARD_LAST / drop               (replyFailed if sending fails)
 */
import { ClientProof } from "./client-proof.js";
import { BACKEND, backendAt, type Counters, LISTENER, listenerAt } from "./counters.js";
import { FlowCounts } from "./flow-counts.js";
import { FlowExpiry } from "./flow-expiry.js";
import { FlowFinder } from "./flow-finder.js";
import { type FlowRef, isSameFlow } from "./flow-id.js";
import * as R from "./flow-record.js";
import type { FlowRing } from "./flow-ring.js";
import type { FlowTable } from "./flow-table.js";
import { END, Flows, type UpstreamHost } from "./flows.js";
import type { Guard } from "./guard/guard.js";
import { LiveRouting } from "./live-routing.js";
import { RefusedRequests } from "./refused-requests.js";
import type { Route, Routing } from "./routing.js";
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

const NO_BACKEND = dropOf(reasonNumber("no_backend"));
const LATE_REPLY = dropOf(reasonNumber("late_reply"));
const UNANSWERABLE = dropOf(reasonNumber("unanswerable"));
const STRAY_REPLY = reasonNumber("stray_reply");

export class Forwarder {
  /** Planes write a client's address here (words 0 to 5: IP, scope, port) before `fromClient`. */
  readonly key: Uint32Array;
  readonly table: FlowTable;
  /** For requests that a backend's host refused, after `refused`. */
  readonly refusals: RefusedRequests;
  /** When a datagram last passed, in either direction. */
  lastActivityMs = Number.NEGATIVE_INFINITY;

  readonly #flows: Flows;
  readonly #counts: FlowCounts;
  readonly #expiry: FlowExpiry;
  readonly #counters: Counters;
  readonly #finder: FlowFinder;
  readonly #routing: LiveRouting;
  readonly #proof: ClientProof;
  readonly #log: FlowRing | undefined;

  constructor(snapshot: Snapshot, options: ForwarderOptions) {
    const { counters, host, seed, records } = options;
    const flows = new Flows(snapshot.limits, host, counters, seed, records);
    const counts = new FlowCounts(flows, counters);
    const routing = new LiveRouting(snapshot, options);
    this.#counters = counters;
    this.#flows = flows;
    this.#counts = counts;
    this.#expiry = new FlowExpiry(flows);
    this.#routing = routing;
    this.#finder = new FlowFinder(flows, this.#expiry, routing, seed);
    this.#proof = new ClientProof(flows.table);
    this.refusals = new RefusedRequests({ flows, counts, finder: this.#finder, routing, counters });
    this.#log = options.log;
    this.#setLog(snapshot);
    this.table = flows.table;
    this.key = this.table.key;
  }

  get routing(): Routing {
    return this.#routing.now;
  }

  /** Puts a snapshot in force. Flows of listeners that are gone end; all others follow it from their next datagram. */
  apply(snapshot: Snapshot): void {
    const before = this.#routing.now;
    this.#routing.apply(snapshot);
    this.#flows.setLimits(snapshot.limits);
    this.#setLog(snapshot);
    for (let slot = 0; slot < before.routes.length; slot++) {
      if (before.routes[slot] && !this.#routing.now.routes[slot])
        this.#flows.endAll(slot, END.listener_removed);
    }
  }

  /** Takes over the live flows of a former process: their clients' first flows open on the same backends. */
  inherit(flows: Uint32Array, nowMs: number): void {
    this.#finder.inherit(flows, nowMs);
  }

  /**
   * A request of `length` bytes came in on a listener; its client's address is in `key`. Returns the flow to send it
   * on, or a drop.
   */
  fromClient(listener: number, length: number, nowMs: number): number {
    const route = this.#routing.at(nowMs).routes[listener];
    const counters = this.#counters;
    const at = listenerAt(listener);
    counters[at + LISTENER.requests]++;
    counters[at + LISTENER.requestBytes] += length;
    let flow = NO_BACKEND;
    if (route !== undefined) {
      this.key[R.KEY_PORT] = (listener << 16) | (this.key[R.KEY_PORT] & 0xffff);
      flow =
        route.guard === undefined
          ? this.#finder.find(route, undefined, nowMs)
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
    const route = this.#routing.now.routes[listener];
    if (route === undefined || state === R.ANSWERED || state === R.FREE)
      return this.lateReply(listener, this.table.u32[at + R.BACKEND]);
    if ((this.table.u32[at + R.KEY_PORT] & 0xffff) === 0)
      return this.#withhold(route, flow, length, UNANSWERABLE, nowMs);
    if (route.guard !== undefined && route.guard.amplification > 0) {
      const verdict = this.#proof.judgeReply(route.guard, flow, length);
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
    const route = this.#routing.now.routes[listener];
    if (route === undefined || route.affinity === "none" || route.requests > 0) return false;
    return route.guard === undefined || !route.guard.limitsDatagrams;
  }

  /** `count` more requests, `bytes` in all, of the client whose request just went to `flow`. See `keepsBursts`. */
  restOfBurst(listener: number, flow: number, count: number, bytes: number, nowMs: number): void {
    const at = listenerAt(listener);
    this.#counters[at + LISTENER.requests] += count;
    this.#counters[at + LISTENER.requestBytes] += bytes;
    this.#counts.countRequests(this.#routing.now.routes[listener] as Route, flow, count, bytes, nowMs);
  }

  /**
   * Whether replies of this flow are counted neither against `session.responses` nor by the guard, so that a burst may
   * be judged at once.
   */
  takesReplyBursts(flow: number): boolean {
    const listenerAndPort = this.table.u32[flow * R.RECORD_WORDS + R.KEY_PORT];
    const route = this.#routing.now.routes[listenerAndPort >>> 16];
    if (route === undefined || route.responses > 0 || (listenerAndPort & 0xffff) === 0) return false;
    if (route.guard === undefined || route.guard.amplification === 0) return true;
    return this.#proof.isProved(flow);
  }

  /** `count` replies, `bytes` in all, on the upstream of a flow that takes reply bursts. FORWARD or a drop. */
  burstFromBackend(flow: number, count: number, bytes: number, nowMs: number): number {
    const listener = this.table.u32[flow * R.RECORD_WORDS + R.KEY_PORT] >>> 16;
    const verdict = this.fromBackend(flow, 0, nowMs);
    if (verdict !== FORWARD)
      return this.lateReply(listener, this.table.u32[flow * R.RECORD_WORDS + R.BACKEND], count - 1);
    const at = listenerAt(listener);
    this.#counters[at + LISTENER.replies] += count - 1;
    this.#counters[at + LISTENER.replyBytes] += bytes;
    this.#counts.countReplies(this.#routing.now.routes[listener] as Route, flow, count - 1, bytes, nowMs);
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
  lateReply(listener: number, backendSlot: number, count = 1): number {
    this.#counters[backendAt(backendSlot) + BACKEND.lateReplies] += count;
    this.#counters[listenerAt(listener) + LISTENER.replyDrops + reasonOf(LATE_REPLY)] += count;
    return LATE_REPLY;
  }

  /** Counts a datagram that a flow's socket took from somebody else before it was connected; it goes to nobody. */
  strayReply(listener: number): void {
    this.#counters[listenerAt(listener) + LISTENER.replyDrops + STRAY_REPLY]++;
  }

  /**
   * A request did not get to its backend: nobody listens there, or the host cannot be reached. Not while a request is decided on.
   * @param kind number in REFUSAL_KINDS; default: ICMP port unreachable
   */
  refused(backendSlot: number, nowMs: number, kind = 0): void {
    this.#routing.refuse(backendSlot, kind, nowMs);
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
    for (let slot = 0; slot < this.#routing.now.routes.length; slot++) this.#flows.endAll(slot, END.closed);
  }

  /**
   * Ends flows whose idle timeout or lifetime has passed, at most `most`. Call it a few times in the shortest
   * timeout; between calls an overdue flow still ends when its next request comes. Returns how many ended.
   */
  expire(nowMs: number, most: number): number {
    this.#finder.expireInherited(nowMs);
    let ended = 0;
    for (const route of this.#routing.now.routes) {
      if (route !== undefined && ended < most) ended += this.#expiry.expire(route, nowMs, most - ended);
    }
    return ended;
  }

  #setLog({ logSample = 0 }: Snapshot): void {
    this.#flows.log = logSample > 0 ? this.#log : undefined;
    if (this.#log !== undefined && logSample > 0) this.#log.sample = logSample;
  }

  /** The flow of a request where the listener has a guard. */
  #guarded(route: Route, length: number, nowMs: number): number {
    const guard = route.guard as Guard;
    const verdict = guard.judge(this.key, length, nowMs);
    if (verdict < 0) return verdict;
    const flow = this.#finder.find(route, guard, nowMs);
    if (flow >= 0 && guard.amplification > 0) this.#proof.noteRequest(flow);
    return flow;
  }

  /** Drops a reply that must not or cannot be sent. To the backend it is a reply like any other: it has answered. */
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
}
