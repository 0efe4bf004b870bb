/** The types of `pools[].health`: as people write it (`…Input`), and checked with its defaults filled in (`…Config`). */
import type { IpAddress } from "../core/address.js";
import type { DnsRcode, DnsRecordType } from "../core/dns-names.js";

/** Probes that work without options, so that their type alone is enough. */
export const PLAIN_PROBES = [
  "ping",
  "udp",
  "dns",
  "sip",
  "stun",
  "quic",
  "coap",
  "ntp",
  "tcp",
  "http",
  "https",
] as const;
export type PlainProbe = (typeof PLAIN_PROBES)[number];

export const HTTP_METHODS = ["GET", "HEAD", "POST", "OPTIONS"] as const;
export type HttpMethod = (typeof HTTP_METHODS)[number];

export interface HealthInput {
  /** A type alone, or a map with a type and its options. */
  readonly probe: PlainProbe | ProbeInput;
  readonly interval?: string | undefined;
  readonly timeout?: string | undefined;
  readonly rise?: number | undefined;
  readonly fall?: number | undefined;
  /** Percent. */
  readonly jitter?: number | undefined;
  readonly fastInterval?: string | undefined;
  readonly port?: number | undefined;
  /** An IP address without a port. */
  readonly address?: string | undefined;
}

export type ProbeInput =
  | { readonly type: "ping" }
  | {
      readonly type: "udp";
      readonly send?: BytesInput | undefined;
      readonly expect?: UdpExpectInput | undefined;
    }
  | {
      readonly type: "dns";
      readonly name?: string | undefined;
      readonly recordType?: DnsRecordType | undefined;
      readonly rcodes?: readonly DnsRcode[] | undefined;
    }
  | { readonly type: "sip"; readonly uri?: string | undefined; readonly status?: StatusInput | undefined }
  | { readonly type: "radius"; readonly secret: SecretInput }
  | { readonly type: "stun"; readonly fingerprint?: boolean | undefined }
  | { readonly type: "quic" }
  | { readonly type: "coap" }
  | { readonly type: "ntp"; readonly maxStratum?: number | undefined }
  | { readonly type: "tcp" }
  | ({ readonly type: "http" } & HttpInput)
  | ({ readonly type: "https"; readonly insecure?: boolean | undefined } & HttpInput)
  | { readonly type: "exec"; readonly command: readonly string[] };

export interface HttpInput {
  readonly method?: HttpMethod | undefined;
  readonly path?: string | undefined;
  readonly status?: StatusInput | undefined;
  readonly host?: string | undefined;
}

/** Text, or exactly one of the other forms. */
export type BytesInput = string | { readonly hex?: string | undefined; readonly base64?: string | undefined };

export type UdpExpectInput =
  | "none"
  | "any"
  | {
      readonly text?: string | undefined;
      readonly hex?: string | undefined;
      readonly base64?: string | undefined;
      readonly regex?: string | undefined;
    };

/** Status codes and ranges such as `200-399`. */
export type StatusInput = readonly (number | string)[];

/** The secret itself, or the file that it is in. */
export type SecretInput = string | { readonly file: string };

export interface HealthConfig {
  readonly probe: ProbeConfig;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly rise: number;
  readonly fall: number;
  readonly jitterPercent: number;
  readonly fastIntervalMs: number;
  /** 0 for that of the backend. */
  readonly port: number;
  /** Undefined for that of the backend. */
  readonly address?: IpAddress;
}

/** Plain data: equal when the meaning is. */
export type ProbeConfig =
  | { readonly type: "ping" | "quic" | "coap" | "tcp" }
  | UdpProbeConfig
  | DnsProbeConfig
  | SipProbeConfig
  | RadiusProbeConfig
  | StunProbeConfig
  | NtpProbeConfig
  | HttpProbeConfig
  | ExecProbeConfig;

export interface UdpProbeConfig {
  readonly type: "udp";
  readonly sendHex: string;
  readonly expect: UdpExpectConfig;
}

export type UdpExpectConfig =
  | { readonly kind: "none" | "any" }
  /** What the reply begins with. */
  | { readonly kind: "bytes"; readonly hex: string }
  | { readonly kind: "regex"; readonly pattern: string };

export interface DnsProbeConfig {
  readonly type: "dns";
  readonly name: string;
  readonly recordType: DnsRecordType;
  readonly rcodes: readonly DnsRcode[];
}

export interface SipProbeConfig {
  readonly type: "sip";
  /** Empty for the backend's address. */
  readonly uri: string;
  readonly status: readonly string[];
}

export interface RadiusProbeConfig {
  readonly type: "radius";
  readonly secret: SecretConfig;
}

export type SecretConfig = { readonly text: string } | { readonly file: string };

export interface StunProbeConfig {
  readonly type: "stun";
  readonly fingerprint: boolean;
}

export interface NtpProbeConfig {
  readonly type: "ntp";
  readonly maxStratum: number;
}

export interface HttpProbeConfig {
  readonly type: "http" | "https";
  readonly method: HttpMethod;
  readonly path: string;
  /** Codes and ranges as text, such as `204` and `200-399`. */
  readonly status: readonly string[];
  /** Empty for the backend's address and port. */
  readonly host: string;
  /** Only for `https`: false otherwise. */
  readonly insecure: boolean;
}

export interface ExecProbeConfig {
  readonly type: "exec";
  readonly command: readonly string[];
}
