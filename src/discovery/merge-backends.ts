/**
 * A config with what its sources found: each pool's own backends first, then those of its sources, each address once.
 * What cannot be taken, because there is no room, it would loop or stands for no server, is left out, counted and said.
 */
import type { BackendConfig, Config, PoolConfig } from "../config/config.js";
import { describeSource, type SourceConfig } from "../config/discover.js";
import { LoopGraph } from "../config/loop-graph.js";
import { type OwnAddresses, readOwnAddresses } from "../config/own-addresses.js";
import { whyNoServer } from "../config/server-address.js";
import { formatEndpoint } from "../core/address.js";
import { MAX_BACKENDS } from "../core/snapshot.js";

/** What one source adds to one pool. */
export interface Found {
  readonly pool: string;
  /** As `describeSource` has it. */
  readonly source: string;
  readonly backends: readonly BackendConfig[];
  /** How many of the source's last answer were left out. */
  readonly leftOut: number;
}

export interface Resolved {
  /** With `discover` as it was, and the found backends among the others. */
  readonly config: Config;
  readonly found: readonly Found[];
  /** What was left out and why, one sentence each. */
  readonly problems: readonly string[];
}

/** Reasons that a warning spells out; a name server can give a thousand addresses. */
const MAX_SAID = 10;

/**
 * @param before what is in force: where two backends only together make a loop, the one that was there stays
 * @param own the addresses of this machine, which tell what would come back to us
 */
export function mergeBackends(
  config: Config,
  backendsOf: (source: SourceConfig) => readonly BackendConfig[],
  before: readonly Found[] = [],
  own: OwnAddresses = readOwnAddresses(),
): Resolved {
  if (config.pools.every(({ discover }) => discover.length === 0)) return { config, found: [], problems: [] };
  let room = MAX_BACKENDS - config.pools.reduce((sum, { backends }) => sum + backends.length, 0);
  const found: Found[] = [];
  const problems: string[] = [];
  const judge = new Judge(config, own);
  judge.keep(config, before, backendsOf);
  const pools = config.pools.map((pool) => {
    const merge = new PoolMerge(pool, room, judge);
    for (const source of pool.discover) {
      const added = merge.add(backendsOf(source));
      found.push({ pool: pool.name, source: describeSource(source), ...added });
    }
    problems.push(...merge.problems());
    room -= merge.backends.length - pool.backends.length;
    return Object.freeze({ ...pool, backends: Object.freeze(merge.backends) });
  });
  return { config: Object.freeze({ ...config, pools: Object.freeze(pools) }), found, problems };
}

/** Says what may not be sent to, with all that has been taken so far. */
class Judge {
  readonly #own: OwnAddresses;
  readonly #graph: LoopGraph;

  constructor({ listeners, pools }: Config, own: OwnAddresses) {
    this.#own = own;
    this.#graph = new LoopGraph(listeners, own);
    for (const { name, backends } of pools)
      for (const { address } of backends) this.#graph.add(name, address);
  }

  /** What is in force and still found goes before what is new. */
  keep(
    { pools }: Config,
    before: readonly Found[],
    backendsOf: (source: SourceConfig) => readonly BackendConfig[],
  ): void {
    for (const pool of pools) {
      const here = before.filter((found) => found.pool === pool.name).flatMap(({ backends }) => backends);
      const old = new Set(here.map(({ address }) => formatEndpoint(address)));
      const found = old.size === 0 ? [] : pool.discover.flatMap(backendsOf);
      for (const backend of found) {
        const isOld = old.has(formatEndpoint(backend.address));
        if (isOld && this.whyNot(pool.name, backend) === undefined) this.take(pool.name, backend);
      }
    }
  }

  whyNot(pool: string, { address }: BackendConfig): string | undefined {
    const why = whyNoServer(address.ip, this.#own);
    return why === undefined ? this.#graph.whyLoop(pool, address) : `is no server: ${why}`;
  }

  take(pool: string, { address }: BackendConfig): void {
    this.#graph.add(pool, address);
  }
}

class PoolMerge {
  readonly backends: BackendConfig[];
  readonly #judge: Judge;
  readonly #pool: PoolConfig;
  readonly #most: number;
  readonly #addresses: Set<string>;
  readonly #names: Set<string>;
  readonly #unfit: string[] = [];
  #left = 0;

  constructor(pool: PoolConfig, room: number, judge: Judge) {
    this.#judge = judge;
    this.#pool = pool;
    this.backends = [...pool.backends];
    // A maglev table needs more entries than there are backends.
    const most = pool.policy === "maglev" ? pool.maglevTableSize - 1 : MAX_BACKENDS;
    this.#most = Math.min(most, pool.backends.length + room);
    this.#addresses = new Set(pool.backends.map(({ address }) => formatEndpoint(address)));
    this.#names = new Set(pool.backends.map(({ name }) => name));
  }

  /** Takes what it may of a source's answer. */
  add(backends: readonly BackendConfig[]): Pick<Found, "backends" | "leftOut"> {
    const taken: BackendConfig[] = [];
    const leftBefore = this.#left + this.#unfit.length;
    for (const backend of backends) {
      const key = formatEndpoint(backend.address);
      if (this.#addresses.has(key) || this.#isUnfit(backend)) continue;
      if (this.backends.length >= this.#most) {
        this.#left++;
        continue;
      }
      this.#addresses.add(key);
      const named = { ...backend, name: this.#freeName(backend.name) };
      this.#names.add(named.name);
      this.backends.push(named);
      taken.push(named);
      this.#judge.take(this.#pool.name, named);
    }
    return { backends: taken, leftOut: this.#left + this.#unfit.length - leftBefore };
  }

  problems(): string[] {
    const pool = `pool ${JSON.stringify(this.#pool.name)}`;
    const problems = [];
    if (this.#left > 0) problems.push(`no room for ${this.#left} of the backends found for ${pool}`);
    if (this.#unfit.length > 0) {
      const more = this.#unfit.length - MAX_SAID;
      const said = [...this.#unfit.slice(0, MAX_SAID), ...(more > 0 ? [`and ${more} more`] : [])];
      problems.push(`not taken for ${pool}: ${said.join("; ")}`);
    }
    return problems;
  }

  #isUnfit(backend: BackendConfig): boolean {
    const why = this.#judge.whyNot(this.#pool.name, backend);
    if (why !== undefined) this.#unfit.push(`${backend.addressText} ${why}`);
    return why !== undefined;
  }

  /** A name that a person writes cannot contain `#`, so it never means another backend. */
  #freeName(name: string): string {
    let free = name;
    for (let i = 2; this.#names.has(free); i++) free = `${name}#${i}`;
    return free;
  }
}
