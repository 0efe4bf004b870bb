/** A balancer for tests of the admin side: it has the figures that it is given, and remembers what it was asked to do. */
import { EventEmitter } from "node:events";
import type {
  Actor,
  BackendStats,
  Balancer,
  BalancerEvents,
  Drops,
  ListenerStats,
  Stats,
  TappedDatagram,
} from "../api.js";
import { refuseNewPrivileges } from "../config/privilege-check.js";
import { FLOW_ENDS, type FlowEnd } from "../core/counters.js";
import { DROP_REASONS } from "../core/drop-reason.js";
import { SluiceError } from "../core/errors.js";

const NOTHING = { datagrams: 0, bytes: 0 };
export const NO_DROPS = Object.fromEntries(DROP_REASONS.map((reason) => [reason, 0])) as Drops;
const NO_ENDS = Object.fromEntries(FLOW_ENDS.map((end) => [end, 0])) as Record<FlowEnd, number>;
const NO_TIMES = {
  samples: 0,
  meanMs: NaN,
  p50Ms: NaN,
  p90Ms: NaN,
  p99Ms: NaN,
  maxMs: NaN,
  sumMs: 0,
  buckets: [],
};
const NO_CHANGES = { added: [], removed: [], changed: [] };

export function buildListener(overrides: Partial<ListenerStats> = {}): ListenerStats {
  return {
    ...{ name: "dns", address: "127.0.0.1:53", pool: "web", requests: NOTHING, replies: NOTHING },
    ...{ activeFlows: 0, openedFlows: 0, movedFlows: 0, ended: NO_ENDS, queueDrops: 0 },
    ...{ drops: NO_DROPS, replyDrops: NO_DROPS },
    ...overrides,
  };
}

export function buildBackendStats(overrides: Partial<BackendStats> = {}): BackendStats {
  return {
    ...{ pool: "web", name: "a", address: "192.0.2.1:53", weight: 1, admin: "enabled", health: "up" },
    ...{
      reason: "configured",
      stateForMs: 1000,
      share: 1,
      backup: false,
      requests: NOTHING,
      replies: NOTHING,
    },
    ...{ activeFlows: 0, openedFlows: 0, outstanding: 0, refused: 0, queueDrops: 0, replyTime: NO_TIMES },
    refusedBy: { port: 0, host: 0, network: 0, protocol: 0, prohibited: 0, no_route: 0 },
    probes: undefined,
    ...overrides,
  };
}

export function buildStats(overrides: Partial<Stats> = {}): Stats {
  return {
    ...{ plane: "portable", planeNotes: [], configVersion: 3, uptimeMs: 5000 },
    ready: { isReady: true, awaiting: [] },
    workers: [{ index: 0, state: "running", restarts: 0, cpuMs: 12.5 }],
    flows: { active: 0, opened: 0, moved: 0, max: 1000, ended: NO_ENDS },
    ...{ drops: NO_DROPS, replyDrops: NO_DROPS, sources: [], flowLog: undefined },
    listeners: [buildListener()],
    backends: [buildBackendStats(), buildBackendStats({ name: "b", address: "192.0.2.2:53" })],
    ...overrides,
  };
}

/** One call of something that changes the balancer. */
export type Call = readonly [what: string, ...args: unknown[]];

export class FakeBalancer implements Balancer {
  readonly listeners = [{ name: "dns", address: "127.0.0.1:53" }];
  readonly plane = "portable";
  readonly planeNotes = [];
  readonly calls: Call[] = [];
  figures: Stats = buildStats();
  config: Balancer["config"] = {
    version: 3,
    source: "file",
    document: {
      listeners: [{ name: "dns", address: "127.0.0.1:53" }],
      pools: [{ name: "web", policy: "maglev", affinity: "client-ip/24,56", failOpen: true }],
      admin: { listen: "127.0.0.1:9901", token: "[redacted]" },
    },
  };
  live: ReturnType<Balancer["flows"]> = [];
  /** What the next reload or plan fails with. */
  failure: Error | undefined;
  /** What a tap gives. */
  datagrams: AsyncIterable<TappedDatagram> | undefined;
  readonly #events = new EventEmitter();

  readonly backends: Balancer["backends"] = {
    drain: (name, options, actor) =>
      this.#change(name, { admin: "draining" }, ["drain", name, options?.deadlineMs, actor]),
    enable: (name, actor) => this.#change(name, { admin: "enabled" }, ["enable", name, actor]),
    disable: (name, actor) => this.#change(name, { admin: "disabled" }, ["disable", name, actor]),
    weight: (name, weight, actor) => this.#change(name, { weight }, ["weight", name, weight, actor]),
  };

  /** A moment later, as in a real one. */
  #change(name: string, change: Partial<BackendStats>, call: Call): void {
    this.calls.push(call);
    setTimeout(() => {
      const backends = this.figures.backends.map((backend) =>
        `${backend.pool}/${backend.name}` === name ? { ...backend, ...change } : backend,
      );
      this.figures = { ...this.figures, backends };
    }, 10);
  }

  stats(): Stats {
    return this.figures;
  }

  flows(filter: Parameters<Balancer["flows"]>[0] = {}): ReturnType<Balancer["flows"]> {
    this.calls.push(["flows", filter]);
    return this.live.slice(0, filter.limit);
  }

  async endFlow(id: string, actor?: Actor): Promise<boolean> {
    this.calls.push(["endFlow", id, actor]);
    return this.live.some((flow) => flow.id === id);
  }

  explain({ client, listener = "dns" }: Parameters<Balancer["explain"]>[0]): ReturnType<Balancer["explain"]> {
    if (listener !== "dns")
      throw new SluiceError("LISTENER_UNKNOWN", `no listener ${JSON.stringify(listener)}`);
    return {
      ...{ client, listener, pool: "web", affinity: "client", key: client, policy: "maglev", hash: 7 },
      ...{
        verdict: "dropped",
        backend: undefined,
        reason: "no_backend: none is up",
        dropReason: "no_backend",
      },
      ...{ candidates: [], flow: undefined, notes: [] },
    };
  }

  async plan(config: unknown, actor?: Actor): ReturnType<Balancer["plan"]> {
    this.calls.push(["plan", config, actor]);
    this.#check(config, actor);
    if (this.failure) throw this.failure;
    return {
      ...{ listeners: NO_CHANGES, pools: NO_CHANGES, backends: NO_CHANGES },
      flows: { live: 0, kept: 0, moved: 0, ended: 0 },
      keys: [{ pool: "web", share: undefined }],
      restartNeeded: [],
    };
  }

  async reload(config: unknown, actor?: Actor): ReturnType<Balancer["reload"]> {
    this.#check(config, actor);
    this.calls.push(["reload", config, actor]);
    if (this.failure) throw this.failure;
    const version = this.config.version + 1;
    this.config = { ...this.config, version };
    return { version, listeners: NO_CHANGES, pools: NO_CHANGES, backends: NO_CHANGES };
  }

  /** As a real one does. */
  #check(config: unknown, actor: Actor | undefined): void {
    if (actor?.by === "local") refuseNewPrivileges(config, this.config.document);
  }

  tap(
    options: Parameters<Balancer["tap"]>[0],
    _signal?: AbortSignal,
    actor?: Actor,
  ): ReturnType<Balancer["tap"]> {
    this.calls.push(["tap", options, actor]);
    if (this.datagrams === undefined) throw new SluiceError("TAP_LIMIT", "too many taps are open");
    const { datagrams } = this;
    return { opened: Promise.resolve(), [Symbol.asyncIterator]: () => datagrams[Symbol.asyncIterator]() };
  }

  on<E extends keyof BalancerEvents>(event: E, listener: (...args: BalancerEvents[E]) => void): this {
    this.#events.on(event, listener);
    return this;
  }

  off<E extends keyof BalancerEvents>(event: E, listener: (...args: BalancerEvents[E]) => void): this {
    this.#events.off(event, listener);
    return this;
  }

  emit<E extends keyof BalancerEvents>(event: E, ...args: BalancerEvents[E]): void {
    this.#events.emit(event, ...args);
  }

  async close(): Promise<void> {}

  async [Symbol.asyncDispose](): Promise<void> {}
}
