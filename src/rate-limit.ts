/** Lets each kind of message through at most once in a while. */
export class RateLimit {
  readonly #everyMs: number;
  readonly #lastMs = new Map<string, number>();

  constructor(everyMs: number) {
    this.#everyMs = everyMs;
  }

  allows(kind: string, nowMs: number): boolean {
    const lastMs = this.#lastMs.get(kind);
    if (lastMs !== undefined && nowMs - lastMs < this.#everyMs) return false;
    this.#lastMs.set(kind, nowMs);
    return true;
  }
}
