/**
 * IP addresses and endpoints as values: parsing and formatting, for configuration and display. The word form that
 * the packet path uses, and the reading and masking of it, is in `ip-words.ts`.
 */
import { SluiceError } from "./errors.js";
import { formatIpWords, isMapped, keepBits, MAPPED_WORD, writeIpWords } from "./ip-words.js";

/**
 * An IP address. `words` are its 128 bits, most significant first, an IPv4 address in its IPv4-mapped IPv6 form
 * (RFC 4291 section 2.5.5.2), so that both families share one key width. `zone` is the interface name or number of
 * a scoped IPv6 address (RFC 4007), else empty.
 */
export interface IpAddress {
  readonly family: 4 | 6;
  readonly words: readonly [number, number, number, number];
  readonly zone: string;
}

/** An IP address and a UDP port, 0 to 65,535. */
export interface Endpoint {
  readonly ip: IpAddress;
  readonly port: number;
}

/** A network: the leading `length` bits of `ip`, 0 to 32 or 0 to 128 by its family. The other bits are 0. */
export interface Prefix {
  readonly ip: IpAddress;
  readonly length: number;
}

/** Thrown by the parsers here; the message names the text and what was expected. */
export class AddressError extends SluiceError {
  declare readonly code: "ADDRESS_INVALID";

  constructor(message: string) {
    super("ADDRESS_INVALID", message);
  }
}

/** Bits of the word form that come before an IPv4 address. */
const MAPPED_BITS = 96;

/** As Linux allows in an interface name, and no characters that have a meaning around an address. */
const ZONE = /^[^\s\p{Cc}%/:[\]]+$/u;

/**
 * Reads an IPv4 dotted quad (four decimal numbers, no leading zeros) or any IPv6 text form of RFC 4291 section 2.2,
 * with an optional `%zone`. IPv4-mapped text such as `::ffff:192.0.2.1` is the IPv4 address: a socket of the IPv6 family
 * would speak IPv4 all the same, but would get no ICMP error of it.
 * @throws AddressError
 */
export function parseIp(text: string): IpAddress {
  const ip = readIp(text);
  if (ip === undefined) throw unreadable("IP address", text, expectedIp(text));
  return ip;
}

function readIp(text: string): IpAddress | undefined {
  const percent = text.indexOf("%");
  const words = new Uint32Array(4);
  if (!writeIpWords(percent < 0 ? text : text.slice(0, percent), words, 0)) return undefined;
  const zone = percent < 0 ? "" : text.slice(percent + 1);
  if (percent >= 0 && (isMapped(words, 0) || !ZONE.test(zone))) return undefined;
  return ipOfWords(words, zone);
}

/** The address in four words; its family follows from them. */
export function ipOfWords(words: Uint32Array, zone = ""): IpAddress {
  const family = isMapped(words, 0) ? 4 : 6;
  return { family, words: [words[0], words[1], words[2], words[3]], zone };
}

function expectedIp(text: string): string {
  if (/^[\d.]+$/.test(text)) {
    return "expected four decimal numbers from 0 to 255 without leading zeros, such as 192.0.2.1";
  }
  if (text.includes("%")) return "expected an IPv6 address before the zone, such as fe80::1%eth0";
  if (/^[\w-]+(\.[\w-]+)*\.?$/.test(text)) return "expected an IP address, not a host name";
  return "expected an IPv4 address such as 192.0.2.1 or an IPv6 address such as 2001:db8::1";
}

/** IPv4 as a dotted quad, IPv6 as RFC 5952 says. */
export function formatIp(ip: IpAddress): string {
  const text = formatIpWords(Uint32Array.from(ip.words), 0);
  return ip.zone === "" ? text : `${text}%${ip.zone}`;
}

/**
 * Reads an address and a port: `192.0.2.1:53`, `[2001:db8::1]:53`, `[fe80::1%eth0]:53`.
 * @throws AddressError
 */
export function parseEndpoint(text: string): Endpoint {
  const colon = text.lastIndexOf(":");
  const host = text.slice(0, Math.max(colon, 0));
  const bracketed = host.startsWith("[") && host.endsWith("]");
  const ip = readIp(bracketed ? host.slice(1, -1) : host);
  if (ip === undefined || bracketed !== host.includes(":")) {
    throw unreadable("endpoint", text, expectedEndpoint(text, host));
  }
  const port = text.slice(colon + 1);
  if (!isPort(port)) {
    throw unreadable("endpoint", text, "expected a decimal port from 0 to 65535 after the last colon");
  }
  return { ip, port: Number(port) };
}

function expectedEndpoint(text: string, host: string): string {
  if (text.startsWith(":") && host === "") {
    return "expected an IP address before the port, such as 0.0.0.0:53 or [::]:53";
  }
  if (host.includes(":") && !host.startsWith("[")) {
    return `expected brackets around the IPv6 address, such as ${bracketedExample(text, host)}`;
  }
  const whole = readIp(text.replace(/^\[(.*)\]$/, "$1"));
  if (whole !== undefined) return `expected a port too, such as ${formatEndpoint({ ip: whole, port: 53 })}`;
  if (host === "") return "expected an IP address and a port, such as 192.0.2.1:53 or [2001:db8::1]:53";
  if (host.startsWith("[")) {
    return "expected an IPv6 address in brackets and a port, such as [2001:db8::1]:53";
  }
  return expectedIp(host);
}

/** What `2001:db8::1:53` most likely meant; `::1` has no port at all. */
function bracketedExample(text: string, host: string): string {
  const port = text.slice(host.length + 1);
  if (readIp(host) !== undefined && isPort(port)) return `[${host}]:${port}`;
  return readIp(text) === undefined ? "[2001:db8::1]:53" : `[${text}]:53`;
}

function isPort(text: string): boolean {
  return /^(0|[1-9]\d{0,4})$/.test(text) && Number(text) <= 65_535;
}

/** The inverse of `parseEndpoint`. */
export function formatEndpoint(endpoint: Endpoint): string {
  const host = formatIp(endpoint.ip);
  return endpoint.ip.family === 6 ? `[${host}]:${endpoint.port}` : `${host}:${endpoint.port}`;
}

/**
 * Reads a network such as `10.0.0.0/8` or `2001:db8::/32`. Bits beyond the length must be 0. `::ffff:10.0.0.0/104` is
 * `10.0.0.0/8`.
 * @throws AddressError
 */
export function parsePrefix(text: string): Prefix {
  const [address = "", length = "", ...rest] = text.split("/");
  const ip = readIp(address);
  if (ip === undefined || ip.zone !== "" || rest.length > 0) {
    throw unreadable("prefix", text, "expected an IP address and a length, such as 10.0.0.0/8");
  }
  const width = address.includes(":") ? 128 : 32;
  const bits = Number(length) + (width === 32 ? MAPPED_BITS : 0);
  if (!/^(0|[1-9]\d{0,2})$/.test(length) || Number(length) > width) {
    throw unreadable("prefix", text, `expected a length from 0 to ${width}, such as ${address}/${width}`);
  }
  const words = Uint32Array.from(ip.words);
  keepBits(words, 0, bits);
  const masked = ipOfWords(words);
  if (!ipEquals(ip, masked)) {
    const expected = `${formatIp(masked)}/${masked.family === 4 ? bits - MAPPED_BITS : bits}`;
    throw unreadable("prefix", text, `expected no bits set beyond the length: ${expected}`);
  }
  return { ip, length: ip.family === 4 ? bits - MAPPED_BITS : bits };
}

/** Whether this is `0.0.0.0` or `::`, in any spelling. */
export function isWildcard(ip: IpAddress): boolean {
  return ip.words[0] === 0 && ip.words[1] === 0 && isUnmapped(ip.words[2]) && ip.words[3] === 0;
}

function isUnmapped(word: number): boolean {
  return word === 0 || word === MAPPED_WORD;
}

/** Whether this is in `127.0.0.0/8` or is `::1`. */
export function isLoopback(ip: IpAddress): boolean {
  const [first, second, third, last] = ip.words;
  if (first !== 0 || second !== 0) return false;
  return third === MAPPED_WORD ? last >>> 24 === 127 : third === 0 && last === 1;
}

/** Whether this is a group of hosts: in `224.0.0.0/4` or `ff00::/8`. */
export function isMulticast({ family, words }: IpAddress): boolean {
  return family === 4 ? words[3] >>> 28 === 0xe : words[0] >>> 24 === 0xff;
}

/** Whether this is `255.255.255.255`, every host of a link. */
export function isLimitedBroadcast({ family, words }: IpAddress): boolean {
  return family === 4 && words[3] === 0xffffffff;
}

/** Whether two addresses name the same host: `192.0.2.1` equals `::ffff:192.0.2.1`. */
export function ipEquals(a: IpAddress, b: IpAddress): boolean {
  return a.zone === b.zone && a.words.every((word, i) => word === b.words[i]);
}

/** Whether two endpoints have equal addresses (see `ipEquals`) and the same port. */
export function endpointEquals(a: Endpoint, b: Endpoint): boolean {
  return a.port === b.port && ipEquals(a.ip, b.ip);
}

/** The value is quoted as JSON, so that a control character in it cannot garble a terminal. */
function unreadable(what: string, text: string, expected: string): AddressError {
  const shown = text.length > 100 ? `${text.slice(0, 100)}…` : text;
  return new AddressError(`cannot read the ${what} ${JSON.stringify(shown)}: ${expected}`);
}
