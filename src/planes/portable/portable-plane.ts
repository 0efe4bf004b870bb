/**
 * The portable plane: `node:dgram` sockets on the main thread, on any platform that Node runs on. One forwarder, one
 * connected upstream socket a flow.
 */
import { createCounters } from "../../core/counters.js";
import { type EndedFlow, takeEndedFlows } from "../../core/ended-flow.js";
import type { FlowId } from "../../core/flow-id.js";
import * as R from "../../core/flow-record.js";
import { FLOW_RING_BYTES, FlowRing, FlowRingReader } from "../../core/flow-ring.js";
import type { UpstreamHost } from "../../core/flows.js";
import { Forwarder } from "../../core/forwarder.js";
import { writeIpWords } from "../../core/ip-words.js";
import {
  countPlaces,
  type FlowPlace,
  type FlowQuery,
  type ListedFlow,
  listFlows,
  recordsOf,
} from "../../core/list-flows.js";
import { isNoRoute, kindNumber, type RefusalKind } from "../../core/refusal-kind.js";
import { PROHIBITED_EVERY_MS, prohibitedWarning } from "../../core/send-failure.js";
import type { ListenerEntry, Snapshot } from "../../core/snapshot.js";
import { RESENT_WITHIN_MS, resentBackends, takenDown } from "../../core/taken-down.js";
import { TAP_RING_BYTES, TapRingReader } from "../../core/tap-ring.js";
import { type TapFilter, Taps } from "../../core/taps.js";
import { dropOf, FORWARD_LAST, reasonNumber, reasonOf } from "../../core/verdict.js";
import { AddressWatch, type LocalAddress } from "../address-watch.js";
import type { BoundListener, ListenerDescriptors, Plane, PlaneContext, WorkerFigures } from "../plane.js";
import { MADE_ROOM_AFTER_MS } from "../plane.js";
import { unlessAborted } from "../unless-aborted.js";
import { defaultMaxFlows, descriptorLimit } from "./descriptor-limit.js";
import { type ListenerContext, type ListenerSocket, ListenerSockets } from "./listener-sockets.js";
import { ANSWERED_REST_MS, REST_MS, RestingUpstreams } from "./resting-upstreams.js";
import { reasonOfError } from "./send-errors.js";
import { Upstream, type UpstreamEvents } from "./upstream.js";
import { ZoneNumbers } from "./zone-numbers.js";

const NO_DESCRIPTOR = dropOf(reasonNumber("no_descriptor"));
const EXPIRE_AT_MOST = 2000;
/** What binding to any free port answers when there is none. */
const NO_PORT = "EADDRINUSE";
const NO_PORT_TEXT = "no local port is free";

export class PortablePlane implements Plane, UpstreamHost, UpstreamEvents {
  readonly name = "portable";
  readonly maxFlows = defaultMaxFlows(descriptorLimit());
  readonly counters = [createCounters()];

  readonly #context: PlaneContext;
  readonly #watch: AddressWatch;
  readonly #listeners = new Map<number, ListenerSockets>();
  readonly #upstreams: (Upstream | undefined)[] = [];
  /** Ended flows' upstreams: those that had every reply, and the others. The first make room first. */
  readonly #answered = new RestingUpstreams();
  readonly #resting = new RestingUpstreams();
  readonly #zones = new ZoneNumbers(() => this.#liveZones());
  readonly #endedMemory = new ArrayBuffer(FLOW_RING_BYTES);
  readonly #ended = new FlowRingReader(this.#endedMemory);
  readonly #taps = new Taps(0);
  #tapMemory: ArrayBuffer | undefined;
  #forwarder: Forwarder | undefined;
  #snapshot: Snapshot | undefined;
  /** Slots of backends whose requests are kept: `failover.unanswered`. */
  #keptFor: ReadonlySet<number> = new Set();
  #timer: NodeJS.Timeout | undefined;
  /** Tells who waits in `rested`. */
  #nothingRests: () => void = () => {};
  #receiving: boolean;
  #nowMs = performance.now();
  /** By backend: when it was last said that the firewall forbids it. */
  readonly #prohibitedAtMs = new Map<number, number>();
  /** The client whose datagram is being decided on: what `openUpstream` opens for. */
  #client: { from: ListenerSocket; address: string; port: number } | undefined;
  readonly #listenerContext: ListenerContext;

  constructor(context: PlaneContext) {
    this.#context = context;
    this.#watch = new AddressWatch({ onChange: (gone) => this.#networkChanged(gone) });
    this.#receiving = context.receiving;
    this.#listenerContext = {
      receive: (from, message, address, port) => this.#request(from, message, address, port),
      warn: context.warn,
      inherited: context.inherited,
      isReceiving: () => this.#receiving,
    };
  }

  async apply(snapshot: Snapshot): Promise<readonly BoundListener[]> {
    const opened = await this.#openNew(snapshot.listeners);
    if (this.#forwarder) this.#forwarder.apply(snapshot);
    else this.#forwarder = this.#createForwarder(snapshot);
    this.#keepFor(snapshot);
    for (const [slot, sockets] of opened) this.#listeners.set(slot, sockets);
    for (const entry of snapshot.listeners) this.#listeners.get(entry.slot)?.update(entry);
    await this.#closeGone(snapshot.listeners);
    this.#startTimer(snapshot.listeners);
    return snapshot.listeners.map((entry) => ({
      slot: entry.slot,
      port: this.#listeners.get(entry.slot)?.port ?? 0,
    }));
  }

  flows(query: FlowQuery): ListedFlow[] {
    const forwarder = this.#forwarder;
    if (!forwarder) return [];
    return listFlows(forwarder.table, performance.now(), query);
  }

  flowPlaces(): FlowPlace[] {
    return this.#forwarder ? countPlaces([recordsOf(this.#forwarder.table)]) : [];
  }

  endedFlows(): EndedFlow[] {
    return takeEndedFlows(this.#ended);
  }

  get lostEndedFlows(): number {
    return this.#ended.lost;
  }

  async endFlow(id: FlowId): Promise<boolean> {
    this.#tick();
    return id.worker === 0 && (this.#forwarder?.endFlow(id) ?? false);
  }

  async setTap(tap: number, filter: TapFilter | undefined): Promise<void> {
    this.#tapMemory ??= new ArrayBuffer(TAP_RING_BYTES);
    this.#taps.set(tap, filter, this.#tapMemory);
  }

  takeTapped(): ReturnType<Plane["takeTapped"]> {
    if (this.#tapMemory === undefined) return [];
    const reader = new TapRingReader(this.#tapMemory);
    return [{ copies: reader.take(), lost: reader.lost() }];
  }

  workers(): readonly WorkerFigures[] {
    const { user, system } = process.cpuUsage();
    return [{ state: "running", restarts: 0, cpuMs: (user + system) / 1000 }];
  }

  quietMs(): number {
    return performance.now() - (this.#forwarder?.lastActivityMs ?? Number.NEGATIVE_INFINITY);
  }

  descriptors(): ListenerDescriptors[] {
    return [...this.#listeners.values()].flatMap((sockets) => sockets.descriptors());
  }

  async receive(on: boolean, bindings?: Uint32Array): Promise<void> {
    this.#receiving = on;
    if (bindings) this.#forwarder?.inherit(bindings, this.#tick());
    for (const sockets of this.#listeners.values()) sockets.receive(on);
  }

  async retire(): Promise<void> {
    this.#tick();
    this.#forwarder?.endEverything();
    await this.#closeListeners();
  }

  async rested(signal: AbortSignal): Promise<void> {
    const over = new Promise<void>((resolve) => {
      this.#nothingRests = resolve;
    });
    this.#expire();
    await unlessAborted(over, signal);
  }

  makeRoom(): void {
    this.#answered.closeAll();
    this.#resting.closeUntil(this.#tick() + REST_MS - MADE_ROOM_AFTER_MS);
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#watch.close();
    this.#forwarder?.endEverything();
    this.#answered.closeAll();
    this.#resting.closeAll();
    await this.#closeListeners();
  }

  async #closeListeners(): Promise<void> {
    const listeners = [...this.#listeners.values()];
    this.#listeners.clear();
    await Promise.all(listeners.map((sockets) => sockets.close()));
  }

  openUpstream(flow: number, backendSlot: number): number {
    const backend = this.#forwarder?.routing.backends[backendSlot];
    if (!backend || !this.#client) return dropOf(reasonNumber("no_backend"));
    let upstream = new Upstream(flow, backend, this.#client, this);
    if (isShortage(upstream) && (this.#answered.closeOldest() || this.#resting.closeOldest())) {
      upstream.close();
      upstream = new Upstream(flow, backend, this.#client, this);
    }
    if (upstream.openError) {
      upstream.close();
      this.#warnOpen(upstream);
      return isShortage(upstream) ? NO_DESCRIPTOR : dropOf(reasonOfError(upstream.openError));
    }
    this.#upstreams[flow] = upstream;
    return 0;
  }

  closeUpstream(flow: number, unanswered: boolean): void {
    const upstream = this.#upstreams[flow];
    if (!upstream || !this.#forwarder) return;
    this.#upstreams[flow] = undefined;
    upstream.flow = -1;
    if (upstream.isClosed) return;
    const idleMs = this.#nowMs - this.#forwarder.table.f64[flow * R.RECORD_DOUBLES + R.LAST_SEEN];
    if (!unanswered) this.#answered.add(upstream, this.#nowMs + ANSWERED_REST_MS);
    else if (idleMs < REST_MS) this.#resting.add(upstream, this.#nowMs + REST_MS - idleMs);
    else upstream.close();
  }

  reply(upstream: Upstream, message: Buffer): void {
    const { from, flow } = upstream;
    const forwarder = this.#forwarder;
    if (!forwarder) return;
    if (flow < 0) {
      forwarder.lateReply(from.listenerSlot, upstream.backend.slot);
      return;
    }
    const verdict = forwarder.fromBackend(flow, message.length, this.#tick());
    if (verdict < 0) return;
    if (this.#taps.isOn) this.#copy(true, flow, message, from);
    this.#sendReply(upstream, message);
    if (verdict === FORWARD_LAST) forwarder.endAnswered(flow);
  }

  strayReply(upstream: Upstream): void {
    this.#forwarder?.strayReply(upstream.from.listenerSlot);
  }

  requestFailed(upstream: Upstream, length: number, reason: number): void {
    this.#forwarder?.requestFailed(upstream.from.listenerSlot, upstream.backend.slot, length, reason);
  }

  sendFailed(upstream: Upstream, { code }: NodeJS.ErrnoException): void {
    const { slot, name } = upstream.backend;
    // Not at once: a request may be being decided on.
    if (isNoRoute(code)) queueMicrotask(() => this.refused(upstream, "no_route"));
    const lastMs = this.#prohibitedAtMs.get(slot) ?? Number.NEGATIVE_INFINITY;
    if (code !== "EPERM" || this.#tick() - lastMs < PROHIBITED_EVERY_MS) return;
    this.#prohibitedAtMs.set(slot, this.#nowMs);
    this.#context.warn("prohibited_here", prohibitedWarning(name));
  }

  refused({ backend: { slot } }: Upstream, kind: RefusalKind): void {
    this.#forwarder?.refused(slot, this.#tick(), kindNumber(kind));
    this.#context.refused(slot, kind);
  }

  broken(upstream: Upstream): void {
    if (upstream.flow >= 0 && this.#upstreams[upstream.flow] === upstream) {
      if (upstream.isClosed) this.#warnOpen(upstream);
      this.#forwarder?.fail(upstream.flow);
    } else if (!this.#answered.remove(upstream)) this.#resting.remove(upstream);
  }

  #createForwarder(snapshot: Snapshot): Forwarder {
    const { random } = this.#context;
    const seed = Math.floor(random() * 2 ** 32);
    const log = new FlowRing(this.#endedMemory, random);
    return new Forwarder(snapshot, { host: this, counters: this.counters[0], random, seed, log });
  }

  #request(from: ListenerSocket, message: Buffer, address: string, port: number): void {
    const forwarder = this.#forwarder;
    if (!forwarder || !writeIpWords(address, forwarder.key, 0)) return;
    forwarder.key[R.KEY_SCOPE] = (this.#zones.of(address) << 16) | from.local;
    forwarder.key[R.KEY_PORT] = port;
    this.#client = { from, address, port };
    const flow = forwarder.fromClient(from.listenerSlot, message.length, this.#tick());
    if (flow >= 0 && this.#taps.isOn) this.#copy(false, flow, message, from);
    if (flow >= 0) this.#send(flow, message);
  }

  #send(flow: number, message: Buffer): void {
    const upstream = this.#upstreams[flow] ?? this.#reopen(flow, message.length);
    if (!upstream) return;
    if (this.#keptFor.size > 0 && this.#keptFor.has(upstream.backend.slot))
      upstream.keep(message, this.#nowMs);
    upstream.send(message);
  }

  /** A new upstream for a live flow that has left its former one; the request is a drop where there is none. */
  #reopen(flow: number, length: number): Upstream | undefined {
    const forwarder = this.#forwarder as Forwarder;
    const at = flow * R.RECORD_WORDS;
    const { u32 } = forwarder.table;
    const [listener, backend] = [u32[at + R.KEY_PORT] >>> 16, u32[at + R.BACKEND]];
    const verdict = this.openUpstream(flow, backend);
    if (verdict < 0) forwarder.requestFailed(listener, backend, length, reasonOf(verdict));
    return this.#upstreams[flow];
  }

  /** Flows whose source address is gone leave their socket, whose port rests: their next requests open others. */
  #networkChanged(gone: readonly LocalAddress[]): void {
    for (const sockets of this.#listeners.values()) sockets.followAddresses();
    if (gone.length === 0) return;
    this.#tick();
    for (const upstream of this.#upstreams) {
      if (upstream === undefined || !upstream.comesFromOneOf(gone)) continue;
      this.#upstreams[upstream.flow] = undefined;
      upstream.flow = -1;
      this.#resting.add(upstream, this.#nowMs + REST_MS);
    }
  }

  /** From now on keeps the requests that the snapshot says, and sends again what backends that are taken down leave unanswered. */
  #keepFor(snapshot: Snapshot): void {
    const down = this.#snapshot ? takenDown(this.#snapshot, snapshot) : [];
    this.#snapshot = snapshot;
    this.#keptFor = new Set(resentBackends(snapshot));
    this.#tick();
    for (const slot of down) {
      for (const upstream of this.#upstreams) if (upstream?.backend.slot === slot) this.#resend(upstream);
    }
  }

  #resend(upstream: Upstream): void {
    const { from, clientAddress: address, clientPort: port, flow } = upstream;
    const { refusals } = this.#forwarder as Forwarder;
    if (!refusals.mayLeave(flow)) return;
    for (const { message, atMs } of upstream.takeKept()) {
      if (this.#upstreams[flow] !== upstream) return;
      if (this.#nowMs - atMs > RESENT_WITHIN_MS || !refusals.isUnanswered(flow, atMs)) continue;
      this.#client = { from, address, port };
      const next = refusals.reforward(flow, message.length, this.#nowMs);
      if (next >= 0) this.#send(next, message);
      upstream.resent = true;
    }
    if (upstream.resent && this.#upstreams[flow] === upstream) refusals.endResent(flow);
  }

  #copy(isReply: boolean, flow: number, message: Buffer, { localIp }: ListenerSocket): void {
    const { length } = message;
    const { table } = this.#forwarder as Forwarder;
    this.#taps.copy(isReply, table, flow, message, 0, length, length, localIp);
  }

  #sendReply(upstream: Upstream, message: Buffer): void {
    const { from, clientAddress, clientPort } = upstream;
    try {
      from.socket.send(message, clientPort, clientAddress, (error) => {
        if (error) this.#replyFailed(from, message, error as NodeJS.ErrnoException);
      });
    } catch (error) {
      // The listener's socket is closed (its address left this machine), or the client's port is 0.
      this.#replyFailed(from, message, error as NodeJS.ErrnoException);
    }
  }

  #replyFailed(from: ListenerSocket, message: Buffer, error: NodeJS.ErrnoException): void {
    this.#forwarder?.replyFailed(from.listenerSlot, message.length, reasonOfError(error));
  }

  #liveZones(): Set<number> {
    const zones = new Set<number>();
    const table = this.#forwarder?.table;
    if (table === undefined) return zones;
    for (let flow = 0; flow < table.capacity; flow++) {
      if (table.isLive(flow)) zones.add(table.u32[flow * R.RECORD_WORDS + R.KEY_SCOPE] >>> 16);
    }
    return zones;
  }

  #tick(): number {
    this.#nowMs = performance.now();
    return this.#nowMs;
  }

  async #openNew(entries: readonly ListenerEntry[]): Promise<Map<number, ListenerSockets>> {
    const opened = new Map<number, ListenerSockets>();
    try {
      for (const entry of entries) {
        if (this.#listeners.has(entry.slot)) continue;
        opened.set(entry.slot, await ListenerSockets.open(entry, this.#listenerContext));
      }
      return opened;
    } catch (error) {
      await Promise.all([...opened.values()].map((sockets) => sockets.close()));
      throw error;
    }
  }

  async #closeGone(entries: readonly ListenerEntry[]): Promise<void> {
    const wanted = new Set(entries.map((entry) => entry.slot));
    for (const [slot, sockets] of this.#listeners) {
      if (wanted.has(slot)) continue;
      this.#listeners.delete(slot);
      await sockets.close();
    }
  }

  /** Overdue flows are looked for four times in the shortest limit, within reason. */
  #startTimer(entries: readonly ListenerEntry[]): void {
    let shortestMs = 1000;
    for (const { session } of entries) {
      shortestMs = Math.min(shortestMs, session.idleTimeoutMs, session.maxLifetimeMs || shortestMs);
    }
    clearInterval(this.#timer);
    this.#timer = setInterval(() => this.#expire(), Math.max(10, shortestMs / 4));
  }

  #expire(): void {
    const ended = this.#forwarder?.expire(this.#tick(), EXPIRE_AT_MOST) ?? 0;
    this.#answered.expire(this.#nowMs);
    this.#resting.expire(this.#nowMs);
    if (this.#answered.size + this.#resting.size === 0) this.#nothingRests();
    if (ended === EXPIRE_AT_MOST) setImmediate(() => this.#expire());
  }

  #warnOpen(upstream: Upstream): void {
    const { openError, backend } = upstream;
    const why = openError?.code === NO_PORT ? NO_PORT_TEXT : openError?.message;
    const message = `no upstream socket for backend ${backend.name}: ${why}`;
    this.#context.warn(isShortage(upstream) ? "no_descriptor" : "upstream_failed", message);
  }
}

/** Whether descriptors are short, or local ports: a socket that rests can make room. */
function isShortage({ openError }: Upstream): boolean {
  const code = openError?.code;
  return code === "EMFILE" || code === "ENFILE" || code === NO_PORT;
}
