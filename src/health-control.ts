/**
 * Joins the health monitor, the prober and the plane's counters for the balancer: it feeds the monitor, and asks for a new
 * snapshot when something that planes see has changed.
 */
import type { ProbeStats } from "./api.js";
import type { Config } from "./config/config.js";
import type { HealthConfig } from "./config/health-config.js";
import type { Cancel, Clock } from "./core/clock.js";
import { BACKEND, backendAt, type Counters } from "./core/counters.js";
import { HISTOGRAM_BUCKETS } from "./core/histogram.js";
import type { RefusalKind } from "./core/refusal-kind.js";
import type { AdminState, Snapshot } from "./core/snapshot.js";
import {
  type BackendChange,
  type BackendReading,
  HealthMonitor,
  type HealthStatus,
} from "./health/monitor.js";
import type { Probe } from "./health/probe.js";
import { ProbeFigures } from "./health/probe-figures.js";
import { type ProbedBackend, Prober } from "./health/prober.js";
import { LOOK_EVERY_MS } from "./health/silence.js";

export interface HealthControlOptions {
  readonly clock: Clock;
  /** Default: the probes of src/health. */
  readonly createProbe?: CreateProbe | undefined;
  readonly counters: () => readonly Counters[];
  readonly onChange: (change: BackendChange) => void;
  /** A new snapshot is wanted. Calls that come together count as one. */
  readonly publish: () => void;
}

/** Makes the probe that a config asks for. */
export type CreateProbe = (config: HealthConfig["probe"]) => Probe;

const TICK_MS = 500;
/** Changes within this time share one snapshot. */
const GATHER_MS = 20;
/** As long as core/local-health.ts counts a refusal, and as a worker may take to tell of the next. */
const REFUSED_LATELY_MS = 1100;

export class HealthControl {
  readonly #options: HealthControlOptions;
  readonly #monitor: HealthMonitor;
  readonly #prober: Prober;
  readonly #figures = new ProbeFigures();
  readonly #clock: Clock;
  readonly #endTicking: Cancel;
  #endGathering: Cancel | undefined;
  #endLooking: Cancel | undefined;
  /** Backend slot → when it last refused a datagram. */
  readonly #refusedAtMs = new Map<number, number>();

  constructor(options: HealthControlOptions) {
    const { clock, createProbe } = options;
    this.#options = options;
    this.#clock = clock;
    this.#monitor = new HealthMonitor({
      nowMs: () => clock.now(),
      read: (slot) => this.#read(slot),
      readTimes: (slot) => this.#readTimes(slot),
      onChange: options.onChange,
      publish: () => this.#publishSoon(),
      prove: (slot, isSuspected) => this.#prober.prove(slot, isSuspected),
    });
    this.#prober = new Prober({
      onState: (slot, state, reason) => this.#monitor.probed(slot, state, reason),
      onSign: (slot, passed, reason) => this.#monitor.probeSign(slot, passed, reason),
      onResult: (slot, result) => this.#figures.add(slot, result, clock.now()),
      clock,
      random: () => clock.random(),
      ...(createProbe && { createProbe }),
    });
    this.#endTicking = clock.every(TICK_MS, () => {
      this.#monitor.tick();
      this.#lookSoon();
    });
  }

  /** Takes in a config in force and its snapshot. */
  update(config: Config, snapshot: Snapshot): void {
    const probed = probedBackends(config, snapshot);
    this.#figures.keep(probed.map(({ slot }) => slot));
    // Before the monitor, which may want some proved.
    this.#prober.update(probed);
    const pools = new Map(config.pools.map((pool) => [pool.name, pool]));
    this.#monitor.update(snapshot, (name) => {
      const pool = pools.get(name);
      return {
        passive: pool?.passive ?? { refusals: false, silence: "off", maxEjected: 0 },
        slowStartMs: pool?.slowStartMs ?? 0,
        probed: pool?.health !== undefined,
      };
    });
  }

  /** Somebody reloads: what is out of rotation is tried now. */
  reconsider(): void {
    this.#monitor.reconsider();
  }

  /** A compiled config with every backend in its present state. */
  decorate(snapshot: Snapshot): Snapshot {
    return this.#monitor.decorate(snapshot);
  }

  refused(slot: number, kind: RefusalKind): void {
    this.#refusedAtMs.set(slot, this.#clock.now());
    this.#monitor.refused(slot, kind);
  }

  /** Backends that a worker may still avoid by itself. */
  refusedLately(): ReadonlySet<number> {
    const sinceMs = this.#clock.now() - REFUSED_LATELY_MS;
    for (const [slot, atMs] of this.#refusedAtMs) if (atMs < sinceMs) this.#refusedAtMs.delete(slot);
    return new Set(this.#refusedAtMs.keys());
  }

  operate(
    slot: number,
    change: { admin?: AdminState; weight?: number },
    reason: string,
    deadlineMs = Number.POSITIVE_INFINITY,
  ): void {
    this.#monitor.operate(slot, change, reason, this.#clock.now() + deadlineMs);
  }

  /** How each backend is and why, by its slot. */
  status(): ReadonlyMap<number, HealthStatus> {
    return new Map(this.#monitor.status().map((status) => [status.slot, status]));
  }

  /** What the probes found, by the slot of each backend that is probed. */
  probes(): ReadonlyMap<number, ProbeStats> {
    const nowMs = this.#clock.now();
    return new Map(
      [...this.#figures.all].map(([slot, { lastAtMs, ...count }]) => [
        slot,
        { ...count, sinceMs: lastAtMs === undefined ? undefined : nowMs - lastAtMs },
      ]),
    );
  }

  async close(): Promise<void> {
    this.#endTicking();
    this.#endLooking?.();
    this.#endGathering?.();
    await this.#prober.close();
  }

  /** While there is traffic to learn from, the monitor looks at it often. */
  #lookSoon(): void {
    if (!this.#monitor.isBusy) return;
    this.#endLooking ??= this.#clock.after(LOOK_EVERY_MS, () => {
      this.#endLooking = undefined;
      this.#monitor.look();
      this.#lookSoon();
    });
  }

  #publishSoon(): void {
    this.#endGathering ??= this.#clock.after(GATHER_MS, () => {
      this.#endGathering = undefined;
      this.#options.publish();
    });
  }

  #read(slot: number): BackendReading {
    const sum = (offset: number) => this.#sum(backendAt(slot) + offset);
    const replies = sum(BACKEND.replies);
    return {
      ...{ slot, replies, requests: sum(BACKEND.requests), refused: sum(BACKEND.refused) },
      ...{ answered: sum(BACKEND.answered), heard: replies + sum(BACKEND.lateReplies) },
      ...{ firsts: sum(BACKEND.firsts), firstsAnswered: sum(BACKEND.firstsAnswered) },
      ...{ habituals: sum(BACKEND.habituals), habitualsAnswered: sum(BACKEND.habitualsAnswered) },
      lapsed: sum(BACKEND.lapsed),
    };
  }

  #readTimes(slot: number): Float64Array {
    const at = backendAt(slot) + BACKEND.replyTime + 2;
    return Float64Array.from({ length: HISTOGRAM_BUCKETS }, (_, bucket) => this.#sum(at + bucket));
  }

  #sum(at: number): number {
    let sum = 0;
    for (const counters of this.#options.counters()) sum += counters[at];
    return sum;
  }
}

function probedBackends(config: Config, snapshot: Snapshot): ProbedBackend[] {
  const plans = new Map(config.pools.map((pool) => [pool.name, pool.health]));
  return snapshot.pools.flatMap((pool) => {
    const plan = plans.get(pool.name);
    if (plan === undefined) return [];
    return pool.backends.map(({ slot, name, address }) => ({
      slot,
      name: `${pool.name}/${name}`,
      endpoint: address,
      plan,
    }));
  });
}
