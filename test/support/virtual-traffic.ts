/**
 * Traffic in virtual time: clients, a real forwarder, and servers that answer, lose, slow down or fall silent, watched by the detector of
 * silence. An hour takes seconds, and a seed makes it the same each time.
 */
import { BACKEND, backendAt } from "#src/core/counters.js";
import { ForwarderRig } from "#src/core/forwarder-rig.testing.js";
import { HISTOGRAM_BUCKETS } from "#src/core/histogram.js";
import type { PoolEntry } from "#src/core/snapshot.js";
import { buildBackend, buildListener, buildPool } from "#src/core/snapshot-builder.testing.js";
import { kindsOf, LOOK_EVERY_MS, type Silence, SilenceDetector } from "#src/health/silence.js";
import type { Kind, Reading } from "#src/health/traffic-window.js";

export type Random = () => number;

export function seededRandom(seed: number): Random {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A moment after an exponentially distributed wait. */
export function waitMs(random: Random, meanMs: number): number {
  return -meanMs * Math.log(1 - random());
}

export interface VirtualServer {
  /** Whether nothing comes back from it any more. */
  isSilent: boolean;
  /** Replies take so many times as long as usual until a moment. */
  slowUntilMs: number;
}

/** Gives the time of its next request; and whether the one that it sends then is answered by a server that is well. */
export interface VirtualClient {
  readonly name: string;
  /** Milliseconds to its next request; undefined when it has ended and is not seen again. */
  next(nowMs: number): number | undefined;
  isAnswered(nowMs: number): boolean;
}

export interface VirtualOptions {
  readonly random: Random;
  readonly pool: Partial<PoolEntry>;
  readonly servers?: number;
  /** The part of the requests and of the replies that is lost, together. */
  readonly loss: number;
  readonly replyMs: () => number;
  readonly session?: { readonly requests: number; readonly responses: number };
}

const SLOWNESS = 10;
const TIMES_EVERY_MS = 1000;

export class VirtualTraffic {
  readonly servers: VirtualServer[];
  /** What the detector has found. */
  readonly found: (Silence & { readonly atMs: number })[] = [];
  nowMs = 0;
  requests = 0;
  readonly #options: VirtualOptions;
  readonly #rig: ForwarderRig;
  readonly #detector = new SilenceDetector();
  readonly #kinds: readonly Kind[];
  readonly #events = new Events();
  #timesAtMs = 0;

  constructor(options: VirtualOptions) {
    const { servers = 3, session, random } = options;
    const pool = buildPool({
      backends: Array.from({ length: servers }, (_, slot) => buildBackend(slot)),
      ...options.pool,
    });
    this.#options = options;
    this.#kinds = kindsOf(pool.affinity.kind, pool.policy);
    this.servers = pool.backends.map(() => ({ isSilent: false, slowUntilMs: 0 }));
    const limits = { maxFlows: 50_000 };
    this.#rig = new ForwarderRig(
      {
        pools: [pool],
        listeners: [buildListener({ session: { idleTimeoutMs: 10_000, ...session } })],
        limits,
      },
      { random },
    );
    this.#events.add(LOOK_EVERY_MS, () => this.#look());
  }

  add(client: VirtualClient, fromMs = this.nowMs): void {
    this.#events.add(fromMs, () => this.#ask(client));
  }

  at(atMs: number, action: () => void): void {
    this.#events.add(atMs, action);
  }

  /** Runs until a moment, or until somebody was found silent. */
  run(untilMs: number): void {
    while (this.found.length === 0) {
      const event = this.#events.next(untilMs);
      if (event === undefined) break;
      this.nowMs = event.atMs;
      this.#rig.nowMs = event.atMs;
      event.action();
    }
    this.nowMs = Math.max(this.nowMs, untilMs);
  }

  #ask(client: VirtualClient): void {
    const { random, loss } = this.#options;
    const next = client.next(this.nowMs);
    if (next === undefined) return;
    this.#events.add(this.nowMs + next, () => this.#ask(client));
    const flow = this.#rig.request(client.name);
    this.requests++;
    if (flow < 0) return;
    const server = this.servers[this.#rig.backendOf(flow)];
    if (server.isSilent || random() < loss || !client.isAnswered(this.nowMs)) return;
    const tookMs = this.#options.replyMs() * (this.nowMs < server.slowUntilMs ? SLOWNESS : 1);
    this.#events.add(this.nowMs + tookMs, () => {
      if (!server.isSilent) this.#rig.reply(flow);
    });
  }

  #look(): void {
    this.#events.add(this.nowMs + LOOK_EVERY_MS, () => this.#look());
    this.#detector.begin(this.nowMs);
    const slots = this.servers.map((_, slot) => slot);
    if (this.nowMs >= this.#timesAtMs) {
      this.#timesAtMs = this.nowMs + TIMES_EVERY_MS;
      this.#rig.expire();
      for (const slot of slots) this.#detector.learnTimes(slot, this.#times(slot));
    }
    for (const silence of this.#detector.observe(
      slots.map((slot) => this.#read(slot)),
      this.#kinds,
    ))
      this.found.push({ ...silence, atMs: this.nowMs });
  }

  #read(slot: number): Reading {
    const { counters } = this.#rig;
    const at = backendAt(slot);
    const get = (field: Exclude<keyof typeof BACKEND, "replyTime">) => counters[at + BACKEND[field]];
    return {
      slot,
      requests: get("requests"),
      answered: get("answered"),
      firsts: get("firsts"),
      firstsAnswered: get("firstsAnswered"),
      habituals: get("habituals"),
      habitualsAnswered: get("habitualsAnswered"),
      lapsed: get("lapsed"),
      heard: get("replies") + get("lateReplies"),
    };
  }

  #times(slot: number): Float64Array {
    const at = backendAt(slot) + BACKEND.replyTime + 2;
    return this.#rig.counters.subarray(at, at + HISTOGRAM_BUCKETS) as Float64Array;
  }
}

interface Event {
  readonly atMs: number;
  readonly action: () => void;
}

/** A queue by time: a binary heap. */
class Events {
  readonly #heap: Event[] = [];

  add(atMs: number, action: () => void): void {
    const heap = this.#heap;
    const event = { atMs, action };
    let at = heap.push(event) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (heap[parent].atMs <= atMs) break;
      heap[at] = heap[parent];
      at = parent;
    }
    heap[at] = event;
  }

  next(untilMs: number): Event | undefined {
    const heap = this.#heap;
    const first = heap[0];
    if (first === undefined || first.atMs > untilMs) return undefined;
    const last = heap.pop() as Event;
    if (heap.length > 0) this.#sink(last);
    return first;
  }

  #sink(event: Event): void {
    const heap = this.#heap;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && heap[child + 1].atMs < heap[child].atMs) child++;
      if (heap[child].atMs >= event.atMs) break;
      heap[at] = heap[child];
      at = child;
    }
    heap[at] = event;
  }
}
