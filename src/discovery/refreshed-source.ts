/**
 * A source that is asked again and again: after the answer's TTL, held between two bounds; after a failure soon, and then
 * less and less often.
 */
import type { BackendConfig } from "../config/config.js";
import { LastAnswer } from "./last-answer.js";
import type { Source, SourceContext, SourceStatus } from "./source.js";

export interface Answer {
  readonly backends: readonly BackendConfig[];
  readonly ttlMs: number;
  /** Why the answer is not whole. */
  readonly problem: string | undefined;
}

export interface RefreshOptions {
  /** @throws Error with a message for people */
  readonly ask: () => Promise<Answer>;
  readonly minIntervalMs: number;
  readonly maxIntervalMs: number;
}

/** A name server that is back is noticed within this, unless the shortest interval is longer. */
const MAX_BACKOFF_MS = 30_000;
/** Waits are up to a tenth longer, so that many sources, and many machines, do not ask all at once. */
const JITTER = 0.1;

export class RefreshedSource implements Source {
  readonly #options: RefreshOptions;
  readonly #context: SourceContext;
  readonly #last: LastAnswer;
  #failures = 0;
  #nextRefreshMs: number | undefined;
  #cancel: () => void = () => {};
  #isClosed = false;

  constructor(options: RefreshOptions, context: SourceContext) {
    this.#options = options;
    this.#context = context;
    this.#last = new LastAnswer(context);
  }

  get backends(): readonly BackendConfig[] {
    return this.#last.backends;
  }

  start(): Promise<void> {
    return this.#refresh();
  }

  status(): SourceStatus {
    return this.#last.status(this.#nextRefreshMs);
  }

  close(): void {
    this.#isClosed = true;
    this.#cancel();
  }

  async #refresh(): Promise<void> {
    this.#nextRefreshMs = undefined;
    const waitMs = await this.#askOnce();
    if (this.#isClosed) return;
    const delayMs = waitMs * (1 + JITTER * this.#context.clock.random());
    this.#nextRefreshMs = this.#context.clock.now() + delayMs;
    this.#cancel = this.#context.clock.after(delayMs, () => void this.#refresh());
  }

  /** How long to wait then. */
  async #askOnce(): Promise<number> {
    const { ask, minIntervalMs, maxIntervalMs } = this.#options;
    try {
      const { backends, ttlMs, problem } = await ask();
      if (this.#isClosed) return 0;
      this.#last.take(backends, problem);
      if (problem === undefined) {
        this.#failures = 0;
        return Math.min(maxIntervalMs, Math.max(minIntervalMs, ttlMs));
      }
    } catch (error) {
      if (this.#isClosed) return 0;
      this.#last.fail(error instanceof Error ? error.message : String(error));
    }
    const longest = Math.min(maxIntervalMs, Math.max(minIntervalMs, MAX_BACKOFF_MS));
    return Math.min(longest, minIntervalMs * 2 ** this.#failures++);
  }
}
