/**
 * All sources of a balancer. Pools that name the same source share it, and a source that a new config has too lives on
 * with its last answer. What becomes of the answers is for the balancer.
 */
import type { Config } from "../config/config.js";
import { describeSource, type SourceConfig } from "../config/discover.js";
import type { Clock } from "../core/clock.js";
import { createDnsSource } from "./dns-source.js";
import { createFileSource } from "./file-source.js";
import { type Found, mergeBackends, type Resolved } from "./merge-backends.js";
import type { Resolver } from "./resolver.js";
import type { Source, SourceContext, SourceStatus } from "./source.js";
import { createSrvSource } from "./srv-source.js";

export interface DiscoveryOptions {
  readonly clock: Clock;
  readonly resolver: Resolver;
  /** Answers have changed; several changes within 50 ms are one. */
  onChange(): void;
  /** A source began to fail, or fails for another reason now. */
  onFailure(message: string): void;
}

/** One source of one pool. */
export interface PoolSourceStatus extends SourceStatus {
  readonly pool: string;
  /** As `describeSource` has it. */
  readonly source: string;
  /** In its last answer. */
  readonly backends: number;
}

interface Held {
  readonly config: SourceConfig;
  readonly source: Source;
}

const DEBOUNCE_MS = 50;
/** A start or a reload does not wait longer for name servers. */
const FIRST_ANSWER_MS = 3_000;

export class Discovery {
  readonly #options: DiscoveryOptions;
  readonly #sources = new Map<string, Held>();
  readonly #stopWaiting = new AbortController();
  #config: Config | undefined;
  #cancelTell: (() => void) | undefined;

  constructor(options: DiscoveryOptions) {
    this.#options = options;
  }

  /**
   * Starts the sources that are new in a config, and waits for each one's first answer or failure, at most 3 seconds.
   * Those of the former config go on until `keep` says which config it is to be.
   */
  async prepare(config: Config): Promise<void> {
    const fresh = listSources(config).filter(([key]) => !this.#sources.has(key));
    if (fresh.length === 0 || this.#stopWaiting.signal.aborted) return;
    const started = fresh.map(([key, source]) => this.#open(key, source).start());
    await this.#atMost(FIRST_ANSWER_MS, Promise.all(started));
  }

  /** This config is in force: sources that it does not have are closed. */
  keep(config: Config): void {
    this.#config = config;
    const keys = new Set(listSources(config).map(([key]) => key));
    for (const [key, { source }] of this.#sources) {
      if (keys.has(key)) continue;
      source.close();
      this.#sources.delete(key);
    }
  }

  /**
   * The config with every last answer in it. A source that was never prepared adds nothing.
   * @param before what is in force
   */
  resolve(config: Config, before: readonly Found[] = []): Resolved {
    return mergeBackends(config, (source) => this.#sources.get(keyOf(source))?.source.backends ?? [], before);
  }

  /** The sources of the config in force, in its order. */
  status(): PoolSourceStatus[] {
    return (this.#config?.pools ?? []).flatMap((pool) =>
      pool.discover.flatMap((config) => {
        const source = this.#sources.get(keyOf(config))?.source;
        if (source === undefined) return [];
        const backends = source.backends.length;
        return [{ pool: pool.name, source: describeSource(config), backends, ...source.status() }];
      }),
    );
  }

  close(): void {
    this.#stopWaiting.abort();
    this.#cancelTell?.();
    for (const { source } of this.#sources.values()) source.close();
    this.#sources.clear();
  }

  #open(key: string, config: SourceConfig): Source {
    const { clock, resolver, onFailure } = this.#options;
    const label = describeSource(config);
    // The same source with other settings: until it has its own answer, the former one's is better than none.
    const former = [...this.#sources.values()].find((held) => describeSource(held.config) === label);
    const source = createSource(config, {
      clock,
      resolver,
      changed: () => this.#changed(),
      failed: (reason) => onFailure(`${label}: ${reason}; ${describeLast(source)}`),
      ...(former && { former: former.source.backends }),
    });
    this.#sources.set(key, { config, source });
    return source;
  }

  #changed(): void {
    this.#cancelTell ??= this.#options.clock.after(DEBOUNCE_MS, () => {
      this.#cancelTell = undefined;
      this.#options.onChange();
    });
  }

  async #atMost(ms: number, done: Promise<unknown>): Promise<void> {
    const { signal } = this.#stopWaiting;
    let cancel = (): void => {};
    const enough = new Promise<void>((resolve) => {
      cancel = this.#options.clock.after(ms, resolve);
      signal.addEventListener("abort", () => resolve(), { once: true });
    });
    await Promise.race([done, enough]);
    cancel();
  }
}

function createSource(config: SourceConfig, context: SourceContext): Source {
  switch (config.kind) {
    case "dns":
      return createDnsSource(config, context);
    case "srv":
      return createSrvSource(config, context);
    case "file":
      return createFileSource(config, context);
  }
}

function describeLast({ backends }: Source): string {
  const count = backends.length;
  if (count === 0) return "there are no backends from it";
  return `its last answer stays, ${count} ${count === 1 ? "backend" : "backends"}`;
}

/** Two sources that are written alike are one. */
function keyOf(config: SourceConfig): string {
  return JSON.stringify(config);
}

function listSources({ pools }: Config): [string, SourceConfig][] {
  const all = pools.flatMap(({ discover }) => discover);
  return [...new Map(all.map((source) => [keyOf(source), source]))];
}
