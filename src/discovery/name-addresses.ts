/**
 * The addresses of one name, asked again and again. Each family's last answer stays while only the other one answers,
 * so that a lost AAAA reply does not take all IPv6 backends away.
 */

import type { DiscoverFamily } from "../config/discover.js";
import { type IpAddress, isWildcard, parseIp } from "../core/address.js";
import { describeDnsError, hasNoRecord, type Resolver } from "./resolver.js";

export interface Addresses {
  /** Sorted, so that name servers that turn their answers make no difference. Never empty. */
  readonly ips: readonly IpAddress[];
  /** The least TTL, in milliseconds; 0 where nobody tells. */
  readonly ttlMs: number;
  /** Why the answer is not whole. */
  readonly problem: string | undefined;
}

/** One family's answer. */
interface FamilyAnswer {
  readonly ips: readonly IpAddress[];
  readonly ttlMs: number;
}

const NOTHING: FamilyAnswer = { ips: [], ttlMs: Number.POSITIVE_INFINITY };
/** These never leave the machine (RFC 6761, section 6.3). */
const LOCALHOST = /(^|\.)localhost$/i;

export class NameAddresses {
  readonly #resolver: Resolver;
  readonly #name: string;
  readonly #families: readonly (4 | 6)[];
  readonly #servers: readonly string[];
  readonly #last = new Map<4 | 6, FamilyAnswer>();
  /** Whether a name server has ever known the name: then nobody else is asked. */
  #isKnownToDns = false;

  constructor(resolver: Resolver, name: string, family: DiscoverFamily, servers: readonly string[]) {
    this.#resolver = resolver;
    this.#name = name;
    this.#families = family === "any" ? [4, 6] : [family === "ipv4" ? 4 : 6];
    this.#servers = servers;
  }

  /** @throws Error with a message for people when there is no address */
  async ask(): Promise<Addresses> {
    const isLocal = LOCALHOST.test(this.#name) && this.#servers.length === 0;
    const answers = await Promise.allSettled(
      this.#families.map((family) => (isLocal ? this.#lookup(family) : this.#ask(family))),
    );
    if (answers.every(isUseless) && !isLocal && this.#mayLookup()) {
      const found = await Promise.allSettled(this.#families.map((family) => this.#lookup(family)));
      if (!found.every(isUseless)) return this.#combine(found);
    }
    return this.#combine(answers);
  }

  #mayLookup(): boolean {
    return this.#servers.length === 0 && !this.#isKnownToDns;
  }

  async #ask(family: 4 | 6): Promise<FamilyAnswer> {
    const records = await this.#resolver.addresses(this.#name, family, this.#servers);
    if (records.length === 0) return NOTHING;
    this.#isKnownToDns = true;
    const seconds = Math.min(...records.map(({ ttl }) => ttl));
    return { ips: records.map(({ address }) => parseIp(address)), ttlMs: seconds * 1000 };
  }

  async #lookup(family: 4 | 6): Promise<FamilyAnswer> {
    const texts = await this.#resolver.lookup(this.#name, family);
    return { ips: texts.map(parseIp), ttlMs: 0 };
  }

  #combine(answers: readonly PromiseSettledResult<FamilyAnswer>[]): Addresses {
    const failures: string[] = [];
    for (const [i, answer] of answers.entries()) {
      if (answer.status === "fulfilled") this.#last.set(this.#families[i], answer.value);
      else if (!hasNoRecord(answer.reason)) failures.push(describeDnsError(answer.reason));
    }
    const isWhole = answers.some(({ status }) => status === "fulfilled");
    const missing = answers.find((answer) => answer.status === "rejected");
    if (!isWhole)
      throw new Error(failures[0] ?? describeDnsError(missing?.reason), { cause: missing?.reason });
    return this.#gather(answers, failures[0]);
  }

  #gather(answers: readonly PromiseSettledResult<FamilyAnswer>[], problem: string | undefined): Addresses {
    // A family that has no record any more is gone; one that could not be asked is as it was.
    for (const [i, answer] of answers.entries()) {
      if (answer.status === "rejected" && hasNoRecord(answer.reason)) this.#last.delete(this.#families[i]);
    }
    const known = this.#families.map((family) => this.#last.get(family) ?? NOTHING);
    const all = known.flatMap(({ ips }) => ips);
    const ips = all.filter((ip) => !isWildcard(ip)).toSorted(byAddress);
    if (ips.length === 0) {
      throw new Error(
        all.length > 0 ? "the address is a wildcard, which stands for no server" : "the name has no address",
      );
    }
    const ttlMs = Math.min(...known.map((answer) => answer.ttlMs));
    return { ips, ttlMs, problem };
  }
}

function isUseless(answer: PromiseSettledResult<FamilyAnswer>): boolean {
  return answer.status === "rejected" || answer.value.ips.length === 0;
}

function byAddress(a: IpAddress, b: IpAddress): number {
  if (a.family !== b.family) return a.family - b.family;
  const at = a.words.findIndex((word, i) => word !== b.words[i]);
  return at === -1 ? 0 : a.words[at] - b.words[at];
}
