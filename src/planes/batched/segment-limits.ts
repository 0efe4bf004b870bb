/**
 * What the paths to backends have refused: for each the largest datagram that may leave as part of a burst. Learned from the kernel's
 * answers, told when it is new, and forgotten after a minute: routes and path MTUs change. A wrong guess costs one failed call.
 */
import { EINVAL, EIO, EMSGSIZE } from "../../linux/errno.js";

export const NO_LIMIT = 65_507;
/** How long what was learned holds. */
export const LEARNED_MS = 60_000;

export class SegmentLimits {
  readonly #largest: Uint32Array;
  readonly #untilMs: Float64Array;
  /** The least that was told of a path. */
  readonly #told: Uint32Array;
  readonly #unlearned: number;
  readonly #tell: (path: number, largest: number) => void;

  /** @param available false where the kernel has no UDP_SEGMENT at all */
  constructor(paths: number, available: boolean, tell: (path: number, largest: number) => void) {
    this.#largest = new Uint32Array(paths);
    this.#untilMs = new Float64Array(paths).fill(Number.NEGATIVE_INFINITY);
    this.#told = new Uint32Array(paths).fill(NO_LIMIT);
    this.#unlearned = available ? NO_LIMIT : 0;
    this.#tell = tell;
  }

  largest(path: number, nowMs: number): number {
    return nowMs < this.#untilMs[path] ? this.#largest[path] : this.#unlearned;
  }

  /** A path took no burst with datagrams of this size. True when that is the reason, so that plain sends may succeed. */
  learn(path: number, segment: number, result: number, nowMs: number): boolean {
    const largest = largestAfter(segment, result);
    if (largest < 0) return false;
    this.#largest[path] = Math.min(largest, this.largest(path, nowMs));
    this.#untilMs[path] = nowMs + LEARNED_MS;
    if (largest < this.#told[path]) {
      this.#told[path] = largest;
      this.#tell(path, largest);
    }
    return true;
  }

  /** A slot is another backend now. */
  forget(path: number): void {
    this.#untilMs[path] = Number.NEGATIVE_INFINITY;
    this.#told[path] = NO_LIMIT;
  }
}

/** What may still leave in bursts where one of such datagrams failed with this result; -1 when that does not tell of bursts. */
export function largestAfter(segment: number, result: number): number {
  if (result === -EIO) return 0;
  return result === -EINVAL || result === -EMSGSIZE ? segment - 1 : -1;
}
