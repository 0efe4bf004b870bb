/**
 * Broadcast and all-nodes addresses: what a client may write to that looks for a server it does not know. A wildcard listener
 * hears them too. Nothing can be sent from them, so a local address of the same interface answers.
 */
import type { NetworkInterfaceInfo } from "node:os";
import { formatIpv4Word, MAPPED_WORD, writeIpWords } from "../../core/ip-words.js";

type Interfaces = Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>;

export const LIMITED_BROADCAST = "255.255.255.255";

/**
 * Group address → the local address that answers for it.
 * @param locals what the listener has of the machine's addresses, as `localAddresses` writes them
 */
export function groupAddresses(interfaces: Interfaces, locals: ReadonlySet<string>): Map<string, string> {
  const groups = new Map<string, string>();
  const add = (group: string | undefined, local: string) => {
    if (group !== undefined && locals.has(local) && !groups.has(group)) groups.set(group, local);
  };
  for (const [name, addresses] of Object.entries(interfaces)) {
    for (const { family, address, netmask, scopeid, internal } of addresses ?? []) {
      if (internal) continue;
      if (family === "IPv4") {
        add(broadcastOf(address, netmask), address);
        add(LIMITED_BROADCAST, address);
      } else if (scopeid) add(`ff02::1%${name}`, `${address}%${name}`);
    }
  }
  return groups;
}

/**
 * The local address whose network a client is in: which interface a datagram to 255.255.255.255 came in by, `node:dgram`
 * does not tell. Undefined where there is none.
 */
export function neighbourOf(client: string, interfaces: Interfaces): string | undefined {
  const word = wordOf(client);
  if (word === undefined) return undefined;
  for (const { family, address, netmask, internal } of Object.values(interfaces).flatMap(
    (all) => all ?? [],
  )) {
    if (internal || family !== "IPv4") continue;
    const mask = wordOf(netmask) ?? 0;
    if (((word ^ (wordOf(address) ?? 0)) & mask) === 0) return address;
  }
  return undefined;
}

/** Networks of one or two addresses have none. */
function broadcastOf(address: string, netmask: string): string | undefined {
  const [word, mask] = [wordOf(address), wordOf(netmask)];
  if (word === undefined || mask === undefined || ~mask >>> 0 < 3) return undefined;
  return formatIpv4Word((word | ~mask) >>> 0);
}

function wordOf(text: string): number | undefined {
  const words = new Uint32Array(4);
  return writeIpWords(text, words, 0) && words[2] === MAPPED_WORD ? words[3] : undefined;
}
