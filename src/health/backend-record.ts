/**
 * What is known of one backend beside its config: what probes, passive signals and operators say, and what follows. A small
 * state machine without clock or I/O; the monitor feeds it. Beside the health state, docs/design/health.md has the whole picture:
 *
 *   passive   in ──eject──► ejected ──back-off over, or a probe passed──► half-open ──answered, probed up──► in
 *                             ▲                                             │
 *                             └───────── trial or probe failed ─────────────┘  (back-off doubled, 30 s at most)
 *             a reply of a backend that is ejected or half-open brings it back at once
 */
import type { HealthState } from "../core/health-state.js";
import type { AdminState } from "../core/snapshot.js";
import type { ProbeVerdict } from "./prober.js";

/** What the config says. */
export interface BackendSettings {
  readonly slot: number;
  readonly name: string;
  readonly pool: string;
  readonly admin: AdminState;
  readonly weight: number;
  readonly backup: boolean;
  /** Milliseconds in which the weight ramps up after a recovery; 0 for at once. */
  readonly slowStartMs: number;
  /** Whether flows that it has answered stay while it is silent and nothing has confirmed that it is dead. */
  readonly keepsAnswered: boolean;
  /** Whether probes decide about a backend that was ejected. */
  readonly probed: boolean;
}

export interface EffectiveState {
  readonly admin: AdminState;
  readonly weight: number;
  /** Whether its health lets it take keys. */
  readonly admitted: boolean;
  /** The part of its weight that it gets. */
  readonly share: number;
  /** Tried by single requests. */
  readonly onTrial: boolean;
  /** Not admitted, but flows that it has answered stay. */
  readonly keepsAnswered: boolean;
}

const FIRST_BACK_OFF_MS = 1000;
export const LAST_BACK_OFF_MS = 30_000;
/** Steps of a slow start. */
const STEPS = 10;

export class BackendRecord {
  settings: BackendSettings;
  /** Why it is as it is, for people. */
  reason = "configured";
  sinceMs: number;

  #operator: { admin?: AdminState; weight?: number } = {};
  #deadlineMs = Number.POSITIVE_INFINITY;
  #probe: ProbeVerdict | undefined;
  #passive: "in" | "ejected" | "half-open" = "in";
  /** Why it is out: it has gone silent, and nothing else speaks against it. */
  #isSilent = false;
  #evidence: "none" | "good" | "bad" = "none";
  #badAtMs = Number.NEGATIVE_INFINITY;
  #backOffMs = FIRST_BACK_OFF_MS;
  #trialAtMs = 0;
  #recoveredAtMs = Number.NEGATIVE_INFINITY;

  constructor(settings: BackendSettings, nowMs: number) {
    this.settings = settings;
    this.sinceMs = nowMs;
  }

  /** As the backend's own evidence has it: that its pool fails open is not known here. */
  get health(): HealthState {
    if (this.#probe === "down") return "down";
    if (this.#passive !== "in") return this.#passive;
    if (this.#evidence === "none") return "untried";
    return this.#evidence === "good" ? "up" : "failing";
  }

  /** Whether its health lets it take keys. */
  get admitted(): boolean {
    return this.#probe !== "down" && this.#passive === "in";
  }

  /** Half-open, and tried by single requests. Where there are probes, it is tried by them alone. */
  get onTrial(): boolean {
    return this.#probe !== "down" && this.#passive === "half-open" && !this.settings.probed;
  }

  /** Whether it is out for nothing but its silence. */
  get isSilent(): boolean {
    return this.#isSilent && this.#probe !== "down" && this.isOnProbation;
  }

  /** Out by passive signals. */
  get ejected(): boolean {
    return this.#passive === "ejected" || (this.#passive === "half-open" && this.settings.probed);
  }

  /** Ejected once, and not readmitted yet. */
  get isOnProbation(): boolean {
    return this.#passive !== "in";
  }

  /** When something last spoke against it. */
  get badAtMs(): number {
    return this.#badAtMs;
  }

  /** @param to what a new config says, before it is in force: where that is another word, it outranks the operator's */
  effective(nowMs: number, to: { admin: AdminState; weight: number } = this.settings): EffectiveState {
    const admin = (to.admin === this.settings.admin ? this.#operator.admin : undefined) ?? to.admin;
    const weight = (to.weight === this.settings.weight ? this.#operator.weight : undefined) ?? to.weight;
    const { admitted, onTrial } = this;
    const keepsAnswered = this.isSilent && this.settings.keepsAnswered;
    return { admin, weight, admitted, share: this.#share(nowMs), onTrial, keepsAnswered };
  }

  /** A reload: an operator's word stays unless the config has changed its own. */
  reconfigure(settings: BackendSettings): void {
    const before = this.settings;
    this.settings = settings;
    if (before.admin !== settings.admin) this.#operator = withoutAdmin(this.#operator);
    if (before.weight !== settings.weight) this.#operator = withoutWeight(this.#operator);
    if (!settings.probed) this.#forgetProbes();
  }

  operate(change: { admin?: AdminState; weight?: number }, deadlineMs: number): void {
    this.#operator = { ...this.#operator, ...change };
    this.#deadlineMs = change.admin === "draining" ? deadlineMs : Number.POSITIVE_INFINITY;
  }

  /** Probes have decided: `rise` or `fall` of them in a row. They decide about an ejection as well. */
  probed(verdict: ProbeVerdict, nowMs: number): void {
    const wasAdmitted = this.admitted;
    this.#probe = verdict;
    if (verdict === "down") this.#noteBad(nowMs);
    else this.#readmit();
    if (!wasAdmitted && this.admitted) this.#recoveredAtMs = nowMs;
  }

  /** One probe that decides nothing by itself. */
  probeSign(passed: boolean): void {
    if (this.#probe === "down") return;
    if (!passed) this.#isSilent = false;
    if (this.#passive !== "in") this.#passive = passed ? "half-open" : "ejected";
    else if (passed) this.#evidence = "good";
  }

  /** A passive signal takes it out, or keeps it out. @param isSilent what the signal is */
  eject(nowMs: number, isSilent: boolean): void {
    this.#isSilent = isSilent && (this.#isSilent || !this.isOnProbation);
    this.#backOffMs = this.isOnProbation
      ? Math.min(LAST_BACK_OFF_MS, this.#backOffMs * 2)
      : FIRST_BACK_OFF_MS;
    this.#passive = "ejected";
    this.#trialAtMs = nowMs + this.#backOffMs;
    this.#noteBad(nowMs);
  }

  /** A signal speaks against it, but it has to stay in rotation. */
  fail(nowMs: number): void {
    if (this.admitted) this.#noteBad(nowMs);
  }

  /** It is out for its silence, and now something else speaks against it as well. */
  confirm(): void {
    this.#isSilent = false;
  }

  /** A reply of it has come. Where probes have taken it down, they decide. */
  answered(nowMs: number): void {
    if (this.#probe === "down") return;
    if (this.isOnProbation) this.#recoveredAtMs = nowMs;
    this.#readmit();
  }

  /** What spoke against it has ended, though nothing speaks for it. */
  absolve(nowMs: number): void {
    if (this.#passive === "ejected" || (this.#passive === "in" && this.#evidence !== "bad")) return;
    this.answered(nowMs);
    this.#evidence = "none";
  }

  /** Somebody wants it tried without waiting for the back-off. With probes they try it, and nothing changes here. */
  reconsider(): void {
    if (this.#passive === "ejected" && !this.settings.probed) this.#passive = "half-open";
  }

  /**
   * What time alone changes: a trial begins, a drain's deadline passes. Answers what happened, or undefined. Ejected backends that
   * are probed wait for their probes.
   */
  tick(nowMs: number): "trial" | "deadline" | undefined {
    if (nowMs >= this.#deadlineMs) {
      this.operate({ admin: "disabled" }, Number.POSITIVE_INFINITY);
      return "deadline";
    }
    if (this.#passive !== "ejected" || this.settings.probed || nowMs < this.#trialAtMs) return undefined;
    this.#passive = "half-open";
    return "trial";
  }

  #readmit(): void {
    this.#passive = "in";
    this.#isSilent = false;
    this.#evidence = "good";
    this.#backOffMs = FIRST_BACK_OFF_MS;
  }

  #noteBad(nowMs: number): void {
    this.#evidence = "bad";
    this.#badAtMs = nowMs;
  }

  /** What they said goes with them. */
  #forgetProbes(): void {
    if (this.#probe === "down" && this.#passive === "in") this.#evidence = "none";
    this.#probe = undefined;
  }

  /** The part of its weight that it gets: a growing one in a slow start. */
  #share(nowMs: number): number {
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
