/**
 * Backends from SRV records (RFC 2782): targets of the lowest priority value, and those of all others as backups. Weights
 * are the records' own; 0, which means the least chance there, becomes 1.
 */

import type { BackendConfig } from "../config/config.js";
import type { SrvSourceConfig } from "../config/discover.js";
import { formatEndpoint } from "../core/address.js";
import { createFound } from "./dns-source.js";
import { type Addresses, NameAddresses } from "./name-addresses.js";
import { type Answer, RefreshedSource } from "./refreshed-source.js";
import { describeDnsError, type Resolver, type ServiceRecord } from "./resolver.js";
import { MAX_FROM_SOURCE, type Source, type SourceContext } from "./source.js";

/** Questions under way at one time: a service of a thousand targets must not flood its name server. */
const MAX_ASKING = 16;

export function createSrvSource(config: SrvSourceConfig, context: SourceContext): Source {
  const service = new Service(config, context.resolver);
  const { minIntervalMs, maxIntervalMs } = config;
  return new RefreshedSource({ ask: () => service.ask(), minIntervalMs, maxIntervalMs }, context);
}

/** The addresses of a target as they were found last, or why there are none. */
type Target = { readonly addresses: Addresses } | { readonly failure: string };

class Service {
  readonly #config: SrvSourceConfig;
  readonly #resolver: Resolver;
  /** By name; those no record names any more are forgotten. */
  #names = new Map<string, NameAddresses>();
  #known = new Map<string, Addresses>();

  constructor(config: SrvSourceConfig, resolver: Resolver) {
    this.#config = config;
    this.#resolver = resolver;
  }

  async ask(): Promise<Answer> {
    const records = await this.#askRecords();
    const targets = await this.#askTargets(new Set(records.map(({ name }) => name)));
    const failures = [...targets].flatMap(([name, target]) =>
      "failure" in target ? [`${name}: ${target.failure}`] : (target.addresses.problem ?? []),
    );
    const backends = createBackends(records, this.#known, this.#config.namePrefix);
    if (backends.length === 0) throw new Error(failures[0] ?? "no target has an address");
    // Node does not tell the TTL of SRV records: that of their targets' addresses has to do.
    const ttlMs = Math.min(...[...this.#known.values()].map((addresses) => addresses.ttlMs));
    return { backends, ttlMs, problem: failures[0] };
  }

  /** Lowest priority value first. */
  async #askRecords(): Promise<readonly ServiceRecord[]> {
    const { name, resolvers } = this.#config;
    const records = await this.#resolver.services(name, resolvers).catch((cause) => {
      throw new Error(describeDnsError(cause), { cause });
    });
    if (records.length === 0) throw new Error("the name has no such record");
    const real = records.filter((record) => record.name !== "" && record.name !== "." && record.port > 0);
    if (real.length === 0) throw new Error("the domain says that it has no such service");
    return real.toSorted((a, b) => a.priority - b.priority).slice(0, MAX_FROM_SOURCE);
  }

  async #askTargets(names: ReadonlySet<string>): Promise<ReadonlyMap<string, Target>> {
    const { family, resolvers } = this.#config;
    const create = (name: string) => new NameAddresses(this.#resolver, name, family, resolvers);
    this.#names = new Map([...names].map((name) => [name, this.#names.get(name) ?? create(name)]));
    this.#known = new Map([...this.#known].filter(([name]) => names.has(name)));
    const targets = new Map<string, Target>();
    const waiting = [...this.#names];
    const work = async (): Promise<void> => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        targets.set(next[0], await askTarget(next[1]));
      }
    };
    await Promise.all(Array.from({ length: MAX_ASKING }, work));
    for (const [name, target] of targets) if ("addresses" in target) this.#known.set(name, target.addresses);
    return targets;
  }
}

async function askTarget(name: NameAddresses): Promise<Target> {
  try {
    return { addresses: await name.ask() };
  } catch (error) {
    return { failure: error instanceof Error ? error.message : String(error) };
  }
}

/** Each address once: in the record of the lowest priority value that has it, and there with the largest weight. */
function createBackends(
  records: readonly ServiceRecord[],
  known: ReadonlyMap<string, Addresses>,
  namePrefix: string,
): readonly BackendConfig[] {
  // What no address is known of cannot be preferred: the next priority takes its place.
  const usable = records.filter(({ name }) => known.has(name));
  const lowest = usable[0]?.priority;
  const found = new Map<string, BackendConfig>();
  for (const { name, port, priority, weight } of usable) {
    for (const ip of known.get(name)?.ips ?? []) {
      const backend = createFound({ ip, port }, namePrefix, Math.max(1, weight), priority !== lowest);
      const key = formatEndpoint(backend.address);
      const first = found.get(key);
      const isHeavier = first?.backup === backend.backup && first.weight < backend.weight;
      if (first === undefined || isHeavier) found.set(key, backend);
    }
  }
  return [...found.values()].toSorted(byPlace);
}

/** Records come in any order: a list that is the same must look the same. */
function byPlace(a: BackendConfig, b: BackendConfig): number {
  return Number(a.backup) - Number(b.backup) || (a.name < b.name ? -1 : 1);
}
