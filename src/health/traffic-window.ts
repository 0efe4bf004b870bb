/**
 * What one backend was asked and what it answered of late, reading by reading, and the share that it usually answers. The memory of
 * `SilenceDetector`; pure. Times are the detector's, which do not run while it does not look.
 *
 *   rows    … ┊ heard ┊ heard ┊ asked ┊ asked ┊ asked      a row for each look that saw a change
 *                          └ lastHeard       └ the newest
 */

/** Lifetime counts of one backend. */
export interface Reading {
  readonly slot: number;
  readonly requests: number;
  /** Requests that replies have answered. */
  readonly answered: number;
  /** First requests of flows, and those of flows in the habit of being answered: core/flow-counts.ts. */
  readonly firsts: number;
  readonly firstsAnswered: number;
  readonly habituals: number;
  readonly habitualsAnswered: number;
  /** Flows that lost the habit, after a second without a reply. */
  readonly lapsed: number;
  /** All replies, also those that nobody waited for any more. */
  readonly heard: number;
}

/** Kinds of requests whose answers can be missed. */
export type Kind = "requests" | "firsts" | "habituals";

/** How far back a look goes. */
export const WINDOW_MS = 6000;
/** A little more than the looks of a window. */
const ROWS = 128;
const HALF_LIFE_MS = 60_000;
/** What a backend once took to answer is expected of it again for so long. */
const REMEMBERED_MS = 120_000;
/** A longer wait was no pause, but an outage. */
const LONGEST_PAUSE_MS = 1500;

/** Requests that have been open for so long are of flows that have turned one-way. */
const ALWAYS_MS = 300;
/** On fewer requests nobody is called one-way. */
const FEWEST_ASKED = 10;

const ANSWERED = {
  requests: "answered",
  firsts: "firstsAnswered",
  habituals: "habitualsAnswered",
} as const satisfies Record<Kind, keyof Reading>;
const KINDS = Object.keys(ANSWERED) as Kind[];

export interface Row extends Reading {
  /** When it was read, and when the look before was. */
  readonly atMs: number;
  readonly fromMs: number;
}

interface Usual {
  asked: number;
  answered: number;
}

export class TrafficWindow {
  readonly rows: Row[] = [];
  /** Since when requests have been waiting and nothing at all was heard; undefined when none have. */
  waitingSinceMs: number | undefined;
  /** Others were silent as well until then: what was unanswered by then says nothing of this one. */
  excusedUntilMs = Number.NEGATIVE_INFINITY;
  readonly #usual: Record<Kind, Usual> = {
    requests: { asked: 0, answered: 0 },
    firsts: { asked: 0, answered: 0 },
    habituals: { asked: 0, answered: 0 },
  };
  #lookMs: number;
  #learntMs: number;
  #lastHeard: Row;
  #pause = { ms: 0, untilMs: 0 };
  /** Requests that had no answer when it was last heard: whether they are missed is learnt when it is heard again. */
  readonly #undecided: Record<Kind, number> = { requests: 0, firsts: 0, habituals: 0 };
  /** How many flows lost the habit, by its record. */
  #usualLapses = 0;
  /** Those that did since it was last heard, but while no other backend was heard either. */
  #excusedLapses = 0;
  #excusedAtMs = Number.NEGATIVE_INFINITY;

  constructor(reading: Reading, nowMs: number) {
    this.#lastHeard = { ...reading, atMs: nowMs, fromMs: nowMs };
    this.rows.push(this.#lastHeard);
    this.#lookMs = nowMs;
    this.#learntMs = nowMs;
  }

  /** What comes now has nothing to do with what was last seen; what is usual stays. */
  restart(reading: Reading, nowMs: number): void {
    this.rows.length = 0;
    this.waitingSinceMs = undefined;
    this.#excusedLapses = 0;
    for (const kind of KINDS) this.#undecided[kind] = 0;
    this.#lastHeard = { ...reading, atMs: nowMs, fromMs: nowMs };
    this.rows.push(this.#lastHeard);
    this.#lookMs = nowMs;
  }

  /** @param kinds those that count in its pool */
  look(reading: Reading, kinds: readonly Kind[], nowMs: number): void {
    const last = this.rows[this.rows.length - 1];
    const fromMs = this.#lookMs;
    this.#lookMs = nowMs;
    if (reading.heard === last.heard && reading.requests === last.requests) return;
    const row = { ...reading, atMs: nowMs, fromMs };
    this.rows.push(row);
    if (this.rows.length > ROWS) this.rows.shift();
    if (reading.heard > last.heard) this.#heard(row, last, kinds);
    else this.waitingSinceMs ??= fromMs;
  }

  /** The part of the requests of a kind that it usually leaves unanswered (rule of succession), and of how many that is known. */
  usuallyUnanswered(kind: Kind): { readonly part: number; readonly known: number } {
    const { asked, answered } = this.#usual[kind];
    return { part: Math.max(0, asked - answered + 1) / (asked + 2), known: answered };
  }

  /** The part of the requests of flows in the habit that usually ends it. */
  get usuallyLapsed(): number {
    return (this.#usualLapses + 1) / (this.#usual.habituals.asked + 2);
  }

  /** Whether most of its requests are known to stay unanswered. */
  isOneWay(kinds: readonly Kind[]): boolean {
    const known = kinds.filter((kind) => this.#usual[kind].asked >= FEWEST_ASKED);
    return known.length > 0 && known.every((kind) => this.usuallyUnanswered(kind).part >= 0.5);
  }

  /** Of these kinds, since a moment: asked, answered, and how many answers are usual for that many requests. */
  since(kinds: readonly Kind[], sinceMs: number): { asked: number; answered: number; usual: number } {
    const newest = this.rows[this.rows.length - 1];
    const first = this.rows.findLast(({ atMs }) => atMs <= sinceMs) ?? this.rows[0];
    const sum = { asked: 0, answered: 0, usual: 0 };
    for (const kind of kinds) {
      const asked = Math.max(0, newest[kind] - first[kind]);
      sum.asked += asked;
      sum.answered += Math.max(0, newest[ANSWERED[kind]] - first[ANSWERED[kind]]);
      sum.usual += asked * (1 - this.usuallyUnanswered(kind).part);
    }
    return sum;
  }

  /** How many requests of a kind wait that were read in a row, at least; the rows since it was last heard are asked for. */
  waitingIn(row: number, kind: Kind): number {
    const [now, before] = [this.rows[row], this.rows[row - 1]];
    if (now === this.#lastHeard) return this.#waitingWhenHeard(now, before, kind);
    return Math.max(0, now[kind] - before[kind]);
  }

  /** The longest that it let requests wait of late, and answered after all. */
  longestPauseMs(nowMs: number): number {
    return nowMs < this.#pause.untilMs ? this.#pause.ms : 0;
  }

  /**
   * Of the requests of a row in which it was heard, those that had no answer by its end. Each flow in the habit asks only once while it
   * is not answered, so of these none should be missed: as many wait as are open now beyond those that have been all the time of late.
   */
  #waitingWhenHeard(row: Row, before: Row, kind: Kind): number {
    if (kind !== "habituals") return unanswered(row, before, kind);
    const open = (one: Reading) => one.habituals - one.habitualsAnswered;
    let always = open(row);
    for (let i = this.rows.length - 1; i >= 0 && this.rows[i].atMs >= row.atMs - ALWAYS_MS; i--)
      always = Math.min(always, open(this.rows[i]));
    return Math.max(0, Math.min(row.habituals - before.habituals, open(row) - always));
  }

  /** Flows that have lost the habit since it was last heard: each is one that asks and is not answered, for sure. */
  get lapses(): number {
    return this.rows[this.rows.length - 1].lapsed - this.#lastHeard.lapsed - this.#excusedLapses;
  }

  /** When it was last heard. */
  get heardAtMs(): number {
    return this.#lastHeard.atMs;
  }

  /** No other was heard since a moment, either: what is unanswered says nothing of this one, nor do flows that lost the habit since then. */
  excuse(sinceMs: number, nowMs: number): void {
    this.excusedUntilMs = nowMs;
    const fromMs = Math.max(sinceMs, this.#excusedAtMs, this.#lastHeard.atMs);
    const first = this.rows.findLast(({ atMs }) => atMs <= fromMs) ?? this.rows[0];
    this.#excusedLapses += this.rows[this.rows.length - 1].lapsed - first.lapsed;
    this.#excusedAtMs = nowMs;
  }

  #heard(row: Row, last: Row, kinds: readonly Kind[]): void {
    this.#learn(row, last);
    // For as long as nobody was heard it was no pause of this one.
    const sinceMs = Math.max(this.waitingSinceMs ?? row.atMs, this.excusedUntilMs);
    this.notePause(row.atMs - sinceMs, row.atMs);
    this.#lastHeard = row;
    this.#excusedLapses = 0;
    this.waitingSinceMs = kinds.some((kind) => this.#waitingWhenHeard(row, last, kind) > 0)
      ? row.atMs
      : undefined;
  }

  /** It answers after such a wait. */
  notePause(ms: number, nowMs: number): void {
    if (ms > LONGEST_PAUSE_MS || ms < this.longestPauseMs(nowMs)) return;
    this.#pause = { ms, untilMs: nowMs + REMEMBERED_MS };
  }

  /** Only now that it has been heard, and not what waits still: what is missing in a silence must not become usual. */
  #learn(row: Row, last: Row): void {
    const keep = 0.5 ** ((row.atMs - this.#learntMs) / HALF_LIFE_MS);
    this.#learntMs = row.atMs;
    const before = this.#lastHeard;
    for (const kind of KINDS) {
      const usual = this.#usual[kind];
      const waiting = unanswered(row, last, kind);
      const asked = Math.max(0, row[kind] - before[kind]) + this.#undecided[kind] - waiting;
      this.#undecided[kind] = waiting;
      usual.asked = usual.asked * keep + asked;
      usual.answered = usual.answered * keep + Math.max(0, row[ANSWERED[kind]] - before[ANSWERED[kind]]);
    }
    const lapses = Math.max(0, row.lapsed - before.lapsed - this.#excusedLapses);
    this.#usualLapses = this.#usualLapses * keep + lapses;
  }
}

/** Of the requests between two readings, those that surely had no answer by the second. */
function unanswered(now: Reading, before: Reading, kind: Kind): number {
  return Math.max(0, now[kind] - before[kind] - (now[ANSWERED[kind]] - before[ANSWERED[kind]]));
}
