/**
 * What is seen of a backend that passive signals have taken out: whether it answers again, and how the trials fare that single requests
 * make of it. Pure: the monitor feeds it with counter readings and a clock.
 *
 *   token out ──a worker takes it──► trial ──reply──► answered
 *                                     └──no reply in time──► unanswered, or unrefused where it never answers
 */
import type { TrialTokens } from "../core/trials.js";
import { UNREFUSED_AFTER_MS } from "./traffic-evidence.js";
import type { Reading } from "./traffic-window.js";

export interface TrialTerms {
  /** Whether single requests are to try it now. */
  readonly onTrial: boolean;
  /** How long nearly all of its replies take at most, where that is known. */
  readonly slowMs: number | undefined;
  /** Whether it takes requests without answering them: not to refuse is all that it can do. */
  readonly isOneWay: boolean;
}

/** A trial waits for so many slow replies, within these bounds. */
const SLOW_REPLIES = 3;
const SHORTEST_MS = 100;
/** So that what a trial was made with can still be sent again: RESENT_WITHIN_MS. */
const LONGEST_MS = 700;
const UNKNOWN_MS = 500;

export class Probation {
  /** Since when it has been silent, where that is why it is out. */
  sinceMs: number | undefined;
  readonly #slot: number;
  readonly #tokens: TrialTokens;
  /** Replies that were heard before. What was under way when it refused is known with the first look after that. */
  #heard: number | undefined;
  #trial: { readonly requests: number; beganAtMs: number | undefined } | undefined;

  constructor(slot: number, tokens: TrialTokens) {
    this.#slot = slot;
    this.#tokens = tokens;
  }

  /** It is out for its silence: the next reply, whenever it comes, ends that. */
  silentSince(reading: Reading, sinceMs: number): void {
    this.#heard = reading.heard;
    this.sinceMs = sinceMs;
  }

  /** Whether a trial waits for its answer. */
  get isPending(): boolean {
    return this.#trial?.beganAtMs !== undefined;
  }

  judge(
    reading: Reading,
    terms: TrialTerms,
    nowMs: number,
  ): "answered" | "unanswered" | "unrefused" | undefined {
    this.#heard ??= reading.heard;
    if (reading.heard > this.#heard) return "answered";
    if (!terms.onTrial) return undefined;
    if (this.#trial === undefined) {
      this.#trial = { requests: reading.requests, beganAtMs: undefined };
      Atomics.store(this.#tokens, this.#slot, 1);
      return undefined;
    }
    const isAsked = reading.requests > this.#trial.requests || Atomics.load(this.#tokens, this.#slot) === 0;
    if (isAsked) this.#trial.beganAtMs ??= nowMs;
    if (this.#trial.beganAtMs === undefined) return undefined;
    const waitsMs = terms.isOneWay ? UNREFUSED_AFTER_MS : trialMs(terms.slowMs);
    if (nowMs - this.#trial.beganAtMs < waitsMs) return undefined;
    if (terms.isOneWay && this.sinceMs === undefined) return "unrefused";
    return "unanswered";
  }

  /** The trial is over. */
  end(): void {
    Atomics.store(this.#tokens, this.#slot, 0);
    this.#trial = undefined;
  }
}

function trialMs(slowMs: number | undefined): number {
  if (slowMs === undefined) return UNKNOWN_MS;
  return Math.min(LONGEST_MS, Math.max(SHORTEST_MS, slowMs * SLOW_REPLIES));
}
