/**
 * IP addresses and endpoints as values: parsing, formatting, masks.
 * Everything in the core that compares or hashes an address uses the word form: four 32-bit words, an IPv4
 * address in its IPv4-mapped IPv6 form (RFC 4291 section 2.5.5.2), so that both families share one key width.
 */

/** An IP address. `zone` is the interface name or number of a scoped IPv6 address (RFC 4007), else empty. */
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

/** Thrown by the parsers here; the message names the text and what was expected. */
export class AddressError extends Error {
  readonly code = "ADDRESS_INVALID";
}
