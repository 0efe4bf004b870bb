/**
 * The upstream sockets of workers that died. Nobody reads them, but they stay open for as long as replies to the dead
 * worker's requests may come: a port that was given to another flow would hand them to another client.
 */
import type { Libc } from "../../linux/libc.js";

/** As long as sockets rest whose flows ended without every reply: see engine.ts. */
const REST_MS = 30_000;

export class Orphans {
  readonly #libc: Pick<Libc, "close">;
  readonly #most: number;
  /** Descriptors, and the timer that closes them: a set for each worker that died. */
  readonly #sets = new Map<NodeJS.Timeout, readonly number[]>();
  #count = 0;
  #told: () => void = () => {};

  /** @param most to hold at one time: the next worker needs descriptors, too */
  constructor(libc: Pick<Libc, "close">, most: number) {
    this.#libc = libc;
    this.#most = most;
  }

  /** Takes over the sockets in a worker's memory: each entry is a descriptor + 1, or 0. Closes what is too many. */
  adopt(descriptors: Int32Array): void {
    const held: number[] = [];
    for (const entry of descriptors) {
      if (entry <= 0) continue;
      if (this.#count + held.length < this.#most) held.push(entry - 1);
      else this.#libc.close(entry - 1);
    }
    if (held.length === 0) return;
    this.#count += held.length;
    const timer = setTimeout(() => this.#close(timer), REST_MS);
    timer.unref();
    this.#sets.set(timer, held);
  }

  /** Resolves when it holds nothing any more; until then it keeps the process alive. */
  async over(): Promise<void> {
    for (const timer of this.#sets.keys()) timer.ref();
    while (this.#sets.size > 0)
      await new Promise<void>((resolve) => {
        this.#told = resolve;
      });
  }

  /** Descriptors are short, or everything ends. */
  closeAll(): void {
    for (const timer of [...this.#sets.keys()]) this.#close(timer);
  }

  #close(timer: NodeJS.Timeout): void {
    clearTimeout(timer);
    const held = this.#sets.get(timer) ?? [];
    this.#sets.delete(timer);
    this.#count -= held.length;
    for (const fd of held) this.#libc.close(fd);
    this.#told();
  }
}
