/**
 * Decides which backends are up, and what an operator has said of them; docs/design/health.md has the rules. It reads counters
 * and a clock that it is given, and asks for a new snapshot when something changed; it opens no socket.
 */
import { isDeepStrictEqual } from "node:util";
import { mostEjected } from "../core/local-health.js";
import type {
  AdminState,
  BackendEntry,
  HealthState,
  PassiveLimits,
  PoolEntry,
  Snapshot,
} from "../core/snapshot.js";
import { BackendRecord, type BackendSettings, type EffectiveState } from "./backend-record.js";
import { type Reading, SilenceDetector } from "./silence.js";

/** What the monitor must know of a pool beside its entry in a snapshot. */
export interface PoolHealth {
  readonly passive: PassiveLimits;
  readonly slowStartMs: number;
  readonly probed: boolean;
}

export interface BackendChange {
  readonly pool: string;
  readonly backend: string;
  readonly admin: AdminState;
  readonly health: HealthState;
  readonly weight: number;
  /** The part of its weight that it gets: less than 1 on trial and in a slow start. */
  readonly share: number;
  readonly reason: string;
}

export interface MonitorOptions {
  readonly nowMs: () => number;
  /** Lifetime counts of a backend. */
  readonly read: (slot: number) => { readonly requests: number; readonly replies: number };
  readonly onChange: (change: BackendChange) => void;
  /** A suspect wants its probe now. */
  readonly probeNow: (slot: number) => void;
}

export class HealthMonitor {
  readonly #options: MonitorOptions;
  readonly #records = new Map<number, BackendRecord>();
  readonly #shown = new Map<number, EffectiveState>();
  readonly #silence = new SilenceDetector();
  /** Replies of a backend when its trial began. */
  readonly #trialReplies = new Map<number, number>();
  #pools: readonly { readonly entry: PoolEntry; readonly health: PoolHealth }[] = [];

  constructor(options: MonitorOptions) {
    this.#options = options;
  }

  /** Takes in a compiled config: new backends start up, unchanged ones stay as they are. */
  update(snapshot: Snapshot, healthOf: (poolName: string) => PoolHealth): void {
    const nowMs = this.#options.nowMs();
    this.#pools = snapshot.pools.map((entry) => ({ entry, health: healthOf(entry.name) }));
    const slots = new Set<number>();
    for (const { entry, health } of this.#pools) {
      for (const backend of entry.backends) {
        slots.add(backend.slot);
        this.#configure(settingsOf(entry, backend, health), nowMs);
      }
    }
    for (const slot of this.#records.keys()) if (!slots.has(slot)) this.#forget(slot);
  }

  /** The same snapshot with every backend in its present state. */
  decorate(snapshot: Snapshot): Snapshot {
    const nowMs = this.#options.nowMs();
    const pools = snapshot.pools.map((pool) => ({
      ...pool,
      backends: pool.backends.map((backend) => {
        const record = this.#records.get(backend.slot);
        if (record === undefined) return backend;
        return { ...backend, ...record.effective(nowMs, backend), ejected: record.ejected };
      }),
    }));
    return { ...snapshot, pools };
  }

  /** A probe has decided. */
  probed(slot: number, state: HealthState, reason: string): void {
    this.#change(slot, reason, (record, nowMs) => record.probed(state, nowMs));
  }

  /** A backend's host answered ICMP port unreachable. */
  refused(slot: number): void {
    const record = this.#records.get(slot);
    if (record === undefined || record.ejected || !this.#mayEject(record)) return;
    this.#eject(record, "refused: ICMP port unreachable");
  }

  /** An operator's word. @param deadlineMs when a drain becomes `disabled`, on the monitor's clock */
  operate(
    slot: number,
    change: { admin?: AdminState; weight?: number },
    reason: string,
    deadlineMs: number,
  ): void {
    this.#change(slot, reason, (record) => record.operate(change, deadlineMs));
  }

  /** Twice a second: silence, trials, deadlines, slow starts. */
  tick(): void {
    const nowMs = this.#options.nowMs();
    for (const { entry, health } of this.#pools) if (health.passive.enabled) this.#judgeSilence(entry);
    for (const record of this.#records.values()) {
      const { slot } = record.settings;
      const happened = record.tick(nowMs);
      if (happened === "trial") this.#beginTrial(slot);
      if (record.onTrial && this.#hasAnswered(slot))
        this.#change(slot, "answered on trial", (r) => r.pass(nowMs));
      else this.#show(record, happened === undefined ? record.reason : reasonOf(happened));
    }
  }

  /** Every backend with why and since when. */
  status(): { slot: number; reason: string; forMs: number }[] {
    const nowMs = this.#options.nowMs();
    return [...this.#records.values()].map((record) => ({
      slot: record.settings.slot,
      reason: record.reason,
      forMs: nowMs - record.sinceMs,
    }));
  }

  #configure(settings: BackendSettings, nowMs: number): void {
    const known = this.#records.get(settings.slot);
    if (known) {
      known.reconfigure(settings);
    } else {
      const record = new BackendRecord(settings, nowMs);
      this.#records.set(settings.slot, record);
    }
    const record = this.#records.get(settings.slot) as BackendRecord;
    this.#shown.set(settings.slot, record.effective(nowMs));
  }

  #forget(slot: number): void {
    this.#records.delete(slot);
    this.#shown.delete(slot);
    this.#trialReplies.delete(slot);
    this.#silence.forget(slot);
  }

  #judgeSilence(entry: PoolEntry): void {
    const readings: Reading[] = [];
    for (const { slot } of entry.backends) {
      if (this.#records.get(slot)?.health === "up") readings.push({ slot, ...this.#options.read(slot) });
    }
    for (const slot of this.#silence.observe(readings)) {
      const record = this.#records.get(slot);
      if (record && this.#mayEject(record)) this.#eject(record, "silent while others answer");
    }
  }

  #eject(record: BackendRecord, reason: string): void {
    const { slot, probed } = record.settings;
    this.#silence.forget(slot);
    this.#change(slot, reason, (r, nowMs) => r.eject(nowMs));
    if (probed) this.#options.probeNow(slot);
  }

  /** Never more than `passive` allows, and never the last that is up. */
  #mayEject({ settings }: BackendRecord): boolean {
    const pool = this.#pools.find(({ entry }) => entry.name === settings.pool);
    if (pool === undefined) return false;
    const nowMs = this.#options.nowMs();
    const records = pool.entry.backends.flatMap(({ slot }) => this.#records.get(slot) ?? []);
    const usable = records.filter((record) => takesKeys(record.effective(nowMs)));
    if (usable.length < 2) return false;
    const ejected = records.filter((record) => record.ejected).length;
    return ejected < mostEjected(records.length, pool.health.passive);
  }

  #beginTrial(slot: number): void {
    this.#silence.forget(slot);
    this.#trialReplies.set(slot, this.#options.read(slot).replies);
  }

  #hasAnswered(slot: number): boolean {
    return this.#options.read(slot).replies > (this.#trialReplies.get(slot) ?? Number.POSITIVE_INFINITY);
  }

  #change(slot: number, reason: string, apply: (record: BackendRecord, nowMs: number) => void): void {
    const record = this.#records.get(slot);
    if (record === undefined) return;
    apply(record, this.#options.nowMs());
    this.#show(record, reason);
  }

  /** Tells when what planes see of a backend has changed. */
  #show(record: BackendRecord, reason: string): void {
    const nowMs = this.#options.nowMs();
    const { slot, name, pool } = record.settings;
    const before = this.#shown.get(slot);
    const after = record.effective(nowMs);
    if (before && isDeepStrictEqual(before, after)) return;
    this.#shown.set(slot, after);
    record.reason = reason;
    record.sinceMs = nowMs;
    this.#options.onChange({ pool, backend: name, ...after, reason });
  }
}

function takesKeys({ admin, weight, health }: EffectiveState): boolean {
  return admin === "enabled" && weight > 0 && health === "up";
}

function reasonOf(happened: "trial" | "deadline"): string {
  return happened === "trial" ? "on trial after the back-off" : "drain deadline passed";
}

function settingsOf(pool: PoolEntry, backend: BackendEntry, health: PoolHealth): BackendSettings {
  return {
    slot: backend.slot,
    name: backend.name,
    pool: pool.name,
    admin: backend.admin,
    weight: backend.weight,
    slowStartMs: health.slowStartMs,
    probed: health.probed,
  };
}
