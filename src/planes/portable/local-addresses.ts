/** The addresses of this machine that a wildcard listener has to answer from. */
import { networkInterfaces } from "node:os";
import type { ListenerEntry } from "../../core/snapshot.js";

/**
 * IP texts, with zone where the address is link-local, and the number of that zone's interface, else 0. `[::]` covers IPv4 too
 * unless the listener is `ipv6Only`.
 */
export function localAddresses(listener: ListenerEntry): Map<string, number> {
  const { family } = listener.address.ip;
  const found = new Map<string, number>();
  for (const [name, addresses] of Object.entries(networkInterfaces())) {
    for (const { family: kind, address, scopeid } of addresses ?? []) {
      if (kind === "IPv4" && (family === 4 || !listener.ipv6Only)) found.set(address, 0);
      if (kind === "IPv6" && family === 6) found.set(scopeid ? `${address}%${name}` : address, scopeid ?? 0);
    }
  }
  return found;
}
