/**
 * When a busy worker does better to let datagrams gather: as network cards moderate their interrupts. A worker that
 * runs from one datagram to the next spends most of its time on the way into the kernel and back. Above a rate at which
 * a short pause before each turn gathers enough, the pause saves a fifth to a quarter of its time; below that it would
 * only make datagrams wait, so there is none. Looked at anew every few milliseconds.
 */

/** Microseconds. What the kernel makes of it is some 5 more. */
export const PAUSE_US = 25;
const TURNS_LOOKED_AT = 64;
/** Messages a millisecond from which on pauses begin, and below which they end. */
const BEGIN = 160;
const END = 120;
/** Turns with so many messages on average are full already. */
const FULL_TURN = 48;

export class Moderation {
  /** Whether to pause before the next wait. */
  pauses = false;
  #turns = 0;
  #messages = 0;
  #sinceMs = 0;

  /** A turn began at `nowMs`, after one with `messages` messages. */
  turn(messages: number, nowMs: number): void {
    this.#messages += messages;
    if (++this.#turns < TURNS_LOOKED_AT) return;
    const rate = this.#messages / (nowMs - this.#sinceMs);
    const each = this.#messages / this.#turns;
    this.pauses = rate >= (this.pauses ? END : BEGIN) && each < FULL_TURN;
    this.#turns = 0;
    this.#messages = 0;
    this.#sinceMs = nowMs;
  }
}
