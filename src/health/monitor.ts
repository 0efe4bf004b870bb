/**
 * Decides which backends take keys, and what an operator has said of them; docs/design/health.md has the rules. It reads counters
 * and a clock that it is given, and asks for a new snapshot when something that planes see has changed; it opens no socket.
 */
import { isDeepStrictEqual } from "node:util";
import type { HealthState } from "../core/health-state.js";
import { describeRefusal, type RefusalKind } from "../core/refusal-kind.js";
import type { AdminState, BackendEntry, PoolEntry, Snapshot } from "../core/snapshot.js";
import { createTrialTokens } from "../core/trials.js";
import { BackendRecord, type BackendSettings, type EffectiveState } from "./backend-record.js";
import { type PoolHealth, PoolRecords } from "./pool-records.js";
import { Probation } from "./probation.js";
import type { ProbeVerdict } from "./prober.js";
import { SilenceDetector } from "./silence.js";
import { TrafficEvidence, type TrafficReading } from "./traffic-evidence.js";
import type { Reading } from "./traffic-window.js";

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
  readonly read: (slot: number) => BackendReading;
  /** Lifetime counts of its reply times, by bucket. */
  readonly readTimes: (slot: number) => Float64Array;
  readonly onChange: (change: BackendChange) => void;
  /** Something that planes see has changed. */
  readonly publish: () => void;
  /** A backend is out and probed: its probes decide anew, beginning now. A suspicion (it is silent) is to be confirmed soon. */
  readonly prove: (slot: number, isSuspected: boolean) => void;
}

/** A backend as it was last told. */
interface Shown extends EffectiveState {
  readonly health: HealthState;
}

/** Everything that is counted of a backend's traffic. */
export type BackendReading = Reading & TrafficReading;

interface Watched {
  readonly record: BackendRecord;
  readonly traffic: TrafficEvidence;
  /** While it is out by passive signals. */
  probation: Probation | undefined;
  shown: Shown;
  /** Why datagrams lately did not get there. */
  refusal: string;
}

const SILENT = "silent while others answer";
const TIMES_EVERY_MS = 1000;
/** After this long without a request a pool is looked at no more often than once in a tick. */
const BUSY_FOR_MS = 2000;

export class HealthMonitor {
  readonly #options: MonitorOptions;
  readonly #watched = new Map<number, Watched>();
  readonly #silence = new SilenceDetector();
  readonly #tokens = createTrialTokens();
  #timesAtMs = 0;
  #busyUntilMs = Number.NEGATIVE_INFINITY;
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
      pools.set(entry.name, new PoolRecords(records, health, entry));
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
    const someOnTrial = pools.some(({ backends }) => backends.some(({ onTrial }) => onTrial));
    return { ...snapshot, pools, ...(someOnTrial && { trialTokens: this.#tokens }) };
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

  /** Whether `look` is wanted again soon: requests pass, and something is to be learnt from their answers. */
  get isBusy(): boolean {
    return this.#options.nowMs() < this.#busyUntilMs;
  }

  /** Many times a second while it is busy: silence, and how backends fare that are out. */
  look(): void {
    const nowMs = this.#options.nowMs();
    this.#silence.begin(nowMs);
    const learnsTimes = nowMs >= this.#timesAtMs;
    if (learnsTimes) this.#timesAtMs = nowMs + TIMES_EVERY_MS;
    for (const pool of this.#pools.values()) this.#lookAt(pool, learnsTimes, nowMs);
  }

  /** A datagram did not get to a backend. */
  refused(slot: number, kind: RefusalKind = "port"): void {
    const watched = this.#watched.get(slot);
    if (watched === undefined) return;
    watched.refusal = describeRefusal(kind);
    this.#accuse(watched, watched.refusal);
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

  /** Twice a second: traffic, trials, deadlines, slow starts, and what `look` sees to. */
  tick(): void {
    const nowMs = this.#options.nowMs();
    for (const watched of this.#watched.values()) {
      const { record } = watched;
      this.#judgeTraffic(watched, nowMs);
      const happened = record.tick(nowMs);
      this.#show(watched, happened === undefined ? record.reason : reasonOf(happened));
    }
    this.look();
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
      if (!wasProbed && settings.probed && known.isOnProbation) this.#options.prove(slot, false);
      return known;
    }
    const record = new BackendRecord(settings, nowMs);
    const shown = { ...record.effective(nowMs), health: record.health };
    const reading = this.#options.read(slot);
    const traffic = new TrafficEvidence(reading);
    this.#silence.start(reading, this.#options.readTimes(slot));
    this.#watched.set(slot, {
      record,
      shown,
      traffic,
      probation: undefined,
      refusal: describeRefusal("port"),
    });
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
    this.#watched.get(slot)?.probation?.end();
    this.#watched.delete(slot);
    this.#silence.forget(slot);
  }

  #lookAt(pool: PoolRecords, learnsTimes: boolean, nowMs: number): void {
    const isJudged = pool.health.passive.silence !== "off";
    const readings: Reading[] = [];
    for (const record of pool.records) {
      const watched = this.#watched.get(record.settings.slot) as Watched;
      if (record.isOnProbation) this.#judgeProbation(watched, pool, nowMs);
      else this.#endProbation(watched);
      if (isJudged && record.admitted) readings.push(this.#options.read(record.settings.slot));
    }
    if (!isJudged) return;
    if (this.#silence.isAsked(readings)) this.#busyUntilMs = nowMs + BUSY_FOR_MS;
    if (learnsTimes)
      for (const { slot } of readings) this.#silence.learnTimes(slot, this.#options.readTimes(slot));
    for (const { slot, forMs } of this.#silence.observe(readings, pool.kinds))
      this.#accuse(this.#watched.get(slot) as Watched, SILENT, forMs);
  }

  /** A backend that is out: a reply brings it back at once, a trial without an answer keeps it out. */
  #judgeProbation(watched: Watched, pool: PoolRecords, nowMs: number): void {
    const { record } = watched;
    const { slot } = record.settings;
    const reading = this.#options.read(slot);
    watched.probation ??= new Probation(slot, this.#tokens);
    const slowMs = this.#silence.slowReplyMs(slot);
    const isOneWay = reading.heard === 0 || this.#silence.isOneWay(slot, pool.kinds);
    const sign = watched.probation.judge(reading, { onTrial: record.onTrial, slowMs, isOneWay }, nowMs);
    if (watched.probation.isPending) this.#busyUntilMs = nowMs + BUSY_FOR_MS;
    const { sinceMs } = watched.probation;
    if (sign === "answered") {
      // What refused, its probes prove, where there are any.
      if (record.settings.probed && sinceMs === undefined) return;
      if (record.isSilent && sinceMs !== undefined) this.#silence.notePause(slot, nowMs - sinceMs);
      this.#readmit(watched, record.onTrial ? "answered on trial" : "answered again", nowMs);
    } else if (sign === "unanswered") this.#accuse(watched, "unanswered on trial", 0);
    else if (sign === "unrefused") {
      record.absolve(nowMs);
      this.#endProbation(watched);
      this.#show(watched, "takes requests and refuses none");
    }
  }

  #readmit(watched: Watched, reason: string, nowMs: number): void {
    this.#restartTraffic(watched.record.settings.slot);
    watched.record.answered(nowMs);
    this.#endProbation(watched);
    this.#show(watched, reason);
  }

  #endProbation(watched: Watched): void {
    watched.probation?.end();
    watched.probation = undefined;
  }

  #judgeTraffic(watched: Watched, nowMs: number): void {
    const { record, traffic } = watched;
    const sign = traffic.judge(this.#options.read(record.settings.slot), nowMs);
    if (sign === "refused") this.#accuse(watched, watched.refusal);
    if (sign === "answered") {
      // While it is out, `look` judges that.
      if (record.isOnProbation) return;
      record.answered(nowMs);
      this.#show(watched, "a reply passed");
    }
    if (sign === "unrefused" && !record.isOnProbation) {
      record.absolve(nowMs);
      this.#show(watched, "takes requests and refuses none");
    }
  }

  /**
   * A signal speaks against a backend: it is ejected, or failing where it has to stay.
   * @param silentForMs that it has been silent; undefined where it refuses
   */
  #accuse(watched: Watched, reason: string, silentForMs?: number): void {
    const { record } = watched;
    const isSilent = silentForMs !== undefined;
    const nowMs = this.#options.nowMs();
    if (record.admitted) {
      const { slot, probed } = record.settings;
      this.#restartTraffic(slot);
      if (this.#mayEject(record, isSilent, nowMs)) {
        record.eject(nowMs, isSilent);
        watched.probation = new Probation(slot, this.#tokens);
        if (isSilent) watched.probation.silentSince(this.#options.read(slot), nowMs - silentForMs);
        if (probed) this.#options.prove(slot, isSilent);
      } else record.fail(nowMs);
    } else if (record.onTrial) {
      watched.probation?.end();
      record.eject(nowMs, isSilent);
    } else if (!isSilent) record.confirm();
    this.#show(watched, reason);
  }

  #mayEject(record: BackendRecord, isSilent: boolean, nowMs: number): boolean {
    const pool = this.#pools.get(record.settings.pool);
    if (pool === undefined || !(isSilent || pool.health.passive.refusals)) return false;
    return pool.mayEject(record, nowMs);
  }

  #reconsider(watched: Watched, reason: string): void {
    const { record } = watched;
    if (record.admitted) return;
    record.reconsider();
    if (record.settings.probed) this.#options.prove(record.settings.slot, false);
    this.#show(watched, reason);
  }

  /** What a backend did before does not count any more. */
  #restartTraffic(slot: number): void {
    const reading = this.#options.read(slot);
    this.#silence.restart(reading);
    this.#watched.get(slot)?.traffic.restart(reading);
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
    keepsAnswered: health.passive.silence === "keep",
    probed: health.probed,
  };
}
