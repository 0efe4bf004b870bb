/**
 * A config with what its sources found: each pool's own backends first, then those of its sources, each address once.
 * What cannot be taken, because there is no room or it would loop, is left out and said.
 */
import { reachesListener } from "../config/check-addresses.js";
import type { BackendConfig, Config, PoolConfig } from "../config/config.js";
import { describeSource, type SourceConfig } from "../config/discover.js";
import { formatEndpoint } from "../core/address.js";
import { MAX_BACKENDS } from "../core/snapshot.js";

/** What one source adds to one pool. */
export interface Found {
  readonly pool: string;
  /** As `describeSource` has it. */
  readonly source: string;
  readonly backends: readonly BackendConfig[];
}

export interface Resolved {
  /** With `discover` as it was, and the found backends among the others. */
  readonly config: Config;
  readonly found: readonly Found[];
  /** What was left out and why, one sentence each. */
  readonly problems: readonly string[];
}

export function mergeBackends(
  config: Config,
  backendsOf: (source: SourceConfig) => readonly BackendConfig[],
): Resolved {
  if (config.pools.every(({ discover }) => discover.length === 0)) return { config, found: [], problems: [] };
  let room = MAX_BACKENDS - config.pools.reduce((sum, { backends }) => sum + backends.length, 0);
  const found: Found[] = [];
  const problems: string[] = [];
  const pools = config.pools.map((pool) => {
    const merge = new PoolMerge(config, pool, room);
    for (const source of pool.discover) {
      const backends = merge.add(backendsOf(source));
      found.push({ pool: pool.name, source: describeSource(source), backends });
    }
    problems.push(...merge.problems());
    room -= merge.backends.length - pool.backends.length;
    return Object.freeze({ ...pool, backends: Object.freeze(merge.backends) });
  });
  return { config: Object.freeze({ ...config, pools: Object.freeze(pools) }), found, problems };
}

class PoolMerge {
  readonly backends: BackendConfig[];
  readonly #config: Config;
  readonly #pool: PoolConfig;
  readonly #most: number;
  readonly #addresses: Set<string>;
  readonly #names: Set<string>;
  readonly #loops: string[] = [];
  #left = 0;

  constructor(config: Config, pool: PoolConfig, room: number) {
    this.#config = config;
    this.#pool = pool;
    this.backends = [...pool.backends];
    // A maglev table needs more entries than there are backends.
    const most = pool.policy === "maglev" ? pool.maglevTableSize - 1 : MAX_BACKENDS;
    this.#most = Math.min(most, pool.backends.length + room);
    this.#addresses = new Set(pool.backends.map(({ address }) => formatEndpoint(address)));
    this.#names = new Set(pool.backends.map(({ name }) => name));
  }

  /** Those that were taken. */
  add(backends: readonly BackendConfig[]): readonly BackendConfig[] {
    const taken: BackendConfig[] = [];
    for (const backend of backends) {
      const key = formatEndpoint(backend.address);
      if (this.#addresses.has(key) || this.#isLoop(backend)) continue;
      if (this.backends.length >= this.#most) {
        this.#left++;
        continue;
      }
      this.#addresses.add(key);
      const named = { ...backend, name: this.#freeName(backend.name) };
      this.#names.add(named.name);
      this.backends.push(named);
      taken.push(named);
    }
    return taken;
  }

  problems(): string[] {
    const pool = `pool ${JSON.stringify(this.#pool.name)}`;
    const problems = [];
    if (this.#left > 0) problems.push(`no room for ${this.#left} of the backends found for ${pool}`);
    if (this.#loops.length > 0) {
      problems.push(
        `${this.#loops.join(", ")} is a listener of ${pool}: not taken, it would get its own datagrams`,
      );
    }
    return problems;
  }

  #isLoop({ address, addressText }: BackendConfig): boolean {
    const isLoop = this.#config.listeners.some(
      (listener) => listener.pool === this.#pool.name && reachesListener(listener, address),
    );
    if (isLoop) this.#loops.push(addressText);
    return isLoop;
  }

  /** A name that a person writes cannot contain `#`, so it never means another backend. */
  #freeName(name: string): string {
    let free = name;
    for (let i = 2; this.#names.has(free); i++) free = `${name}#${i}`;
    return free;
  }
}
