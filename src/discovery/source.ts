/** The contract of a source of backends, whatever it asks: a name server, a file. */
import type { BackendConfig } from "../config/config.js";
import type { Clock } from "../core/clock.js";
import type { Resolver } from "./resolver.js";

export type SourceState =
  /** The last answer is a good one. */
  | "ok"
  /** The last attempt failed in whole or in part; the last answer stays. */
  | "failing"
  /** There has been no answer and no failure yet. */
  | "waiting";

export interface SourceStatus {
  readonly state: SourceState;
  /** Why the last attempt failed; undefined when it did not. */
  readonly lastError: string | undefined;
  /** Of the clock, when the backends last changed; undefined when there has been no answer. */
  readonly lastChangeMs: number | undefined;
  /** Of the clock, when it asks again; undefined while it asks. */
  readonly nextRefreshMs: number | undefined;
}

export interface Source {
  /** Begins to ask. Resolves with the first answer or failure, and never rejects: `status` tells which it was. */
  start(): Promise<void>;
  /** The last answer; empty before there was one. At most `MAX_FROM_SOURCE`. */
  readonly backends: readonly BackendConfig[];
  status(): SourceStatus;
  /** Asks no more, and calls nobody any more. */
  close(): void;
}

/** What a source works with, and whom it tells. */
export interface SourceContext {
  readonly clock: Clock;
  readonly resolver: Resolver;
  /** `backends` is another list now. */
  changed(): void;
  /** An attempt failed, for another reason than the one before. */
  failed(reason: string): void;
  /** The last answer of a source that this one takes the place of: it stays until there is a better one. */
  readonly former?: readonly BackendConfig[];
}

/** What one source may add to a pool. */
export const MAX_FROM_SOURCE = 1_000;
