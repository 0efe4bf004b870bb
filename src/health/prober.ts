/**
 * Runs the probes of many backends at their times: spread, jittered, at most so many at once. It says what each
 * found and when a state changed; what follows from that is the monitor's business.
 */
import { isDeepStrictEqual } from "node:util";
import type { HealthConfig } from "../config/health-config.js";
import { type Endpoint, endpointEquals } from "../core/address.js";
import { type Cancel, type Clock, createSystemClock } from "../core/clock.js";
import { createProbe } from "./create-probe.js";
import { addResult, type Hysteresis, INITIAL_HYSTERESIS, isChanging, UNPROVEN } from "./hysteresis.js";
import { failed, type Probe, type ProbeResult } from "./probe.js";
import { SuspicionTimeout } from "./suspicion-timeout.js";

/** What probes in a row have decided. */
export type ProbeVerdict = "up" | "down";

/** A backend to probe. */
export interface ProbedBackend {
  readonly slot: number;
  /** `pool/backend`, for reasons and logs. */
  readonly name: string;
  readonly endpoint: Endpoint;
  readonly plan: HealthConfig;
}

export interface ProberOptions {
  /** The state of a backend changed, with the reason of the result that did it. */
  readonly onState: (slot: number, state: ProbeVerdict, reason: string) => void;
  /** Every result; called before the change of state that it makes. */
  readonly onResult?: (slot: number, result: ProbeResult) => void;
  /** A result that counts but changes no state. */
  readonly onSign?: (slot: number, passed: boolean, reason: string) => void;
  /** Probes at once, default 64; further ones wait for their turn. */
  readonly maxConcurrent?: number;
  readonly clock?: Pick<Clock, "now" | "after">;
  /** From 0 up to 1, for jitter. */
  readonly random?: () => number;
  readonly createProbe?: (config: HealthConfig["probe"]) => Probe;
}

/** One backend while it is probed. */
interface Entry {
  readonly backend: ProbedBackend;
  readonly probe: Probe;
  readonly target: Endpoint;
  readonly abort: AbortController;
  readonly suspicion: SuspicionTimeout;
  /** The next probe only has to confirm a suspicion: it has less time, and its failure is a sign but does not count. */
  isSuspected: boolean;
  /** Ends the probe that runs, and nothing is counted of it. */
  cut: AbortController;
  hysteresis: Hysteresis;
  phase: "waiting" | "queued" | "running";
  /** Somebody asked while it ran: the next one follows at once, and this one, which began before, says nothing. */
  isWantedAgain: boolean;
  cancelTimer: Cancel | undefined;
}

const DEFAULT_MAX_CONCURRENT = 64;

export class Prober {
  readonly #options: Required<ProberOptions>;
  readonly #entries = new Map<number, Entry>();
  readonly #queue: Entry[] = [];
  readonly #running = new Set<Promise<void>>();

  constructor(options: ProberOptions) {
    this.#options = {
      onResult: () => {},
      onSign: () => {},
      maxConcurrent: DEFAULT_MAX_CONCURRENT,
      clock: createSystemClock(),
      random: Math.random,
      createProbe,
      ...options,
    };
  }

  /**
   * Probes these backends from now on, and forgets all others. One with the same slot and endpoint as before keeps
   * its state, and with the same plan also its next time; else its first probe comes within one interval. A new one
   * starts as up.
   */
  update(backends: readonly ProbedBackend[]): void {
    const slots = new Set(backends.map(({ slot }) => slot));
    for (const slot of [...this.#entries.keys()]) if (!slots.has(slot)) this.#forget(slot);
    const fresh = backends.filter(
      (backend) => !isSamePlan(this.#entries.get(backend.slot)?.backend, backend),
    );
    for (const [i, backend] of fresh.entries()) {
      const before = this.#entries.get(backend.slot);
      this.#forget(backend.slot);
      const isKnown = before !== undefined && endpointEquals(before.backend.endpoint, backend.endpoint);
      const { state } = isKnown ? before.hysteresis : INITIAL_HYSTERESIS;
      this.#add(backend, { state, run: 0 }, i / fresh.length);
    }
  }

  /**
   * A backend was taken out by something else: it is probed at once, and `rise` successes or `fall` failures in a row from now on decide,
   * whatever its state was. Nothing when it is not probed at all.
   * @param isSuspected it answers nothing: the first probe is to confirm that soon, and one that runs is given up
   */
  prove(slot: number, isSuspected = false): void {
    const entry = this.#entries.get(slot);
    if (entry === undefined) return;
    entry.hysteresis = UNPROVEN;
    entry.isSuspected = isSuspected;
    if (isSuspected) entry.cut.abort();
    this.#probeNow(entry);
  }

  /** Ahead of those whose time has come. */
  #probeNow(entry: Entry): void {
    if (entry.phase === "running") {
      entry.isWantedAgain = true;
      return;
    }
    entry.cancelTimer?.();
    if (entry.phase === "queued") this.#queue.splice(this.#queue.indexOf(entry), 1);
    entry.phase = "queued";
    this.#queue.unshift(entry);
    this.#runQueued();
  }

  /** The state by probes alone; undefined for a backend that is not probed. */
  state(slot: number): Hysteresis["state"] | undefined {
    return this.#entries.get(slot)?.hysteresis.state;
  }

  /** Ends every probe; no callback comes after this call. Resolves when nothing is open any more. */
  async close(): Promise<void> {
    for (const slot of [...this.#entries.keys()]) this.#forget(slot);
    await Promise.all(this.#running);
  }

  /** @param share of the interval to wait before the first probe */
  #add(backend: ProbedBackend, hysteresis: Hysteresis, share: number): void {
    const { plan, endpoint, slot } = backend;
    const entry: Entry = {
      backend,
      probe: this.#options.createProbe(plan.probe),
      target: { ip: plan.address ?? endpoint.ip, port: plan.port || endpoint.port },
      abort: new AbortController(),
      suspicion: new SuspicionTimeout(),
      isSuspected: false,
      cut: new AbortController(),
      hysteresis,
      phase: "waiting",
      isWantedAgain: false,
      cancelTimer: undefined,
    };
    this.#entries.set(slot, entry);
    this.#schedule(entry, share * plan.intervalMs);
  }

  #forget(slot: number): void {
    const entry = this.#entries.get(slot);
    if (entry === undefined) return;
    this.#entries.delete(slot);
    entry.cancelTimer?.();
    if (entry.phase === "queued") this.#queue.splice(this.#queue.indexOf(entry), 1);
    entry.abort.abort();
  }

  #schedule(entry: Entry, delayMs: number): void {
    entry.phase = "waiting";
    entry.cancelTimer = this.#options.clock.after(delayMs, () => {
      entry.phase = "queued";
      this.#queue.push(entry);
      this.#runQueued();
    });
  }

  #runQueued(): void {
    while (this.#running.size < this.#options.maxConcurrent) {
      const entry = this.#queue.shift();
      if (entry === undefined) return;
      const run: Promise<void> = this.#run(entry).finally(() => {
        this.#running.delete(run);
        this.#runQueued();
      });
      this.#running.add(run);
    }
  }

  async #run(entry: Entry): Promise<void> {
    entry.phase = "running";
    entry.cut = new AbortController();
    const { isSuspected, cut } = entry;
    entry.isSuspected = false;
    const startedMs = this.#options.clock.now();
    const result = await this.#ask(entry, isSuspected);
    if (entry.abort.signal.aborted) return;
    if (!cut.signal.aborted) this.#count(entry, result, isSuspected);
    // A callback may have forgotten it.
    if (entry.abort.signal.aborted) return;
    const sinceStartMs = this.#options.clock.now() - startedMs;
    const delayMs = entry.isWantedAgain ? 0 : Math.max(0, this.#nextIntervalMs(entry) - sinceStartMs);
    entry.isWantedAgain = false;
    this.#schedule(entry, delayMs);
  }

  /** Probes do not reject; should one, then that is the backend's failure and not the end of its probing. */
  async #ask(entry: Entry, isSuspected: boolean): Promise<ProbeResult> {
    const { probe, target, backend, abort, cut, suspicion } = entry;
    const { timeoutMs } = backend.plan;
    try {
      const givenMs = isSuspected ? suspicion.timeoutMs(timeoutMs) : timeoutMs;
      return await probe.run(target, givenMs, AbortSignal.any([abort.signal, cut.signal]));
    } catch (error) {
      const { name } = error instanceof Error ? error : { name: typeof error };
      return { ...failed(`the probe itself failed (${name})`), elapsedMs: 0 };
    }
  }

  #count(entry: Entry, result: ProbeResult, isSuspected: boolean): void {
    const { slot, plan } = entry.backend;
    const before = entry.hysteresis.state;
    const counts = !result.isOurs && !entry.isWantedAgain;
    if (result.ok) entry.suspicion.learn(result.elapsedMs);
    if (counts && (result.ok || !isSuspected))
      entry.hysteresis = addResult(entry.hysteresis, result.ok, plan);
    const { state } = entry.hysteresis;
    this.#options.onResult(slot, result);
    if (!counts || entry.abort.signal.aborted) return;
    if (state === before || state === "unproven") this.#options.onSign(slot, result.ok, result.reason);
    else this.#options.onState(slot, state, result.reason);
  }

  #nextIntervalMs({ hysteresis, backend }: Entry): number {
    const { intervalMs, fastIntervalMs, jitterPercent } = backend.plan;
    const plainMs = isChanging(hysteresis) ? Math.min(intervalMs, fastIntervalMs) : intervalMs;
    return plainMs * (1 + ((this.#options.random() * 2 - 1) * jitterPercent) / 100);
  }
}

function isSamePlan(a: ProbedBackend | undefined, b: ProbedBackend): boolean {
  return a !== undefined && endpointEquals(a.endpoint, b.endpoint) && isDeepStrictEqual(a.plan, b.plan);
}
