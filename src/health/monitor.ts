/**
 * Decides which backends take keys, and what an operator has said of them; docs/design/health.md has the rules. It reads counters
 * and a clock that it is given, and asks for a new snapshot when something that planes see has changed; it opens no socket.
 */
import { isDeepStrictEqual } from "node:util";
import type { HealthState } from "../core/health-state.js";
import type { AdminState, BackendEntry, PoolEntry, Snapshot } from "../core/snapshot.js";
import { BackendRecord, type BackendSettings, type EffectiveState } from "./backend-record.js";
import { type PoolHealth, PoolRecords } from "./pool-records.js";
import type { ProbeVerdict } from "./prober.js";
import { type Reading, SilenceDetector } from "./silence.js";
import { TrafficEvidence, type TrafficReading } from "./traffic-evidence.js";

export interface BackendChange {
  readonly pool: string;
  readonly backend: string;
  readonly admin: AdminState;
  readonly health: HealthState;
  readonly weight: number;
  /** The part of its weight that it gets: less than 1 while half-open and in a slow start. */
  readonly share: number;
  readonly reason: string;
}

/** A backend as it is now. Planes may have it a little later. */
export interface HealthStatus {
  readonly slot: number;
  readonly health: HealthState;
  readonly admitted: boolean;
  readonly reason: string;
  readonly forMs: number;
  /** Since something last spoke against it; Infinity when nothing ever did. */
  readonly badForMs: number;
}

export interface MonitorOptions {
  readonly nowMs: () => number;
  /** Lifetime counts of a backend. */
  readonly read: (slot: number) => TrafficReading;
  readonly onChange: (change: BackendChange) => void;
  /** Something that planes see has changed. */
  readonly publish: () => void;
  /** A backend is out and probed: its probes decide anew, beginning now. */
  readonly prove: (slot: number) => void;
}

/** A backend as it was last told. */
interface Shown extends EffectiveState {
  readonly health: HealthState;
}

interface Watched {
  readonly record: BackendRecord;
  readonly traffic: TrafficEvidence;
  shown: Shown;
}

const REFUSED = "refused: ICMP port unreachable";

export class HealthMonitor {
  readonly #options: MonitorOptions;
  readonly #watched = new Map<number, Watched>();
  readonly #silence = new SilenceDetector();
  #pools: ReadonlyMap<string, PoolRecords> = new Map();

  constructor(options: MonitorOptions) {
    this.#options = options;
  }

  /** Takes in a compiled config: new backends start untried, unchanged ones stay as they are. */
  update(snapshot: Snapshot, healthOf: (poolName: string) => PoolHealth): void {
    const nowMs = this.#options.nowMs();
    const slots = new Set(snapshot.pools.flatMap((pool) => pool.backends.map(({ slot }) => slot)));
    for (const slot of this.#watched.keys()) if (!slots.has(slot)) this.#forget(slot);
    const pools = new Map<string, PoolRecords>();
    for (const entry of snapshot.pools) {
      const health = healthOf(entry.name);
      const records = entry.backends.map((backend) =>
        this.#configure(settingsOf(entry, backend, health), nowMs),
      );
      pools.set(entry.name, new PoolRecords(records, health, entry.failOpen));
    }
    this.#pools = pools;
    for (const pool of pools.values()) this.#takeIn(pool, nowMs);
  }

  /** The same snapshot with every backend in its present state. */
  decorate(snapshot: Snapshot): Snapshot {
    const nowMs = this.#options.nowMs();
    const pools = snapshot.pools.map((pool) => ({
      ...pool,
      backends: pool.backends.map((backend) => {
        const watched = this.#watched.get(backend.slot);
        if (watched === undefined) return backend;
        const { record, shown } = watched;
        return {
          ...{ ...backend, ...record.effective(nowMs, backend) },
          ...{ health: shown.health, ejected: record.ejected },
        };
      }),
    }));
    return { ...snapshot, pools };
  }

  /** Probes in a row have decided. */
  probed(slot: number, verdict: ProbeVerdict, reason: string): void {
    this.#restartTraffic(slot);
    this.#change(slot, reason, (record, nowMs) => record.probed(verdict, nowMs));
  }

  /** One probe that decides nothing by itself. */
  probeSign(slot: number, passed: boolean, reason: string): void {
    this.#change(slot, reason, (record) => record.probeSign(passed));
  }

  /** A backend's host answered ICMP port unreachable. */
  refused(slot: number): void {
    const watched = this.#watched.get(slot);
    if (watched !== undefined) this.#accuse(watched, REFUSED);
  }

  /** An operator's word. @param deadlineMs when a drain becomes `disabled`, on the monitor's clock */
  operate(
    slot: number,
    change: { admin?: AdminState; weight?: number },
    reason: string,
    deadlineMs: number,
  ): void {
    this.#change(slot, reason, (record) => record.operate(change, deadlineMs));
    const watched = this.#watched.get(slot);
    if (watched !== undefined && change.admin === "enabled") this.#reconsider(watched, reason);
  }

  /** Somebody reloads: what is out is tried now. */
  reconsider(): void {
    for (const watched of this.#watched.values())
      this.#reconsider(watched, "tried again: the config was reloaded");
  }

  /** Twice a second: silence, traffic, trials, deadlines, slow starts. */
  tick(): void {
    const nowMs = this.#options.nowMs();
    for (const pool of this.#pools.values()) if (pool.health.passive.enabled) this.#judgeSilence(pool);
    for (const watched of this.#watched.values()) {
      const { record } = watched;
      this.#judgeTraffic(watched, nowMs);
      const happened = record.tick(nowMs);
      if (happened === "trial") this.#beginTrial(watched);
      this.#show(watched, happened === undefined ? record.reason : reasonOf(happened));
    }
  }

  /** Every backend with why and since when. */
  status(): HealthStatus[] {
    const nowMs = this.#options.nowMs();
    return [...this.#watched.values()].map(({ record, shown }) => ({
      ...{ slot: record.settings.slot, health: shown.health, admitted: shown.admitted },
      reason: record.reason,
      forMs: nowMs - record.sinceMs,
      badForMs: nowMs - record.badAtMs,
    }));
  }

  #configure(settings: BackendSettings, nowMs: number): BackendRecord {
    const { slot } = settings;
    const known = this.#watched.get(slot)?.record;
    if (known) {
      const wasProbed = known.settings.probed;
      known.reconfigure(settings);
      if (!wasProbed && settings.probed && known.isOnProbation) this.#options.prove(slot);
      return known;
    }
    const record = new BackendRecord(settings, nowMs);
    const shown = { ...record.effective(nowMs), health: record.health };
    this.#watched.set(slot, { record, shown, traffic: new TrafficEvidence(this.#options.read(slot)) });
    return record;
  }

  /** What a config says of a backend is no news, and in the snapshot already; what becomes of its health is neither. */
  #takeIn(pool: PoolRecords, nowMs: number): void {
    pool.review(nowMs);
    for (const record of pool.records) {
      const watched = this.#watched.get(record.settings.slot) as Watched;
      const { admitted, health } = watched.shown;
      watched.shown = { ...record.effective(nowMs), admitted, health };
      const reason = record.settings.probed ? record.reason : "the config has changed";
      this.#show(watched, reason);
    }
  }

  #forget(slot: number): void {
    this.#watched.delete(slot);
    this.#silence.forget(slot);
  }

  #judgeSilence(pool: PoolRecords): void {
    const readings: Reading[] = [];
    for (const { settings, admitted } of pool.records) {
      const { slot } = settings;
      if (admitted) readings.push({ slot, ...this.#options.read(slot) });
    }
    for (const slot of this.#silence.observe(readings)) {
      const watched = this.#watched.get(slot);
      if (watched) this.#accuse(watched, "silent while others answer");
    }
  }

  #judgeTraffic(watched: Watched, nowMs: number): void {
    const { record, traffic } = watched;
    const sign = traffic.judge(this.#options.read(record.settings.slot), nowMs);
    if (sign === "refused") this.#accuse(watched, REFUSED);
    if (sign === "answered") {
      const reason = record.isOnProbation ? "answered on trial" : "a reply passed";
      record.answered(nowMs);
      this.#show(watched, reason);
    }
    if (sign === "unrefused") {
      record.absolve(nowMs);
      this.#show(watched, "takes requests and refuses none");
    }
  }

  /** A signal speaks against a backend: it is ejected, or failing where it has to stay. */
  #accuse(watched: Watched, reason: string): void {
    const { record } = watched;
    const { slot, pool, probed } = record.settings;
    if (!record.admitted) return;
    const nowMs = this.#options.nowMs();
    this.#restartTraffic(slot);
    if (this.#pools.get(pool)?.mayEject(record, nowMs)) {
      record.eject(nowMs);
      if (probed) this.#options.prove(slot);
    } else record.fail(nowMs);
    this.#show(watched, reason);
  }

  #reconsider(watched: Watched, reason: string): void {
    const { record } = watched;
    if (record.admitted) return;
    record.reconsider();
    if (record.settings.probed) this.#options.prove(record.settings.slot);
    if (record.admitted) this.#beginTrial(watched);
    this.#show(watched, reason);
  }

  #beginTrial({ record }: Watched): void {
    this.#restartTraffic(record.settings.slot);
  }

  /** What a backend did before does not count any more. */
  #restartTraffic(slot: number): void {
    this.#silence.forget(slot);
    this.#watched.get(slot)?.traffic.restart(this.#options.read(slot));
  }

  #change(slot: number, reason: string, apply: (record: BackendRecord, nowMs: number) => void): void {
    const watched = this.#watched.get(slot);
    if (watched === undefined) return;
    apply(watched.record, this.#options.nowMs());
    this.#show(watched, reason);
  }

  /** Tells of a backend that has changed, and of the others where its pool now fails open, or does not any more. */
  #show(watched: Watched, reason: string): void {
    const nowMs = this.#options.nowMs();
    const pool = this.#pools.get(watched.record.settings.pool);
    if (pool === undefined) return;
    const isNews = !this.#isAsShown(watched, pool, nowMs);
    if (isNews && pool.review(nowMs)) {
      for (const { settings, reason: same } of pool.records) {
        const other = this.#watched.get(settings.slot);
        if (other && other !== watched) this.#tell(other, pool, same, nowMs);
      }
    }
    if (isNews) this.#tell(watched, pool, reason, nowMs);
  }

  #isAsShown({ record, shown }: Watched, pool: PoolRecords, nowMs: number): boolean {
    return isDeepStrictEqual(shown, { ...record.effective(nowMs), health: pool.healthOf(record, nowMs) });
  }

  #tell(watched: Watched, pool: PoolRecords, reason: string, nowMs: number): void {
    const { record, shown: before } = watched;
    const { name } = record.settings;
    const effective = record.effective(nowMs);
    const health = pool.healthOf(record, nowMs);
    const shown = { ...effective, health };
    if (isDeepStrictEqual(before, shown)) return;
    watched.shown = shown;
    record.reason = reason;
    if (before.health !== health || before.admin !== effective.admin) record.sinceMs = nowMs;
    const { admin, weight, share } = effective;
    this.#options.onChange({
      pool: record.settings.pool,
      backend: name,
      admin,
      health,
      weight,
      share,
      reason,
    });
    const { health: _, ...seenBefore } = before;
    if (!isDeepStrictEqual(seenBefore, effective)) this.#options.publish();
  }
}

function reasonOf(happened: "trial" | "deadline"): string {
  return happened === "trial" ? "tried after the back-off" : "drain deadline passed";
}

function settingsOf(pool: PoolEntry, backend: BackendEntry, health: PoolHealth): BackendSettings {
  return {
    slot: backend.slot,
    name: backend.name,
    pool: pool.name,
    admin: backend.admin,
    weight: backend.weight,
    backup: backend.backup ?? false,
    slowStartMs: health.slowStartMs,
    probed: health.probed,
  };
}
