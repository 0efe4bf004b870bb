/**
 * The records of one pool's backends, and what only all of them together tell: whether a signal may take one out, and whether the
 * pool fails open. The monitor owns it.
 */
import type { HealthState } from "../core/health-state.js";
import { mostEjected } from "../core/local-health.js";
import type { PassiveLimits, PoolEntry } from "../core/snapshot.js";
import type { BackendRecord, EffectiveState } from "./backend-record.js";
import { kindsOf } from "./silence.js";
import type { Kind } from "./traffic-window.js";

/** What the monitor must know of a pool's config. */
export interface PoolHealth {
  readonly passive: PassiveLimits;
  readonly slowStartMs: number;
  readonly probed: boolean;
}

export class PoolRecords {
  readonly health: PoolHealth;
  readonly records: readonly BackendRecord[];
  /** What its silence would show by; read while `passive.silence` is on. */
  readonly kinds: readonly Kind[];
  readonly #mayFailOpen: boolean;
  #failsOpen = false;
  #asksBackups = false;

  constructor(records: readonly BackendRecord[], health: PoolHealth, entry: PoolEntry) {
    const { affinity, policy, failOpen: mayFailOpen } = entry;
    this.records = records;
    this.kinds = kindsOf(affinity.kind, policy);
    this.health = health;
    this.#mayFailOpen = mayFailOpen;
  }

  /** After whatever changed a record. Answers whether `healthOf` may now say something else of the others. */
  review(nowMs: number): boolean {
    const before = `${this.#failsOpen} ${this.#asksBackups}`;
    const wanted = this.records.filter((record) => isWanted(record.effective(nowMs)));
    this.#failsOpen = this.#mayFailOpen && !wanted.some(({ admitted }) => admitted);
    this.#asksBackups = wanted.every(({ settings }) => settings.backup);
    return before !== `${this.#failsOpen} ${this.#asksBackups}`;
  }

  /** What people see: a backend that gets keys because its pool fails open is not out of rotation. */
  healthOf(record: BackendRecord, nowMs: number): HealthState {
    if (record.admitted || !this.#failsOpen || !isWanted(record.effective(nowMs))) return record.health;
    return record.settings.backup && !this.#asksBackups ? record.health : "failing";
  }

  /**
   * Whether a signal may take it out: never more than `maxEjected` allows, with those on trial, and never the last that takes keys.
   */
  mayEject(record: BackendRecord, nowMs: number): boolean {
    const others = this.records.filter((one) => one !== record);
    const isCandidate = (one: BackendRecord) => {
      const state = one.effective(nowMs);
      return isWanted(state) && state.admitted;
    };
    if (!others.some(isCandidate)) return false;
    const out = others.filter((one) => one.isOnProbation).length;
    return out < mostEjected(this.records.length, this.health.passive);
  }
}

function isWanted({ admin, weight }: EffectiveState): boolean {
  return admin === "enabled" && weight > 0;
}
