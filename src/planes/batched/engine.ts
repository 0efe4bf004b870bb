/**
 * A worker's engine: one blocking wait, then replies, requests and control, turn after turn. It wires the parts and owns
 * their memory; see docs/design/batched.md for a picture of a turn.
 */
import { type MessagePort, receiveMessageOnPort } from "node:worker_threads";
import { createCounters } from "../../core/counters.js";
import * as R from "../../core/flow-record.js";
import { FlowRing } from "../../core/flow-ring.js";
import type { UpstreamHost } from "../../core/flows.js";
import { Forwarder } from "../../core/forwarder.js";
import { formatIpWords } from "../../core/ip-words.js";
import { kindNumber } from "../../core/refusal-kind.js";
import { PROHIBITED_EVERY_MS, prohibitedWarning } from "../../core/send-failure.js";
import { type BackendEntry, MAX_BACKENDS, MAX_LISTENERS } from "../../core/snapshot.js";
import { Taps } from "../../core/taps.js";
import { dropOf, reasonNumber } from "../../core/verdict.js";
import { AF_INET, AF_INET6, EPOLLERR } from "../../linux/constants.js";
import { type Epoll, epollBytes, openEpoll } from "../../linux/epoll.js";
import { EAGAIN, EINTR, EPERM, errnoText } from "../../linux/errno.js";
import { EventFd } from "../../linux/event-fd.js";
import type { Libc } from "../../linux/libc.js";
import { type Arena, openArena } from "../../linux/memory.js";
import { receiveBatchBytes } from "../../linux/receive-batch.js";
import { MADE_ROOM_AFTER_MS } from "../plane.js";
import { DestinationLimits } from "./destination-limits.js";
import { reasonOfResult, saysNoRoute } from "./errno-reasons.js";
import { GoneSources } from "./gone-sources.js";
import type {
  ApplyMessage,
  FromWorker,
  StandInMessage,
  ToWorker,
  WorkerListener,
  WorkerSetup,
} from "./messages.js";
import { Moderation, PAUSE_US } from "./moderation.js";
import { Refusals } from "./refusals.js";
import { REPLY_SLOTS, ReplyPath } from "./reply-path.js";
import { type OpenListener, REQUEST_SLOTS, RequestPath, SLOT_BYTES } from "./request-path.js";
import { Resends } from "./resends.js";
import { Scopes } from "./scopes.js";
import { SegmentLimits } from "./segment-limits.js";
import { SentCopies } from "./sent-copies.js";
import { SentLog } from "./sent-log.js";
import { monotonicOffsetMs, STATUS } from "./shared.js";
import { ownThreadId } from "./thread-cpu.js";
import { ANSWERED, isShortage, NO_ZONE, UNANSWERED, UPSTREAM_DATA, Upstreams } from "./upstreams.js";

const EVENTS = 512;
/** Make these hashes others than the flow table's. */
const SCOPES_SEED = 0x27d4eb2f;
const LIMITS_SEED = 0x2c1b3c6d;
const CONTROL_DATA = 0xffff;
/** After its last request an upstream's port rests this long where replies may come, and so long where all have come. */
const REST_MS = 30_000;
const ANSWERED_REST_MS = 1000;
const EXPIRE_AT_MOST = 1000;
const LONGEST_WAIT_MS = 1000;
/** Headers and iovecs of both send batches, and slack. */
const SEND_ARENA_BYTES = 4 << 20;
const WARN_EVERY_MS = 1000;
/** Of the worker's thread: its pauses are shorter than the 50,000 that threads have. */
const TIMER_SLACK_NS = 1000;
const NO_PORT = "no local port is free (net.ipv4.ip_local_port_range)";
const NO_ROUTE = kindNumber("no_route");
const NO_DESCRIPTOR = dropOf(reasonNumber("no_descriptor"));

export class Engine implements UpstreamHost {
  readonly #arena: Arena;
  readonly #epoll: Epoll;
  readonly #eventFd: EventFd;
  readonly #port: MessagePort;
  readonly #forwarder: Forwarder;
  readonly #taps: Taps;
  readonly #upstreams: Upstreams;
  readonly #scopes: Scopes;
  /** By flow: its upstream. */
  readonly #upstreamOf: Int32Array;
  readonly #listeners = new Array<OpenListener | undefined>(MAX_LISTENERS).fill(undefined);
  /** Of workers that are down. Their epoll data is MAX_LISTENERS and more. */
  #standIns: OpenListener[] = [];
  readonly #backends = new Map<number, BackendEntry>();
  readonly #requestLimits: SegmentLimits;
  readonly #requests: RequestPath;
  readonly #replies: ReplyPath;
  readonly #refusals: Refusals;
  readonly #resends: Resends;
  /** Upstreams that had an error to tell this turn. */
  readonly #failed = new Int32Array(EVENTS);
  readonly #status: Float64Array;
  readonly #clockOffsetMs = monotonicOffsetMs();
  readonly #moderation = new Moderation();
  readonly #warnedAtMs = new Map<string, number>();
  /** By backend: when it was last said that the firewall forbids it. */
  readonly #prohibitedAtMs = new Float64Array(MAX_BACKENDS).fill(Number.NEGATIVE_INFINITY);
  readonly #goneSources: GoneSources;
  /** Backends that there was no way to, since the last turn: once for each datagram. */
  readonly #noRoute: number[] = [];
  #zones: ReadonlyMap<string, number> = new Map();
  #nowMs = 0;
  #turns = 0;
  #expireAtMs = 0;
  #expireEveryMs = LONGEST_WAIT_MS;
  #running = true;
  #retired = false;
  #receiving = false;

  constructor(libc: Libc, setup: WorkerSetup) {
    const { memory, capacity, capabilities } = setup;
    this.#port = setup.port;
    this.#arena = openArena(libc, arenaBytes());
    this.#epoll = openEpoll(this.#arena, EVENTS);
    this.#eventFd = new EventFd(libc, setup.eventFd);
    this.#epoll.add(setup.eventFd, CONTROL_DATA);
    this.#status = new Float64Array(memory.status);
    this.#status[STATUS.epollFd] = this.#epoll.fd;
    this.#status[STATUS.arenaAddress] = this.#arena.address;
    this.#status[STATUS.arenaBytes] = this.#arena.bytes;
    this.#status[STATUS.threadId] = ownThreadId();
    this.#upstreamOf = new Int32Array(capacity).fill(-1);
    const descriptors = new Int32Array(memory.descriptors);
    this.#upstreams = new Upstreams({
      arena: this.#arena,
      epoll: this.#epoll,
      descriptors,
      gro: capabilities.gro,
      late: (listener, backend) => this.#forwarder.lateReply(listener, backend),
    });
    this.#goneSources = new GoneSources({
      arena: this.#arena,
      upstreams: this.#upstreams,
      leave: (flow) => this.#leaveUpstream(flow),
    });
    const counters = createCounters(memory.counters);
    this.#forwarder = new Forwarder(setup.first.snapshot, {
      host: this,
      counters,
      random: Math.random,
      seed: setup.seed,
      records: memory.records,
      log: new FlowRing(memory.ended, Math.random),
    });
    this.#taps = new Taps(setup.index);
    this.#scopes = new Scopes(setup.seed ^ SCOPES_SEED);
    const bursts = capabilities.maxSegments > 1;
    this.#requestLimits = new SegmentLimits(MAX_BACKENDS, bursts, (slot, largest) =>
      this.#tellLimit(`to backend ${this.#backends.get(slot)?.name}`, largest),
    );
    const limits = new DestinationLimits(bursts, setup.seed ^ LIMITS_SEED, (slot, ip, largest) =>
      this.#tellLimit(
        `from listener ${this.#forwarder.routing.routes[slot]?.listener.name} to ${formatIpWords(ip, 0)}`,
        largest,
      ),
    );
    const shared = {
      arena: this.#arena,
      forwarder: this.#forwarder,
      counters,
      upstreams: this.#upstreams,
      scopes: this.#scopes,
      taps: this.#taps,
      maxSegments: capabilities.maxSegments,
    };
    const sending = { sent: new SentLog(this.#arena.u8, Math.random), copies: new SentCopies(this.#arena) };
    this.#requests = new RequestPath({
      ...shared,
      ...sending,
      capacity,
      upstreamOf: this.#upstreamOf,
      limits: this.#requestLimits,
      reopen: (flow) => this.#reopen(flow),
      sendFailed: (backendSlot, result) => this.#sendFailed(backendSlot, result),
    });
    this.#replies = new ReplyPath({ ...shared, listeners: this.#listeners, limits });
    const resending = { ...shared, ...sending, requests: this.#requests };
    this.#resends = new Resends(resending, setup.first.snapshot);
    this.#refusals = new Refusals({
      ...resending,
      tell: (backendSlot, kind) => this.#post({ type: "refused", backendSlot, kind }),
    });
    this.#apply(setup.first);
    this.#post({ type: "applied", version: setup.first.snapshot.version });
  }

  /** Returns when the main thread has asked to stop, or to retire and nothing rests any more, and everything is closed. */
  run(): void {
    this.#arena.libc.setTimerSlack(TIMER_SLACK_NS);
    try {
      while (this.#running && !(this.#retired && this.#upstreams.open === 0)) this.#turn();
      this.#forwarder.endEverything();
      this.#upstreams.closeAll();
    } finally {
      // After a crash by exception too; what an abrupt end leaves, and upstream sockets, the main thread closes.
      this.#epoll.close();
      this.#arena.close();
      this.#status[STATUS.epollFd] = 0;
      this.#status[STATUS.arenaBytes] = 0;
    }
  }

  openUpstream(flow: number, backendSlot: number): number {
    const verdict = this.#takeUpstream(flow, backendSlot);
    if (verdict === 0) this.#scopes.hold(this.#forwarder.table.u32[flow * R.RECORD_WORDS + R.KEY_SCOPE]);
    return verdict;
  }

  #takeUpstream(flow: number, backendSlot: number): number {
    const listener = this.#forwarder.table.u32[flow * R.RECORD_WORDS + R.KEY_PORT] >>> 16;
    const upstream = this.#upstreams.take(flow, backendSlot, listener);
    if (upstream >= 0) {
      this.#upstreamOf[flow] = upstream;
      return 0;
    }
    if (saysNoRoute(upstream)) this.#noRoute.push(backendSlot);
    const short = isShortage(upstream);
    const name = this.#backends.get(backendSlot)?.name ?? backendSlot;
    this.#warn(
      short ? "no_descriptor" : "upstream_failed",
      `no upstream socket for backend ${name}: ${upstream === -EAGAIN ? NO_PORT : errnoText(-upstream)}`,
    );
    return short ? NO_DESCRIPTOR : dropOf(reasonOfResult(upstream));
  }

  /** A new upstream for a live flow that has left its former one; it holds its scope already. Returns it, or a drop verdict. */
  #reopen(flow: number): number {
    const backend = this.#forwarder.table.u32[flow * R.RECORD_WORDS + R.BACKEND];
    const verdict = this.#takeUpstream(flow, backend);
    return verdict < 0 ? verdict : this.#upstreamOf[flow];
  }

  /** Takes a live flow off its upstream, whose port rests: its next request opens another. */
  #leaveUpstream(flow: number): void {
    const upstream = this.#upstreamOf[flow];
    this.#upstreamOf[flow] = -1;
    if (upstream >= 0) this.#upstreams.rest(upstream, UNANSWERED, this.#nowMs + REST_MS);
  }

  closeUpstream(flow: number, unanswered: boolean): void {
    this.#requests.flushFlow(flow);
    this.#scopes.release(this.#forwarder.table.u32[flow * R.RECORD_WORDS + R.KEY_SCOPE]);
    const upstream = this.#upstreamOf[flow];
    this.#upstreamOf[flow] = -1;
    if (upstream < 0) return;
    const lastSeenMs = this.#forwarder.table.f64[flow * R.RECORD_DOUBLES + R.LAST_SEEN];
    if (!unanswered) this.#upstreams.rest(upstream, ANSWERED, this.#nowMs + ANSWERED_REST_MS);
    else if (lastSeenMs + REST_MS > this.#nowMs)
      this.#upstreams.rest(upstream, UNANSWERED, lastSeenMs + REST_MS);
    else this.#upstreams.close(upstream);
  }

  #turn(): void {
    if (this.#moderation.pauses) this.#arena.libc.usleep(PAUSE_US);
    const ready = this.#epoll.wait(this.#waitMs());
    this.#nowMs = this.#clockOffsetMs + performance.now();
    this.#turns = (this.#turns + 1) | 0;
    if (ready < 0 && ready !== -EINTR) throw new Error(`epoll_wait: ${errnoText(-ready)}`);
    let others = 0;
    let failed = 0;
    for (let event = 0; event < ready; event++) {
      const data = this.#epoll.data(event);
      if (data < UPSTREAM_DATA) {
        others++;
        continue;
      }
      const upstream = data - UPSTREAM_DATA;
      const hasError = this.#replies.receive(upstream, this.#turns, this.#nowMs);
      if (hasError || (this.#epoll.events(event) & EPOLLERR) !== 0) this.#failed[failed++] = upstream;
    }
    this.#replies.flush();
    // Before the next requests come in: what was refused may still lie where it was received.
    for (let i = 0; i < failed; i++) this.#refusals.drain(this.#failed[i], this.#nowMs);
    for (let event = 0; others > 0 && event < ready; event++) {
      const data = this.#epoll.data(event);
      if (data >= UPSTREAM_DATA) continue;
      others--;
      if (data === CONTROL_DATA) this.#control();
      else this.#receiveRequests(data);
    }
    this.#moderation.turn(this.#requests.takeReceived() + this.#replies.takeReceived(), this.#nowMs);
    while (this.#noRoute.length > 0)
      this.#refusals.accuse(this.#noRoute.pop() as number, NO_ROUTE, this.#nowMs);
    if (this.#goneSources.isBusy) this.#goneSources.step();
    if (this.#nowMs >= this.#expireAtMs) this.#keepHouse();
  }

  #receiveRequests(data: number): void {
    const listener = data < MAX_LISTENERS ? this.#listeners[data] : this.#standIns[data - MAX_LISTENERS];
    // It may have been ready in the very turn whose control message stopped it.
    if (listener?.receiving) this.#requests.receive(listener, this.#turns, this.#nowMs);
  }

  /** Overdue flows are looked for a few times in the shortest limit; without flows there is nothing to wake for. */
  #waitMs(): number {
    if (this.#forwarder.table.live === 0 && this.#upstreams.open === 0) return LONGEST_WAIT_MS;
    if (this.#goneSources.isBusy) return 0;
    return Math.min(LONGEST_WAIT_MS, Math.max(1, Math.ceil(this.#expireAtMs - this.#nowMs)));
  }

  #keepHouse(): void {
    const ended = this.#forwarder.expire(this.#nowMs, EXPIRE_AT_MOST);
    this.#expireAtMs = ended === EXPIRE_AT_MOST ? this.#nowMs : this.#nowMs + this.#expireEveryMs;
    this.#upstreams.expire(this.#nowMs, EXPIRE_AT_MOST);
    this.#status[STATUS.lastActivityMs] = Math.max(0, this.#forwarder.lastActivityMs);
    this.#status[STATUS.highWater] = this.#forwarder.table.highWater;
    this.#status[STATUS.openUpstreams] = this.#upstreams.open;
    this.#status[STATUS.restingUpstreams] = this.#upstreams.resting;
  }

  #control(): void {
    this.#eventFd.clear();
    for (let next = receiveMessageOnPort(this.#port); next; next = receiveMessageOnPort(this.#port)) {
      const message = next.message as ToWorker;
      if (message.type === "apply") this.#swap(message);
      else if (message.type === "end")
        this.#post({ type: "answer", ask: message.ask, yes: this.#forwarder.endFlow(message.flow) });
      else if (message.type === "stand-in") this.#standIn(message);
      else if (message.type === "network")
        this.#goneSources.begin(message.gone, this.#setZones(message.zones));
      else if (message.type === "tap") {
        this.#taps.set(message.tap, message.filter, message.memory);
        this.#post({ type: "answer", ask: message.ask, yes: true });
      } else if (message.type === "retire") this.#retire(message.ask);
      else if (message.type === "make-room")
        this.#upstreams.closeUntil(this.#nowMs + REST_MS - MADE_ROOM_AFTER_MS);
      else if (message.type === "close") this.#running = false;
      else throw new Error("crash was asked for");
    }
  }

  /** Ends every flow; from then on only late replies are received. */
  #retire(ask: number): void {
    for (const listener of [...this.#listeners, ...this.#standIns])
      if (listener) this.#receive(listener, -1, false);
    this.#forwarder.endEverything();
    this.#retired = true;
    this.#expireAtMs = 0;
    this.#post({ type: "answer", ask, yes: true });
  }

  #swap(message: ApplyMessage): void {
    this.#setBackends(message);
    this.#forwarder.apply(message.snapshot);
    this.#apply(message);
    this.#resends.apply(message.snapshot, this.#nowMs);
    this.#keepHouse();
    this.#post({ type: "applied", version: message.snapshot.version });
  }

  #apply(message: ApplyMessage): void {
    this.#setBackends(message);
    const wanted = new Set(message.listeners.map(({ slot }) => slot));
    for (const listener of this.#listeners) {
      if (listener === undefined || wanted.has(listener.slot)) continue;
      this.#receive(listener, listener.slot, false);
      this.#listeners[listener.slot] = undefined;
    }
    for (const listener of message.listeners) this.#listeners[listener.slot] ??= openListener(listener);
    if (message.bindings) this.#forwarder.inherit(message.bindings, this.#clockOffsetMs + performance.now());
    this.#receiving = message.receiving;
    for (const listener of this.#listeners)
      if (listener) this.#receive(listener, listener.slot, this.#receiving);
    // Their sockets may be closed as soon as this is done.
    this.#standIn({ type: "stand-in", listeners: this.#standIns.filter(({ slot }) => wanted.has(slot)) });
    let shortestMs = LONGEST_WAIT_MS * 4;
    for (const { session } of message.snapshot.listeners) {
      shortestMs = Math.min(shortestMs, session.idleTimeoutMs, session.maxLifetimeMs || shortestMs);
    }
    this.#expireEveryMs = Math.max(5, Math.min(LONGEST_WAIT_MS, shortestMs / 4));
    this.#expireAtMs = 0;
  }

  /** Serves these sockets of other workers, and no others any more. */
  #standIn({ listeners }: StandInMessage): void {
    const before = this.#standIns;
    for (const listener of before) this.#receive(listener, -1, false);
    this.#standIns = listeners.map(
      (listener) =>
        before.find(({ fd, slot }) => fd === listener.fd && slot === listener.slot) ?? openListener(listener),
    );
    this.#standIns.forEach((listener, i) => {
      this.#receive(listener, MAX_LISTENERS + i, this.#receiving);
    });
  }

  /** @param data what epoll calls it */
  #receive(listener: OpenListener, data: number, on: boolean): void {
    if (listener.receiving === on) return;
    listener.receiving = on;
    if (on) this.#epoll.add(listener.fd, data);
    else this.#epoll.remove(listener.fd);
  }

  #setBackends({ snapshot, zones }: ApplyMessage): void {
    const backends = new Map(
      snapshot.pools.flatMap((pool) => pool.backends.map((b) => [b.slot, b] as const)),
    );
    for (const slot of this.#backends.keys()) {
      if (backends.has(slot)) continue;
      this.#backends.delete(slot);
      this.#requestLimits.forget(slot);
    }
    for (const [slot, backend] of backends) {
      if (!this.#backends.has(slot)) this.#setAddress(backend, zones);
      this.#backends.set(slot, backend);
    }
    this.#goneSources.begin(new Uint32Array(0), this.#setZones(zones));
  }

  #setAddress({ slot, address: { ip, port } }: BackendEntry, zones: ReadonlyMap<string, number>): void {
    const family = ip.family === 4 ? AF_INET : AF_INET6;
    const zone = ip.zone === "" ? 0 : zones.get(ip.zone) || NO_ZONE;
    this.#upstreams.setBackend(slot, ip.words, zone, port, family);
  }

  /** Answers the slots of backends whose interface has another number than before. */
  #setZones(zones: ReadonlyMap<string, number>): Set<number> {
    const changed = new Set<number>();
    for (const [slot, backend] of this.#backends) {
      const { zone } = backend.address.ip;
      if (zone === "" || zones.get(zone) === (this.#zones.get(zone) ?? zones.get(zone))) continue;
      changed.add(slot);
      this.#setAddress(backend, zones);
    }
    this.#zones = zones;
    return changed;
  }

  #tellLimit(path: string, largest: number): void {
    const what = largest === 0 ? "takes no bursts" : `takes bursts of datagrams up to ${largest} bytes only`;
    this.#warn("segments_refused", `the path ${path} ${what}: larger ones are sent one by one`);
  }

  #sendFailed(backendSlot: number, result: number): void {
    if (saysNoRoute(result)) this.#noRoute.push(backendSlot);
    if (result !== -EPERM || this.#nowMs - this.#prohibitedAtMs[backendSlot] < PROHIBITED_EVERY_MS) return;
    this.#prohibitedAtMs[backendSlot] = this.#nowMs;
    this.#warn(
      "prohibited_here",
      prohibitedWarning(this.#backends.get(backendSlot)?.name ?? `${backendSlot}`),
    );
  }

  #warn(code: string, message: string): void {
    const lastMs = this.#warnedAtMs.get(code);
    if (lastMs !== undefined && this.#nowMs - lastMs < WARN_EVERY_MS) return;
    this.#warnedAtMs.set(code, this.#nowMs);
    this.#post({ type: "warning", code, message });
  }

  #post(message: FromWorker): void {
    this.#port.postMessage(message);
  }
}

function openListener(listener: WorkerListener): OpenListener {
  return { ...listener, overflow: listener.dropped, receiving: false, turn: -2 };
}

function arenaBytes(): number {
  const receive = (slots: number) => receiveBatchBytes({ slots, bufferBytes: SLOT_BYTES });
  return (
    receive(REQUEST_SLOTS) +
    receive(REPLY_SLOTS) +
    Upstreams.arenaBytes() +
    epollBytes(EVENTS) +
    Refusals.arenaBytes() +
    GoneSources.arenaBytes() +
    SentCopies.arenaBytes() +
    SEND_ARENA_BYTES
  );
}
