/** What a reader of a stream has not taken yet, up to a bound: who is slower loses the stream, and nobody else waits for him. */
import { Readable } from "node:stream";

/** Most bytes kept for one reader. */
export const MAX_LAG_BYTES = 1024 * 1024;

export interface BoundedStreamOptions {
  /** The reader was too slow and is being cut off. */
  readonly onLag: () => void;
  /** It is over, for whatever reason. Called once. */
  readonly onClose: () => void;
}

/** Ends in an error when its reader lags: fastify then cuts the connection, so that he sees that something is missing. */
export class BoundedStream extends Readable {
  readonly #onLag: () => void;

  constructor({ onLag, onClose }: BoundedStreamOptions) {
    super({ highWaterMark: MAX_LAG_BYTES });
    this.#onLag = onLag;
    this.once("close", onClose);
  }

  /** Whether it was taken; false once the stream is over. */
  offer(chunk: string | Buffer): boolean {
    if (this.destroyed || this.readableEnded) return false;
    this.push(chunk);
    if (this.readableLength <= MAX_LAG_BYTES) return true;
    this.destroy(new Error("the reader is too slow"));
    // Later: what it tells is an event itself, and others have yet to get this one.
    queueMicrotask(this.#onLag);
    return false;
  }

  /** Nothing more comes. */
  finish(): void {
    if (!this.destroyed) this.push(null);
  }

  override _read(): void {
    // Chunks come when they come.
  }
}
