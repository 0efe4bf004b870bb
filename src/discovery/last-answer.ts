/** What a source said last, and whether it still does: the part that all sources share. */
import { isDeepStrictEqual } from "node:util";
import type { BackendConfig } from "../config/config.js";
import { MAX_FROM_SOURCE, type SourceContext, type SourceState, type SourceStatus } from "./source.js";

export class LastAnswer {
  readonly #context: SourceContext;
  #backends: readonly BackendConfig[];
  #state: SourceState = "waiting";
  #lastError: string | undefined;
  #lastChangeMs: number | undefined;

  constructor(context: SourceContext) {
    this.#context = context;
    this.#backends = context.former ?? [];
  }

  get backends(): readonly BackendConfig[] {
    return this.#backends;
  }

  /** An answer; with `problem` when it is not whole. */
  take(backends: readonly BackendConfig[], problem?: string): void {
    const tooMany = `found ${backends.length} backends, takes the first ${MAX_FROM_SOURCE}`;
    this.#judge(problem ?? (backends.length > MAX_FROM_SOURCE ? tooMany : undefined));
    const taken = backends.slice(0, MAX_FROM_SOURCE);
    if (isDeepStrictEqual(taken, this.#backends)) return;
    this.#backends = taken;
    this.#lastChangeMs = this.#context.clock.now();
    this.#context.changed();
  }

  fail(reason: string): void {
    this.#judge(reason);
  }

  status(nextRefreshMs: number | undefined): SourceStatus {
    return {
      state: this.#state,
      lastError: this.#lastError,
      lastChangeMs: this.#lastChangeMs,
      nextRefreshMs,
    };
  }

  #judge(problem: string | undefined): void {
    const isNews = problem !== undefined && problem !== this.#lastError;
    this.#state = problem === undefined ? "ok" : "failing";
    this.#lastError = problem;
    if (isNews) this.#context.failed(problem);
  }
}
