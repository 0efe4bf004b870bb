/**
 * Whether datagrams come one at a time. Asking for many costs the kernel a second look at an empty queue for each one that
 * comes alone; so after a while of single ones just one is asked for, until a socket turns out to hold more.
 */
const SINGLES = 16;

export class SingleFile {
  #singles = 0;

  /** How many to ask for; `again` when the same socket was ready in the turn before, as one with more waiting is. */
  ask(most: number, again: boolean): number {
    return this.#singles >= SINGLES && !again ? 1 : most;
  }

  got(count: number): void {
    this.#singles = count === 1 ? this.#singles + 1 : 0;
  }
}
