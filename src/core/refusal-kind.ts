/**
 * Refusal kinds: what an ICMP error, or this machine's own routing table, says of a datagram to a backend that did not get there.
 * The position in the list is the number that the packet path and the counters use; add new ones at the end.
 */
export const REFUSAL_KINDS = ["port", "host", "network", "protocol", "prohibited", "no_route"] as const;
export type RefusalKind = (typeof REFUSAL_KINDS)[number];

const WORDS: Readonly<Record<RefusalKind, string>> = {
  port: "refused: ICMP port unreachable",
  host: "unreachable: ICMP host unreachable",
  network: "unreachable: ICMP network unreachable",
  protocol: "unreachable: ICMP protocol unreachable",
  prohibited: "unreachable: ICMP prohibited, a firewall on the way rejects it",
  no_route: "unreachable: this machine has no route to it",
};

/** For people: the reason of a `backend` event. */
export function describeRefusal(kind: RefusalKind): string {
  return WORDS[kind];
}

export function kindNumber(kind: RefusalKind): number {
  return REFUSAL_KINDS.indexOf(kind);
}

/** No kind. */
export const NO_KIND = -1;
const [PORT, HOST, NETWORK, PROTOCOL, PROHIBITED] = REFUSAL_KINDS.map((_, number) => number);

const UNREACHABLE_4 = 3;
const UNREACHABLE_6 = 1;
/** Codes of ICMP destination unreachable: RFC 792, RFC 1122 section 3.2.2.1, RFC 1812 section 5.2.7.1. 4 is a matter of size. */
const KINDS_4 = Int8Array.of(
  ...[NETWORK, HOST, PROTOCOL, PORT, NO_KIND, HOST, NETWORK, HOST],
  ...[HOST, PROHIBITED, PROHIBITED, NETWORK, HOST, PROHIBITED, PROHIBITED, PROHIBITED],
);
/** Codes of ICMPv6 destination unreachable: RFC 4443 section 3.1. */
const KINDS_6 = Int8Array.of(NETWORK, PROHIBITED, HOST, HOST, PORT, PROHIBITED, PROHIBITED);

/** The number of an ICMP message's kind, or NO_KIND where it does not say that the datagram cannot get there. Hot. */
export function kindOfIcmp(isIpv6: boolean, type: number, code: number): number {
  if (type !== (isIpv6 ? UNREACHABLE_6 : UNREACHABLE_4)) return NO_KIND;
  const kinds = isIpv6 ? KINDS_6 : KINDS_4;
  return code < kinds.length ? kinds[code] : NO_KIND;
}

/**
 * What an error of a call on a connected socket tells of an earlier datagram, where the system gives no more than its name. Linux
 * tells of a prohibition over IPv4 as of a host that is not there.
 */
const OF_ERRORS: Readonly<Record<string, RefusalKind>> = {
  ECONNREFUSED: "port",
  EHOSTUNREACH: "host",
  EHOSTDOWN: "host",
  ENETUNREACH: "network",
  ENOPROTOOPT: "protocol",
  EACCES: "prohibited",
};

export function kindOfError(errorName: string | undefined): RefusalKind | undefined {
  return OF_ERRORS[errorName ?? ""];
}

const NO_ROUTE = new Set([
  ...["ENETUNREACH", "EHOSTUNREACH", "EHOSTDOWN", "ENETDOWN", "EADDRNOTAVAIL", "EACCES", "EAFNOSUPPORT"],
]);

/** Whether a connect, or a send that was made again, failed because there is no way from here. */
export function isNoRoute(errorName: string | undefined): boolean {
  return NO_ROUTE.has(errorName ?? "");
}
