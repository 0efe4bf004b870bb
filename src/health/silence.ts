/**
 * Accrual failure detector for request and reply (idea: Hayashibara et al., "The φ accrual failure detector", 2004). It finds backends
 * that have gone silent: by what each answers usually and how fast, it weighs what is missing now. Pure: fed with counter readings
 * and a clock. docs/design/health.md has the rule and how often it errs.
 */
import { ReplyTimes } from "./reply-times.js";
import { type Kind, type Reading, TrafficWindow, WINDOW_MS } from "./traffic-window.js";

/** What shows that a pool's backends are silent: by affinity and policy. */
export function kindsOf(affinity: "none" | "client" | "client-ip", policy: string): readonly Kind[] {
  if (affinity === "none" && policy !== "maglev") return ["requests"];
  // One client may open many flows, which its key all brings to one backend: they are no witnesses of each other.
  return affinity === "client-ip" ? ["habituals"] : ["firsts", "habituals"];
}

export interface Silence {
  readonly slot: number;
  /** The chance that a healthy backend is silent like this. */
  readonly chance: number;
  /** Since the first request without an answer. */
  readonly forMs: number;
}

/** How often the counters are to be read while there is traffic. */
export const LOOK_EVERY_MS = 50;
/** A silence is one when chance explains it with less than this. */
const UNLIKELY = 1e-9;
/** And no shorter one. */
const SHORTEST_MS = 150;
/** Nor shorter than so many of the pauses that it has made of late. */
const PAUSES = 2;
/** Replies may take so many times as long as usual before they are missed. */
const PATIENCE = 10;
/** On fewer answers of a kind its absence says nothing. */
const FEWEST_ANSWERED = 10;
/** Longer than this between two looks, we were not there: that time does not count. */
const LONGEST_LOOK_MS = 2 * LOOK_EVERY_MS;
/** The least part that is taken to be lost or unanswered by chance, however good the record is. */
const LEAST_UNANSWERED: Readonly<Record<Kind, number>> = { requests: 0.002, firsts: 0.01, habituals: 0.01 };
/** The same of habitual requests in a longer silence: as long as it takes to end the habit. */
const LONG_SILENCE_MS = 1500;
const LEAST_ENDED_HABITS = 0.0005;
/** Others are answering when they answer this part of what is usual for them. */
const OTHERS_ANSWER = 0.5;

export class SilenceDetector {
  readonly #windows = new Map<number, TrafficWindow>();
  readonly #times = new Map<number, ReplyTimes>();
  #wallMs = Number.NaN;
  #nowMs = 0;

  /** A look begins at this time. */
  begin(nowMs: number): void {
    if (nowMs > this.#wallMs) this.#nowMs += Math.min(nowMs - this.#wallMs, LONGEST_LOOK_MS);
    this.#wallMs = nowMs;
  }

  /** A backend is there: all that it does from now on is its record, also before the first look. */
  start(reading: Reading, times: Float64Array): void {
    this.#window(reading);
    this.learnTimes(reading.slot, times);
  }

  /** Takes one reading of each backend of a pool that takes keys; answers those that have gone silent. */
  observe(readings: readonly Reading[], kinds: readonly Kind[]): Silence[] {
    for (const reading of readings) this.#window(reading).look(reading, kinds, this.#nowMs);
    this.#excuseAll(readings);
    return readings.flatMap(({ slot }) => this.#judge(slot, readings, kinds) ?? []);
  }

  /** Whether any of these backends has been asked something since the last look. */
  isAsked(readings: readonly Reading[]): boolean {
    return readings.some(({ slot, requests }) => {
      const rows = this.#windows.get(slot)?.rows;
      return rows !== undefined && rows[rows.length - 1].requests !== requests;
    });
  }

  /** @param counts lifetime reply times of a backend, by bucket */
  learnTimes(slot: number, counts: Float64Array): void {
    const times = this.#times.get(slot);
    if (times === undefined) this.#times.set(slot, new ReplyTimes(counts, this.#nowMs));
    else times.learn(counts, this.#nowMs);
  }

  /** Whether a backend is known to leave most of its requests unanswered. */
  isOneWay(slot: number, kinds: readonly Kind[]): boolean {
    const window = this.#windows.get(slot);
    return window?.isOneWay(kinds) ?? false;
  }

  /** How long nearly all replies of a backend take at most; undefined when that is not known. */
  slowReplyMs(slot: number): number | undefined {
    return this.#times.get(slot)?.quantileMs(0.99);
  }

  /** It was taken for silent, and has answered after all. */
  notePause(slot: number, ms: number): void {
    this.#windows.get(slot)?.notePause(ms, this.#nowMs);
  }

  /** Judge it from now on by what comes; what is usual for it stays. */
  restart(reading: Reading): void {
    this.#windows.get(reading.slot)?.restart(reading, this.#nowMs);
  }

  /** Another backend has its slot, or nobody. */
  forget(slot: number): void {
    this.#windows.delete(slot);
    this.#times.delete(slot);
  }

  #window(reading: Reading): TrafficWindow {
    let window = this.#windows.get(reading.slot);
    if (window === undefined) {
      window = new TrafficWindow(reading, this.#nowMs);
      this.#windows.set(reading.slot, window);
    }
    return window;
  }

  /** When all that were asked are silent, none of them stands out, nor by what it was asked until now. */
  #excuseAll(readings: readonly Reading[]): void {
    const windows = readings.flatMap(({ slot }) => this.#windows.get(slot) ?? []);
    const asked = windows.filter(({ rows }) => this.#nowMs - rows[rows.length - 1].atMs < WINDOW_MS);
    if (!asked.every((window) => this.#isSilent(window))) return;
    const heardAtMs = Math.max(...asked.map((window) => window.heardAtMs));
    for (const window of asked) window.excuse(heardAtMs, this.#nowMs);
  }

  /** Whether requests have waited for long enough to ask why. @param fromMs what came before does not count */
  #isSilent(window: TrafficWindow, fromMs = Number.NEGATIVE_INFINITY): boolean {
    if (window.waitingSinceMs === undefined) return false;
    const forMs = this.#nowMs - Math.max(window.waitingSinceMs, fromMs);
    return forMs >= Math.max(SHORTEST_MS, PAUSES * window.longestPauseMs(this.#nowMs));
  }

  #judge(slot: number, readings: readonly Reading[], kinds: readonly Kind[]): Silence | undefined {
    const window = this.#windows.get(slot) as TrafficWindow;
    const sinceMs = window.waitingSinceMs;
    if (sinceMs === undefined || !this.#isSilent(window, window.excusedUntilMs)) return undefined;
    const forMs = this.#nowMs - sinceMs;
    const others = readings.flatMap((one) => (one.slot === slot ? [] : (this.#windows.get(one.slot) ?? [])));
    const fromMs = Math.max(sinceMs, window.excusedUntilMs, this.#nowMs - WINDOW_MS);
    // In the second half alone: when all fell silent at about the same time, some may just have been heard later than this one.
    if (!answer(others, kinds, fromMs + (this.#nowMs - fromMs) / 2)) return undefined;
    let logChance = 0;
    for (const kind of kinds) {
      const unanswered = this.#unansweredByChance(window, kind, others, fromMs, forMs);
      if (unanswered < 1 && kind === "habituals")
        logChance += Math.min(
          this.#logChance(slot, window, kind, unanswered, fromMs),
          logChanceOfLapses(window),
        );
      else if (unanswered < 1) logChance += this.#logChance(slot, window, kind, unanswered, fromMs);
    }
    const chance = Math.exp(logChance);
    return chance < UNLIKELY ? { slot, chance, forMs } : undefined;
  }

  /** The part of the requests of a kind that stay unanswered where all is well: by its record, and by what others answer now. */
  #unansweredByChance(
    window: TrafficWindow,
    kind: Kind,
    others: readonly TrafficWindow[],
    fromMs: number,
    forMs: number,
  ): number {
    const { part, known } = window.usuallyUnanswered(kind);
    if (known < FEWEST_ANSWERED) return 1;
    if (kind === "habituals")
      return Math.max(part, forMs < LONG_SILENCE_MS ? LEAST_UNANSWERED.habituals : LEAST_ENDED_HABITS);
    // The kind of traffic may have changed: then others do not answer theirs either.
    const now = { asked: 0, answered: 0 };
    for (const other of others) {
      const { asked, answered } = other.since([kind], fromMs);
      now.asked += asked;
      now.answered += Math.min(asked, answered);
    }
    return Math.max(part, LEAST_UNANSWERED[kind], 1 - now.answered / (now.asked + 1));
  }

  /** The logarithm of the chance that none of the requests since a moment is answered by now, were replies PATIENCE times as slow. */
  #logChance(slot: number, window: TrafficWindow, kind: Kind, unanswered: number, fromMs: number): number {
    const times = this.#times.get(slot);
    if (times === undefined) return 0;
    let sum = 0;
    const { rows } = window;
    for (let i = rows.length - 1; i > 0 && rows[i].atMs >= fromMs; i--) {
      const due = times.within((this.#nowMs - rows[i].atMs) / PATIENCE);
      sum += window.waitingIn(i, kind) * Math.log(1 - (1 - unanswered) * due);
    }
    return sum;
  }
}

/** By the flows that have lost the habit: later, but none of them is missed, and they stay evidence until the next reply. */
function logChanceOfLapses(window: TrafficWindow): number {
  return window.lapses * Math.log(Math.max(window.usuallyLapsed, LEAST_ENDED_HABITS));
}

/** Whether the others answer since a moment, in about the measure that is usual for them. */
function answer(others: readonly TrafficWindow[], kinds: readonly Kind[], sinceMs: number): boolean {
  let [answered, usual] = [0, 0];
  for (const other of others) {
    const since = other.since(kinds, sinceMs);
    answered += since.answered;
    usual += since.usual;
  }
  return answered > 0 && answered >= usual * OTHERS_ANSWER;
}
