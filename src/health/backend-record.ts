/**
 * What is known of one backend beside its config: what probes, passive signals and operators say, and what follows. A small
 * state machine without clock or I/O; the monitor feeds it.
 *
 *   passive   good ──refused, silent──► ejected ──back-off over──► trial ──answered──► good
 *                                          ▲                          │
 *                                          └────── refused, silent ───┘  (back-off doubled, 30 s at most)
 */
import type { AdminState, HealthState } from "../core/snapshot.js";

/** What the config says. */
export interface BackendSettings {
  readonly slot: number;
  readonly name: string;
  readonly pool: string;
  readonly admin: AdminState;
  readonly weight: number;
  /** Milliseconds in which the weight ramps up after a recovery; 0 for at once. */
  readonly slowStartMs: number;
  /** Whether probes decide about a suspect. */
  readonly probed: boolean;
}

export interface EffectiveState {
  readonly admin: AdminState;
  readonly weight: number;
  readonly health: HealthState;
  /** The part of its weight that it gets. */
  readonly share: number;
}

const FIRST_BACK_OFF_MS = 1000;
const LAST_BACK_OFF_MS = 30_000;
/** Steps of a slow start, and the share of its weight that a backend on trial gets. */
const STEPS = 10;

export class BackendRecord {
  settings: BackendSettings;
  /** Why it is as it is, for people. */
  reason = "configured";
  sinceMs: number;

  #operator: { admin?: AdminState; weight?: number } = {};
  #deadlineMs = Number.POSITIVE_INFINITY;
  #probe: HealthState | undefined;
  #passive: "good" | "ejected" | "trial" = "good";
  #backOffMs = FIRST_BACK_OFF_MS;
  #trialAtMs = 0;
  #recoveredAtMs = Number.NEGATIVE_INFINITY;

  constructor(settings: BackendSettings, nowMs: number) {
    this.settings = settings;
    this.sinceMs = nowMs;
  }

  get health(): HealthState {
    return this.#probe === "down" || this.#passive === "ejected" ? "down" : "up";
  }

  get onTrial(): boolean {
    return this.#passive === "trial";
  }

  get ejected(): boolean {
    return this.#passive === "ejected";
  }

  /** @param to what a new config says, before it is in force: where that is another word, it outranks the operator's */
  effective(nowMs: number, to: { admin: AdminState; weight: number } = this.settings): EffectiveState {
    const admin = (to.admin === this.settings.admin ? this.#operator.admin : undefined) ?? to.admin;
    const weight = (to.weight === this.settings.weight ? this.#operator.weight : undefined) ?? to.weight;
    return { admin, weight, health: this.health, share: this.#share(nowMs) };
  }

  /** A reload: an operator's word stays unless the config has changed its own. */
  reconfigure(settings: BackendSettings): void {
    const before = this.settings;
    this.settings = settings;
    if (before.admin !== settings.admin) this.#operator = withoutAdmin(this.#operator);
    if (before.weight !== settings.weight) this.#operator = withoutWeight(this.#operator);
    if (!settings.probed) this.#probe = undefined;
  }

  operate(change: { admin?: AdminState; weight?: number }, deadlineMs: number): void {
    this.#operator = { ...this.#operator, ...change };
    this.#deadlineMs = change.admin === "draining" ? deadlineMs : Number.POSITIVE_INFINITY;
  }

  /** A probe's verdict after `rise` or `fall`. It decides about a suspect as well. */
  probed(state: HealthState, nowMs: number): void {
    const before = this.health;
    this.#probe = state;
    if (state === "up") this.#passive = "good";
    this.#noteRecovery(before, nowMs);
  }

  /** A passive signal takes it down. */
  eject(nowMs: number): void {
    this.#backOffMs =
      this.#passive === "trial" ? Math.min(LAST_BACK_OFF_MS, this.#backOffMs * 2) : FIRST_BACK_OFF_MS;
    this.#passive = "ejected";
    this.#trialAtMs = nowMs + this.#backOffMs;
  }

  /** It has answered while on trial. */
  pass(nowMs: number): void {
    if (this.#passive !== "trial") return;
    this.#passive = "good";
    this.#backOffMs = FIRST_BACK_OFF_MS;
    this.#recoveredAtMs = nowMs;
  }

  /**
   * What time alone changes: a trial begins, a drain's deadline passes. Answers what happened, or undefined. Suspects that
   * are probed wait for their probe.
   */
  tick(nowMs: number): "trial" | "deadline" | undefined {
    if (nowMs >= this.#deadlineMs) {
      this.operate({ admin: "disabled" }, Number.POSITIVE_INFINITY);
      return "deadline";
    }
    if (this.#passive === "ejected" && !this.settings.probed && nowMs >= this.#trialAtMs) {
      this.#passive = "trial";
      return "trial";
    }
    return undefined;
  }

  #noteRecovery(before: HealthState, nowMs: number): void {
    if (before === "down" && this.health === "up") this.#recoveredAtMs = nowMs;
  }

  /** The part of its weight that it gets: a tenth on trial, a growing one in a slow start. */
  #share(nowMs: number): number {
    if (this.#passive === "trial") return 1 / STEPS;
    const { slowStartMs } = this.settings;
    const upForMs = nowMs - this.#recoveredAtMs;
    if (slowStartMs === 0 || upForMs >= slowStartMs) return 1;
    return (1 + Math.floor((upForMs / slowStartMs) * STEPS)) / STEPS;
  }
}

function withoutAdmin({ weight }: { admin?: AdminState; weight?: number }): { weight?: number } {
  return weight === undefined ? {} : { weight };
}

function withoutWeight({ admin }: { admin?: AdminState; weight?: number }): { admin?: AdminState } {
  return admin === undefined ? {} : { admin };
}
