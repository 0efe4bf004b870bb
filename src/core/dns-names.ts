/** What DNS calls the kinds of records and the outcomes of a query: the words that people write, and their numbers. */

/** IANA "DNS Parameters", resource record types. */
export const DNS_TYPE_NUMBERS = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  MX: 15,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  NAPTR: 35,
  DNSKEY: 48,
  HTTPS: 65,
  ANY: 255,
} as const;

export type DnsRecordType = keyof typeof DNS_TYPE_NUMBERS;
export const DNS_RECORD_TYPES = Object.keys(DNS_TYPE_NUMBERS) as [DnsRecordType, ...DnsRecordType[]];

/** Response codes by number: RFC 1035 section 4.1.1, RFC 2136 section 2.2. */
export const DNS_RCODES = [
  "NOERROR",
  "FORMERR",
  "SERVFAIL",
  "NXDOMAIN",
  "NOTIMP",
  "REFUSED",
  "YXDOMAIN",
  "YXRRSET",
  "NXRRSET",
  "NOTAUTH",
  "NOTZONE",
] as const;
export type DnsRcode = (typeof DNS_RCODES)[number];
