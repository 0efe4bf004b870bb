/** Backends from the addresses of one name, each with the port that the config gives. */

import type { BackendConfig } from "../config/config.js";
import type { DnsSourceConfig } from "../config/discover.js";
import { type Endpoint, formatEndpoint } from "../core/address.js";
import { NameAddresses } from "./name-addresses.js";
import { RefreshedSource } from "./refreshed-source.js";
import type { Source, SourceContext } from "./source.js";

export function createDnsSource(config: DnsSourceConfig, context: SourceContext): Source {
  const { name, port, family, resolvers, weight, backup, namePrefix, minIntervalMs, maxIntervalMs } = config;
  const addresses = new NameAddresses(context.resolver, name, family, resolvers);
  const ask = async () => {
    const { ips, ttlMs, problem } = await addresses.ask();
    const backends = ips.map((ip) => createFound({ ip, port }, namePrefix, weight, backup));
    return { backends, ttlMs, problem };
  };
  return new RefreshedSource({ ask, minIntervalMs, maxIntervalMs }, context);
}

/** A backend is known by its address, so that it stays the same backend in whatever order addresses come. */
export function createFound(
  address: Endpoint,
  namePrefix: string,
  weight: number,
  backup: boolean,
): BackendConfig {
  const addressText = formatEndpoint(address);
  return { name: namePrefix + addressText, address, addressText, weight, state: "enabled", backup };
}
