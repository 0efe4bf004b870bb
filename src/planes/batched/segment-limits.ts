/**
 * What paths have refused: for each backend (requests) or listener (replies) the largest datagram that may leave as part of
 * a burst. Learned from the kernel's answers, told once, kept while the worker lives.
 */
import { EINVAL, EIO, EMSGSIZE } from "../../linux/errno.js";

const NO_LIMIT = 65_507;

export class SegmentLimits {
  readonly #largest: Uint32Array;
  readonly #told: (path: number, largest: number) => void;

  /** @param largest at the start: 0 where the kernel has no UDP_SEGMENT at all */
  constructor(paths: number, available: boolean, told: (path: number, largest: number) => void) {
    this.#largest = new Uint32Array(paths).fill(available ? NO_LIMIT : 0);
    this.#told = told;
  }

  largest(path: number): number {
    return this.#largest[path];
  }

  /** A path took no burst with datagrams of this size. True when that is the reason, so that plain sends may succeed. */
  learn(path: number, segment: number, result: number): boolean {
    if (result !== -EINVAL && result !== -EMSGSIZE && result !== -EIO) return false;
    const largest = result === -EIO ? 0 : segment - 1;
    if (largest < this.#largest[path]) {
      this.#largest[path] = largest;
      this.#told(path, largest);
    }
    return true;
  }

  /** A slot is another backend or listener now. */
  forget(path: number, available: boolean): void {
    this.#largest[path] = available ? NO_LIMIT : 0;
  }
}
