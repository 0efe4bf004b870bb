/**
 * Memory plane: moves datagrams between sockets of a network in memory, in the time of a clock that is handed in. It runs the same
 * forwarder as the other planes, so that all that is above sockets can be tested exactly and without waiting. It is not offered to users.
 */
import { formatEndpoint, parseEndpoint } from "../../core/address.js";
import type { Cancel, Clock } from "../../core/clock.js";
import { createCounters } from "../../core/counters.js";
import { type EndedFlow, takeEndedFlows } from "../../core/ended-flow.js";
import { NotSupportedError } from "../../core/errors.js";
import type { FlowId } from "../../core/flow-id.js";
import * as R from "../../core/flow-record.js";
import { FLOW_RING_BYTES, FlowRing, FlowRingReader } from "../../core/flow-ring.js";
import type { UpstreamHost } from "../../core/flows.js";
import { Forwarder } from "../../core/forwarder.js";
import {
  countPlaces,
  type FlowPlace,
  type FlowQuery,
  type ListedFlow,
  listFlows,
  recordsOf,
} from "../../core/list-flows.js";
import type { ListenerEntry, Snapshot } from "../../core/snapshot.js";
import { RESENT_WITHIN_MS, resentBackends, takenDown } from "../../core/taken-down.js";
import { TAP_RING_BYTES, TapRingReader } from "../../core/tap-ring.js";
import { type TapFilter, Taps } from "../../core/taps.js";
import { dropOf, FORWARD_LAST, reasonNumber } from "../../core/verdict.js";
import { createListenError } from "../listen-error.js";
import type { BoundListener, Plane, PlaneContext, WorkerFigures } from "../plane.js";
import { isAnyAddress, type MemoryNetwork } from "./memory-network.js";
import { type MemoryClient, type MemoryListener, MemoryUpstream } from "./memory-upstream.js";

export interface MemoryPlaneOptions {
  readonly network: MemoryNetwork;
  readonly clock: Clock;
  /** The address that flow sockets are opened at. Default 127.0.0.1. */
  readonly upstreamIp?: string;
}

const MAX_FLOWS = 100_000;
const EXPIRE_AT_MOST = 2000;
/** A port rests this long after the flow's last datagram, or after its end where every reply had come. */
const REST_MS = 30_000;
const ANSWERED_REST_MS = 1000;
const LOOK_EVERY_MS = 50;
const REFUSED = reasonNumber("backend_refused");

export class MemoryPlane implements Plane, UpstreamHost {
  readonly name = "memory";
  readonly maxFlows = MAX_FLOWS;
  readonly counters = [createCounters()];

  readonly #context: PlaneContext;
  readonly #options: MemoryPlaneOptions;
  readonly #clock: Clock;
  readonly #listeners = new Map<number, MemoryListener>();
  readonly #upstreams: (MemoryUpstream | undefined)[] = [];
  readonly #resting = new Set<MemoryUpstream>();
  /** Local address of a wildcard listener → its number in the scope word of a client key. */
  readonly #locals = new Map<string, number>();
  readonly #endedMemory = new ArrayBuffer(FLOW_RING_BYTES);
  readonly #ended = new FlowRingReader(this.#endedMemory);
  readonly #taps = new Taps(0);
  #tapMemory: ArrayBuffer | undefined;
  #forwarder: Forwarder | undefined;
  #snapshot: Snapshot | undefined;
  /** Slots of backends whose requests are kept: `failover.unanswered`. */
  #keptFor: ReadonlySet<number> = new Set();
  #endExpiry: Cancel = () => {};
  #receiving: boolean;
  /** Came while requests were not received. */
  #waiting: (() => void)[] = [];
  /** The client whose datagram is being decided on: what `openUpstream` opens for. */
  #client: MemoryClient | undefined;

  constructor(context: PlaneContext, options: MemoryPlaneOptions) {
    this.#context = context;
    this.#options = options;
    this.#clock = options.clock;
    this.#receiving = context.receiving;
  }

  async apply(snapshot: Snapshot): Promise<readonly BoundListener[]> {
    const opened = this.#openNew(snapshot.listeners);
    if (this.#forwarder) this.#forwarder.apply(snapshot);
    else this.#forwarder = this.#createForwarder(snapshot);
    this.#keepFor(snapshot);
    for (const listener of opened) this.#listeners.set(listener.slot, listener);
    const entries = new Map(snapshot.listeners.map((entry) => [entry.slot, entry]));
    for (const [slot, { socket }] of this.#listeners) {
      const entry = entries.get(slot);
      if (entry !== undefined) socket.ipv6Only = entry.ipv6Only;
      else if (this.#listeners.delete(slot)) socket.close();
    }
    this.#startExpiry(snapshot.listeners);
    return snapshot.listeners.map(({ slot }) => ({
      slot,
      port: this.#listeners.get(slot)?.socket.port ?? 0,
    }));
  }

  flows(query: FlowQuery): ListedFlow[] {
    return this.#forwarder ? listFlows(this.#forwarder.table, this.#clock.now(), query) : [];
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
    return this.#clock.now() - (this.#forwarder?.lastActivityMs ?? Number.NEGATIVE_INFINITY);
  }

  descriptors(): never {
    throw new NotSupportedError("the memory plane has no descriptors");
  }

  async receive(on: boolean, bindings?: Uint32Array): Promise<void> {
    this.#receiving = on;
    if (bindings) this.#forwarder?.inherit(bindings, this.#clock.now());
    if (!on) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const receive of waiting) receive();
  }

  async retire(): Promise<void> {
    this.#forwarder?.endEverything();
    for (const { socket } of this.#listeners.values()) socket.close();
    this.#listeners.clear();
  }

  async rested(signal: AbortSignal): Promise<void> {
    while (this.#resting.size > 0 && !signal.aborted)
      await new Promise<void>((resolve) => this.#clock.after(LOOK_EVERY_MS, resolve));
  }

  /** Its network is short of no ports. */
  makeRoom(): void {}

  async close(): Promise<void> {
    this.#endExpiry();
    this.#forwarder?.endEverything();
    for (const { socket } of [...this.#resting, ...this.#listeners.values()]) socket.close();
    this.#resting.clear();
    this.#listeners.clear();
  }

  openUpstream(flow: number, backendSlot: number): number {
    const backend = this.#forwarder?.routing.backends[backendSlot];
    if (!backend || !this.#client) return dropOf(reasonNumber("no_backend"));
    const { network, upstreamIp = backend.address.ip.family === 4 ? "127.0.0.1" : "[::1]" } = this.#options;
    const to = formatEndpoint(backend.address);
    const socket = network.bind(parseEndpoint(`${upstreamIp}:0`), {
      receive: (message, from) => from === to && this.#reply(upstream, message),
      refused: (message) => this.#refused(upstream, message),
    });
    const upstream = new MemoryUpstream(flow, backend, to, this.#client, socket);
    this.#upstreams[flow] = upstream;
    return 0;
  }

  closeUpstream(flow: number, unanswered: boolean): void {
    const upstream = this.#upstreams[flow];
    if (!upstream || !this.#forwarder) return;
    this.#upstreams[flow] = undefined;
    upstream.flow = -1;
    const idleMs = this.#clock.now() - this.#forwarder.table.f64[flow * R.RECORD_DOUBLES + R.LAST_SEEN];
    this.#resting.add(upstream);
    this.#clock.after(unanswered ? REST_MS - idleMs : ANSWERED_REST_MS, () => {
      if (this.#resting.delete(upstream)) upstream.socket.close();
    });
  }

  #createForwarder(snapshot: Snapshot): Forwarder {
    const { random } = this.#context;
    const seed = Math.floor(random() * 2 ** 32);
    const log = new FlowRing(this.#endedMemory, random);
    return new Forwarder(snapshot, { host: this, counters: this.counters[0], random, seed, log });
  }

  #request(from: MemoryListener, message: Buffer, address: string, local: string): void {
    if (!this.#receiving) {
      this.#waiting.push(() => this.#request(from, message, address, local));
      return;
    }
    const forwarder = this.#forwarder as Forwarder;
    const { ip, port } = parseEndpoint(address);
    forwarder.key.set(ip.words);
    forwarder.key[R.KEY_SCOPE] = this.#numberOf(from, local);
    forwarder.key[R.KEY_PORT] = port;
    this.#client = { from, address, local };
    const flow = forwarder.fromClient(from.slot, message.length, this.#clock.now());
    if (flow < 0) return;
    if (this.#taps.isOn) this.#copy(false, flow, message, this.#client);
    this.#send(flow, message);
  }

  #send(flow: number, message: Buffer): void {
    const upstream = this.#upstreams[flow];
    if (!upstream) return;
    if (this.#keptFor.has(upstream.backend.slot)) upstream.keep(message, this.#clock.now());
    upstream.socket.send(message, upstream.to);
  }

  #reply(upstream: MemoryUpstream, message: Buffer): void {
    const { client, flow } = upstream;
    const forwarder = this.#forwarder as Forwarder;
    upstream.takeKept();
    if (flow < 0) {
      forwarder.lateReply(client.from.slot, upstream.backend.slot);
      return;
    }
    const verdict = forwarder.fromBackend(flow, message.length, this.#clock.now());
    if (verdict < 0) return;
    if (this.#taps.isOn) this.#copy(true, flow, message, client);
    client.from.socket.send(message, client.address, client.local);
    if (verdict === FORWARD_LAST) forwarder.endAnswered(flow);
  }

  /** Nobody listens at the backend's address: the request goes to another backend. */
  #refused(upstream: MemoryUpstream, message: Buffer): void {
    const forwarder = this.#forwarder as Forwarder;
    const { backend, client, flow } = upstream;
    upstream.forget(message);
    forwarder.refused(backend.slot, this.#clock.now());
    this.#context.refused(backend.slot, "port");
    if (flow < 0) {
      forwarder.requestFailed(client.from.slot, backend.slot, message.length, REFUSED);
      return;
    }
    this.#client = client;
    const next = forwarder.refusals.reforward(flow, message.length, this.#clock.now());
    if (next >= 0) this.#send(next, message);
    if (upstream.flow >= 0) forwarder.refusals.endFlowIfAll(flow);
  }

  /** From now on keeps the requests that the snapshot says, and sends again what backends that are taken down leave unanswered. */
  #keepFor(snapshot: Snapshot): void {
    const down = this.#snapshot ? takenDown(this.#snapshot, snapshot) : [];
    this.#snapshot = snapshot;
    this.#keptFor = new Set(resentBackends(snapshot));
    for (const slot of down) {
      for (const upstream of this.#upstreams) if (upstream?.backend.slot === slot) this.#resend(upstream);
    }
  }

  #resend(upstream: MemoryUpstream): void {
    const { flow, client } = upstream;
    const { refusals } = this.#forwarder as Forwarder;
    const nowMs = this.#clock.now();
    let hasResent = false;
    for (const { message, atMs } of upstream.takeKept()) {
      if (this.#upstreams[flow] !== upstream) return;
      if (nowMs - atMs > RESENT_WITHIN_MS || !refusals.isUnanswered(flow, atMs)) continue;
      this.#client = client;
      const next = refusals.reforward(flow, message.length, nowMs);
      if (next >= 0) this.#send(next, message);
      hasResent = true;
    }
    if (hasResent && this.#upstreams[flow] === upstream) refusals.endResent(flow);
  }

  #copy(isReply: boolean, flow: number, message: Buffer, { from, local }: MemoryClient): void {
    const { length } = message;
    const { table } = this.#forwarder as Forwarder;
    const ip = isAnyAddress(from.socket.address)
      ? Uint32Array.from(parseEndpoint(local).ip.words)
      : undefined;
    this.#taps.copy(isReply, table, flow, message, 0, length, length, ip);
  }

  /** 0, or the number of the local address of a wildcard listener. */
  #numberOf({ socket }: MemoryListener, local: string): number {
    if (!isAnyAddress(socket.address)) return 0;
    const number = this.#locals.get(local) ?? this.#locals.size + 1;
    this.#locals.set(local, number);
    return number;
  }

  #openNew(entries: readonly ListenerEntry[]): MemoryListener[] {
    const opened: MemoryListener[] = [];
    for (const { slot, address, ipv6Only } of entries) {
      if (this.#listeners.has(slot)) continue;
      try {
        const receive = (message: Buffer, from: string, to: string) =>
          this.#request(listener, message, from, to);
        const listener = { slot, socket: this.#options.network.bind(address, { receive }, ipv6Only) };
        opened.push(listener);
      } catch (error) {
        for (const { socket } of opened) socket.close();
        throw createListenError(address, (error as NodeJS.ErrnoException).code, error);
      }
    }
    return opened;
  }

  /** Overdue flows are looked for four times in the shortest limit, within reason. */
  #startExpiry(entries: readonly ListenerEntry[]): void {
    let shortestMs = 1000;
    for (const { session } of entries) {
      shortestMs = Math.min(shortestMs, session.idleTimeoutMs, session.maxLifetimeMs || shortestMs);
    }
    this.#endExpiry();
    this.#endExpiry = this.#clock.every(Math.max(10, shortestMs / 4), () => {
      this.#forwarder?.expire(this.#clock.now(), EXPIRE_AT_MOST);
    });
  }
}
