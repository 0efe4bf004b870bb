/**
 * The addresses of this machine's network interfaces, read at one moment: which addresses are its own, and which are
 * broadcast addresses of its networks. An interface that is down, or has no carrier, is not among them.
 */
import { type NetworkInterfaceInfo, networkInterfaces } from "node:os";
import { formatIp, type IpAddress, ipEquals, isLoopback, parseIp } from "../core/address.js";
import { SluiceError } from "../core/errors.js";

/** As `os.networkInterfaces()` gives them. */
export type Interfaces = Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>;

interface OwnAddress {
  readonly ip: IpAddress;
  /** The network as the system writes it, such as `10.77.0.1/24`. */
  readonly network: string;
  readonly device: string;
  /** The zone of a link-local address is the name or the number of its interface. */
  readonly scope: string;
}

/** Networks of 31 and 32 bits have no broadcast address (RFC 3021). */
const LONGEST_WITH_BROADCAST = 30;

export class OwnAddresses {
  readonly #own: readonly OwnAddress[];
  /** By the text of the broadcast address. */
  readonly #broadcasts: ReadonlyMap<string, string>;

  constructor(interfaces: Interfaces) {
    this.#own = Object.entries(interfaces).flatMap(([device, infos]) =>
      (infos ?? []).flatMap((info) => readAddress(device, info) ?? []),
    );
    this.#broadcasts = new Map(this.#own.map(broadcastOf).filter((entry) => entry !== undefined));
  }

  /** Whether what is sent to this address stays on this machine. */
  has(ip: IpAddress): boolean {
    return isLoopback(ip) || this.#own.some((own) => this.#isAt(own, ip));
  }

  /** Whether two addresses are one, where a zone may be a name or a number. */
  isSame(a: IpAddress, b: IpAddress): boolean {
    if (ipEquals(a, b)) return true;
    if (a.zone === b.zone || a.zone === "" || b.zone === "") return false;
    const device = (zone: string) => this.#own.find(({ scope }) => scope === zone)?.device ?? zone;
    return device(a.zone) === device(b.zone) && ipEquals(withoutZone(a), withoutZone(b));
  }

  /** The network whose broadcast address this is, such as `10.77.0.1/24 on eth0`; undefined when it is none. */
  broadcastNetwork(ip: IpAddress): string | undefined {
    return ip.family === 4 ? this.#broadcasts.get(formatIp(ip)) : undefined;
  }

  #isAt({ ip: own, device, scope }: OwnAddress, ip: IpAddress): boolean {
    if (ip.zone !== "" && ip.zone !== device && ip.zone !== scope) return false;
    return ipEquals(withoutZone(ip), own);
  }
}

/** Of a machine without a network, where only loopback is its own: what a config means does not depend on this one. */
export const NO_INTERFACES = new OwnAddresses({});

/** Those of this moment; none where the system does not tell. */
export function readOwnAddresses(): OwnAddresses {
  try {
    return new OwnAddresses(networkInterfaces());
  } catch {
    // Some sandboxes forbid to ask.
    return NO_INTERFACES;
  }
}

function readAddress(device: string, info: NetworkInterfaceInfo): OwnAddress | undefined {
  try {
    const ip = withoutZone(parseIp(info.address));
    const scope = info.family === "IPv6" ? String(info.scopeid) : "";
    return { ip, network: info.cidr ?? info.address, device, scope };
  } catch (error) {
    if (error instanceof SluiceError) return undefined;
    throw error;
  }
}

function broadcastOf({ ip, network, device }: OwnAddress): [string, string] | undefined {
  const length = Number(network.split("/")[1] ?? 32);
  if (ip.family !== 4 || isLoopback(ip) || !(length >= 1 && length <= LONGEST_WITH_BROADCAST))
    return undefined;
  const last = (ip.words[3] | (2 ** (32 - length) - 1)) >>> 0;
  const [a, b, c] = ip.words;
  return [formatIp({ family: 4, words: [a, b, c, last], zone: "" }), `${network} on ${device}`];
}

function withoutZone(ip: IpAddress): IpAddress {
  return ip.zone === "" ? ip : { ...ip, zone: "" };
}
