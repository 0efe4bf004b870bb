/**
 * Asking name servers: a contract that tests can play, and what Node has behind it. Names in, addresses as text out;
 * a failure is thrown with the code of node:dns, such as ENOTFOUND.
 */
import { promises as dns } from "node:dns";

export interface AddressRecord {
  readonly address: string;
  /** Seconds. */
  readonly ttl: number;
}

/** One SRV record (RFC 2782). */
export interface ServiceRecord {
  readonly name: string;
  readonly port: number;
  readonly priority: number;
  readonly weight: number;
}

export interface Resolver {
  /** The A or AAAA records of a name. Without `servers`, those of the system are asked. */
  addresses(name: string, family: 4 | 6, servers: readonly string[]): Promise<readonly AddressRecord[]>;
  /** The SRV records of a name. Node does not tell their TTL. */
  services(name: string, servers: readonly string[]): Promise<readonly ServiceRecord[]>;
  /** What any other program would be told: hosts file, search domains and whatever else the system asks. No TTL. */
  lookup(name: string, family: 4 | 6): Promise<readonly string[]>;
}

/** Twice this, once for each of two tries, is how long one name server may take. */
const TIMEOUT_MS = 2000;
const TRIES = 2;

export function createSystemResolver(): Resolver {
  return {
    addresses(name, family, servers) {
      const resolver = createChannel(servers);
      return family === 4 ? resolver.resolve4(name, { ttl: true }) : resolver.resolve6(name, { ttl: true });
    },
    services: (name, servers) => createChannel(servers).resolveSrv(name),
    async lookup(name, family) {
      const found = await dns.lookup(name, { all: true, family });
      return found.map(({ address }) => address);
    },
  };
}

/** A new one for each question: it reads the system's name servers anew, which may have changed since. */
function createChannel(servers: readonly string[]): dns.Resolver {
  const resolver = new dns.Resolver({ timeout: TIMEOUT_MS, tries: TRIES });
  if (servers.length > 0) resolver.setServers(servers);
  return resolver;
}

/** The name exists, or not, but has no record of this kind: an answer, not a failure to get one. */
export function hasNoRecord(error: unknown): boolean {
  return ["ENOTFOUND", "ENODATA"].includes(codeOf(error));
}

/** In plain words. */
export function describeDnsError(error: unknown): string {
  const code = codeOf(error);
  return REASONS[code] ?? (code !== "" ? `the name server says ${code}` : String(error));
}

const REASONS: Readonly<Record<string, string>> = {
  ENOTFOUND: "no such name",
  ENODATA: "the name has no such record",
  ESERVFAIL: "the name server failed (SERVFAIL)",
  EREFUSED: "the name server refuses to answer",
  ETIMEOUT: "no answer from the name server",
  ECONNREFUSED: "nothing answers at the address of the name server",
  EAI_AGAIN: "no answer from the name server",
};

function codeOf(error: unknown): string {
  return String((error as { code?: unknown } | undefined)?.code ?? "");
}
