/** Whether a datagram that `node:dgram` received came from an endpoint. */
import type { Endpoint } from "./address.js";
import { writeIpWords } from "./ip-words.js";

/** As `RemoteInfo` says it; a zone after the address is not compared. */
export interface Source {
  readonly address: string;
  readonly port: number;
}

export function cameFrom({ address, port }: Source, endpoint: Endpoint): boolean {
  const words = new Uint32Array(4);
  if (port !== endpoint.port || !writeIpWords(address, words, 0)) return false;
  return endpoint.ip.words.every((word, i) => word === words[i]);
}
