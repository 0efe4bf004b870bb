/** What one tap's reader has not taken yet. It holds so much at most; what comes then is missed, and counted. */
import type { TappedDatagram } from "./api.js";

const MOST_BYTES = 4 * 1024 * 1024;
/** What a datagram costs besides its payload, about. */
const OVERHEAD_BYTES = 400;

type Result = IteratorResult<TappedDatagram, undefined>;
const DONE: Result = { done: true, value: undefined };

export class TapQueue implements AsyncIterator<TappedDatagram, undefined> {
  readonly #waiting: TappedDatagram[] = [];
  readonly #readers: ((result: Result) => void)[] = [];
  readonly #ended: () => void;
  #left: number;
  #bytes = 0;
  #missed = 0;
  #isOver = false;

  /**
   * @param most it ends after so many
   * @param ended called once, as soon as it wants no more
   */
  constructor(most: number, ended: () => void) {
    this.#left = most;
    this.#ended = ended;
  }

  /** Datagrams that were not copied. */
  miss(count: number): void {
    this.#missed += count;
  }

  push(datagram: Omit<TappedDatagram, "missed">): void {
    if (this.#isOver) return;
    const bytes = datagram.payload.length + OVERHEAD_BYTES;
    if (this.#bytes + bytes > MOST_BYTES) {
      this.#missed++;
      return;
    }
    const value = { ...datagram, missed: this.#missed };
    this.#missed = 0;
    const reader = this.#readers.shift();
    if (reader !== undefined) reader({ done: false, value });
    else {
      this.#waiting.push(value);
      this.#bytes += bytes;
    }
    if (--this.#left === 0) this.end();
  }

  /** Takes no more; what waits can still be read. */
  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    for (const reader of this.#readers.splice(0)) reader(DONE);
    this.#ended();
  }

  next(): Promise<Result> {
    const value = this.#waiting.shift();
    if (value !== undefined) {
      this.#bytes -= value.payload.length + OVERHEAD_BYTES;
      return Promise.resolve({ done: false, value });
    }
    if (this.#isOver) return Promise.resolve(DONE);
    return new Promise((resolve) => this.#readers.push(resolve));
  }

  /** The reader wants no more. */
  return(): Promise<Result> {
    this.#waiting.length = 0;
    this.end();
    return Promise.resolve(DONE);
  }
}
