/** The addresses of this machine that a wildcard listener has to answer from. */
import { networkInterfaces } from "node:os";
import type { ListenerEntry } from "../../core/snapshot.js";

/** IP texts, with zone where the address is link-local. `[::]` covers IPv4 too unless the listener is `ipv6Only`. */
export function localAddresses(listener: ListenerEntry): string[] {
  const { family } = listener.address.ip;
  const found = new Set<string>();
  for (const [name, addresses] of Object.entries(networkInterfaces())) {
    for (const { family: kind, address, scopeid } of addresses ?? []) {
      if (kind === "IPv4" && (family === 4 || !listener.ipv6Only)) found.add(address);
      if (kind === "IPv6" && family === 6) found.add(scopeid ? `${address}%${name}` : address);
    }
  }
  return [...found];
}
