/** From an endpoint as the core has it to a socket address: a zone's name becomes an interface index. */
import { NotSupportedError } from "../core/errors.js";
import type { Libc } from "./libc.js";
import type { SocketAddress } from "./sockaddr.js";

/** The part of the core's `Endpoint` that counts here. */
export interface EndpointLike {
  readonly ip: { readonly words: readonly number[]; readonly zone: string };
  readonly port: number;
}

/** @throws NotSupportedError when no interface has the zone's name. */
export function toSocketAddress(libc: Libc, endpoint: EndpointLike): SocketAddress {
  const { words, zone } = endpoint.ip;
  return { words, scope: zone === "" ? 0 : parseZone(libc, zone), port: endpoint.port };
}

/** A zone is an interface's name, or its index (RFC 4007 section 11.2). */
function parseZone(libc: Libc, zone: string): number {
  const index = libc.interfaceIndex(zone) || (/^[1-9]\d{0,8}$/.test(zone) ? Number(zone) : 0);
  if (index === 0) throw new NotSupportedError(`zone ${JSON.stringify(zone)}: no interface has that name`);
  return index;
}
