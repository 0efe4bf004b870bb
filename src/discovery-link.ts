/**
 * Between discovery and the balancer: answers become configs to put in force, and what came of them becomes events,
 * warnings and statistics.
 */
import type { EventEmitter } from "node:events";
import { isDeepStrictEqual } from "node:util";
import type { SourceStats } from "./api.js";
import type { Config } from "./config/config.js";
import type { Clock } from "./core/clock.js";
import { Discovery } from "./discovery/discovery.js";
import { compareFound } from "./discovery/found-changes.js";
import type { Found, Resolved } from "./discovery/merge-backends.js";
import { createSystemResolver } from "./discovery/resolver.js";
import type { HeldWarnings } from "./held-warnings.js";

/** When an answer cannot be put in force: for instance, slots of removed backends may take a while to be free. */
const RETRY_MS = 5_000;

export class DiscoveryLink {
  readonly #events: EventEmitter;
  readonly #warnings: HeldWarnings;
  readonly #clock: Clock;
  readonly #discovery: Discovery;
  #onChange: () => void = () => {};
  #cancelRetry: () => void = () => {};
  #isClosed = false;
  /** What is in force. */
  #found: readonly Found[] = [];
  /** Source of a pool → how many of its backends are not in force. */
  #leftOut: ReadonlyMap<string, number> = new Map();
  #problems: readonly string[] = [];

  constructor(events: EventEmitter, warnings: HeldWarnings, clock: Clock) {
    this.#clock = clock;
    this.#events = events;
    this.#warnings = warnings;
    this.#discovery = new Discovery({
      clock,
      resolver: createSystemResolver(),
      onChange: () => this.#onChange(),
      onFailure: (message) => this.#warn(message),
    });
  }

  /** The config with what its sources found, after waiting a little for those that are new. */
  async prepare(written: Config): Promise<Resolved> {
    await this.#discovery.prepare(written);
    return this.#discovery.resolve(written, this.#found);
  }

  /** The config with what its sources have found so far; nobody is asked. */
  peek(written: Config): Config {
    return this.#discovery.resolve(written, this.#found).config;
  }

  /** This config is in force, with what `prepare` gave; without that, it still is, and nothing else came of it. */
  keep(written: Config, resolved?: Resolved): void {
    this.#discovery.keep(written);
    if (resolved !== undefined) this.#remember(resolved);
  }

  /** From now on `onChange` is called when answers may have changed, and once for what came before. */
  follow(onChange: () => void): void {
    this.#onChange = onChange;
    onChange();
  }

  /** Puts the answers of this moment in force, if they differ from those that are. Never rejects: it tries again later. */
  async putInForce(written: Config, apply: (config: Config) => Promise<unknown>): Promise<void> {
    const resolved = this.#discovery.resolve(written, this.#found);
    const changes = compareFound(this.#found, resolved.found);
    if (changes.length > 0) {
      try {
        await apply(resolved.config);
      } catch (error) {
        this.#warn(
          `what was found cannot be put in force: ${error instanceof Error ? error.message : error}`,
        );
        this.#retryLater();
        return;
      }
    }
    this.#remember(resolved);
    for (const change of changes) this.#events.emit("discovery", change);
  }

  stats(): SourceStats[] {
    const nowMs = this.#clock.now();
    return this.#discovery.status().map(({ lastChangeMs, nextRefreshMs, ...same }) => ({
      ...same,
      leftOut: this.#leftOut.get(keyOf(same)) ?? 0,
      sinceChangeMs: lastChangeMs === undefined ? undefined : nowMs - lastChangeMs,
      nextRefreshMs: nextRefreshMs === undefined ? undefined : Math.max(0, nextRefreshMs - nowMs),
    }));
  }

  close(): void {
    this.#isClosed = true;
    this.#cancelRetry();
    this.#discovery.close();
  }

  #remember({ found, problems }: Resolved): void {
    if (!isDeepStrictEqual(problems, this.#problems)) for (const problem of problems) this.#warn(problem);
    this.#found = found;
    this.#leftOut = new Map(found.map((one) => [keyOf(one), one.leftOut]));
    this.#problems = problems;
  }

  #retryLater(): void {
    this.#cancelRetry();
    if (!this.#isClosed) this.#cancelRetry = this.#clock.after(RETRY_MS, () => this.#onChange());
  }

  #warn(message: string): void {
    if (!this.#isClosed) this.#warnings.push({ code: "discovery", message });
  }
}

function keyOf({ pool, source }: { readonly pool: string; readonly source: string }): string {
  return JSON.stringify([pool, source]);
}
