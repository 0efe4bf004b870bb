/** Where lines go that must not be waited for: what does not fit is dropped and counted. Here the contract, and a stream. */
import type { Writable } from "node:stream";

export interface LineSink {
  /** Written, dropped, and neither yet. */
  readonly lines: number;
  readonly dropped: number;
  readonly waiting: number;
  /** Resolves after `close`, when nothing is waiting any more. */
  readonly closed: Promise<void>;
  /** Each ends with a line break. */
  write(lines: readonly string[]): void;
  /** A file may have been renamed: further lines go to the one that has its name now. */
  reopen(): void;
  /** Another user is to go on with it. @throws the system's error */
  giveTo(uid: number, gid: number): Promise<void>;
  close(): void;
}

/** More than this waiting means that the other end does not keep up. */
export const MOST_WAITING_BYTES = 8 * 1024 * 1024;

/** Lines to a stream that is somebody else's, such as the standard output: it is not closed. */
export class LineStream implements LineSink {
  lines = 0;
  dropped = 0;
  waiting = 0;
  readonly closed: Promise<void>;
  readonly #stream: Writable;
  readonly #failed: (reason: string) => void;
  readonly #onError: (error: Error) => void;
  #isClosed = false;
  #resolveClosed: () => void = () => {};

  /** @param failed may be called for each loss */
  constructor(stream: Writable, failed: (reason: string) => void) {
    this.#stream = stream;
    this.#failed = failed;
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
    // A failed write is told to its callback as well; without a listener it would end the process.
    this.#onError = () => {};
    stream.on("error", this.#onError);
  }

  write(lines: readonly string[]): void {
    if (this.#stream.writableLength > MOST_WAITING_BYTES || !this.#stream.writable) {
      this.dropped += lines.length;
      this.#failed(this.#stream.writable ? "more than 8 MiB wait to be written" : "it is closed");
      return;
    }
    this.waiting += lines.length;
    this.#stream.write(lines.join(""), (error) => {
      this.waiting -= lines.length;
      if (error) {
        this.dropped += lines.length;
        this.#failed(error.message);
      } else this.lines += lines.length;
      this.#settle();
    });
  }

  reopen(): void {}

  async giveTo(): Promise<void> {}

  close(): void {
    this.#isClosed = true;
    this.#settle();
  }

  #settle(): void {
    if (!this.#isClosed || this.waiting > 0) return;
    this.#stream.off("error", this.#onError);
    this.#resolveClosed();
  }
}
