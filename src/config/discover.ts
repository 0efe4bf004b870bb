/**
 * The types of `pools[].discover`: sources that a pool takes backends from, besides those that the config names. As
 * people write one, every source is a map of the same kind; checked, each has only what it needs.
 */

export const DISCOVER_FAMILIES = ["any", "ipv4", "ipv6"] as const;
/** Which addresses of a name to take. */
export type DiscoverFamily = (typeof DISCOVER_FAMILIES)[number];

/** The keys of which each source has exactly one: what kind it is. */
export const SOURCE_KINDS = ["dns", "srv", "file"] as const;
export type SourceKind = (typeof SOURCE_KINDS)[number];

/** One source as people write it: exactly one of `dns`, `srv` and `file`, and what goes with it. */
export interface DiscoverInput {
  /** A host name and port, such as `game.example.org:27015`. */
  readonly dns?: string | undefined;
  /** The name of SRV records, such as `_sip._udp.example.org`. */
  readonly srv?: string | undefined;
  /** A file with a list of backends; a relative path is relative to the config file. */
  readonly file?: string | undefined;
  readonly family?: DiscoverFamily | undefined;
  /** IP addresses and ports of name servers. */
  readonly resolvers?: readonly string[] | undefined;
  readonly minInterval?: string | undefined;
  readonly maxInterval?: string | undefined;
  readonly weight?: number | undefined;
  readonly backup?: boolean | undefined;
  readonly namePrefix?: string | undefined;
}

/** What sources that ask name servers have in common. */
interface NameSourceConfig {
  readonly name: string;
  readonly family: DiscoverFamily;
  /** As written; empty for those of the system. */
  readonly resolvers: readonly string[];
  readonly minIntervalMs: number;
  readonly maxIntervalMs: number;
  /** In front of a backend's name, which is its address. */
  readonly namePrefix: string;
}

/** The addresses of one name. */
export interface DnsSourceConfig extends NameSourceConfig {
  readonly kind: "dns";
  readonly port: number;
  readonly weight: number;
  readonly backup: boolean;
}

/** The targets of SRV records (RFC 2782). */
export interface SrvSourceConfig extends NameSourceConfig {
  readonly kind: "srv";
}

/** A YAML or JSON file with a list of backends. */
export interface FileSourceConfig {
  readonly kind: "file";
  /** Absolute. */
  readonly path: string;
}

export type SourceConfig = DnsSourceConfig | SrvSourceConfig | FileSourceConfig;

/** The source as events, warnings and statistics name it: `dns game.example.org:27015`. */
export function describeSource(source: SourceConfig): string {
  switch (source.kind) {
    case "dns":
      return `dns ${source.name}:${source.port}`;
    case "srv":
      return `srv ${source.name}`;
    case "file":
      return `file ${source.path}`;
  }
}
