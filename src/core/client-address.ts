/** A client as people write it: an IP address, or an address and port. */
import { type IpAddress, parseEndpoint, parseIp } from "./address.js";

export interface ClientAddress {
  readonly ip: IpAddress;
  readonly port: number | undefined;
}

/** @throws AddressError */
export function parseClient(text: string): ClientAddress {
  const isBare = text.startsWith("[") ? !text.includes("]:") : text.split(":").length !== 2;
  return isBare ? { ip: parseIp(text), port: undefined } : parseEndpoint(text);
}
