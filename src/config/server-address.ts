/** Which addresses stand for no single server, and why. */
import { type IpAddress, isLimitedBroadcast, isMulticast, isWildcard } from "../core/address.js";
import type { OwnAddresses } from "./own-addresses.js";

/** @param own given where the machine's networks matter too */
export function whyNoServer(ip: IpAddress, own?: OwnAddresses): string | undefined {
  if (isWildcard(ip)) return "a wildcard cannot be sent to";
  if (isMulticast(ip))
    return "a multicast address is a group of hosts, and replies come from other addresses";
  if (isLimitedBroadcast(ip)) return "a broadcast address is every host of a network";
  const network = own?.broadcastNetwork(ip);
  return network && `this is the broadcast address of ${network}`;
}
