/** What people and programs see of a running balancer: the types of `admin`, `flowLog` and `metrics`, as written and checked. */
import type { Endpoint } from "../core/address.js";

export interface AdminInput {
  /** An IP address and port such as `127.0.0.1:9901`, or `unix:` and a path; or a list of both kinds. */
  readonly listen: string | readonly string[];
  /** Who has it may do everything. */
  readonly token?: TokenInput | undefined;
  /** Who has it may only look. */
  readonly readToken?: TokenInput | undefined;
  readonly tls?: TlsInput | undefined;
  /** Names by which browsers may ask, besides IP addresses and localhost. */
  readonly hosts?: readonly string[] | undefined;
}

/** The token itself, or where it is: the name of an environment variable, or the path of a file. */
export type TokenInput = string | { readonly env?: string | undefined; readonly file?: string | undefined };

export interface TlsInput {
  readonly cert: string;
  readonly key: string;
}

export interface FlowLogInput {
  /** A path, or `-` for the standard output. */
  readonly file: string;
  /** The part of the flows that is logged, above 0 to 1. */
  readonly sample?: number | undefined;
}

export interface MetricsInput {
  readonly otlp?: OtlpInput | undefined;
}

export interface OtlpInput {
  /** Such as `http://127.0.0.1:4318`. */
  readonly endpoint: string;
  /** A duration such as `10s`. */
  readonly interval?: string | undefined;
}

export interface AdminConfig {
  /** At least one. */
  readonly listen: readonly AdminAddress[];
  readonly token?: TokenConfig;
  readonly readToken?: TokenConfig;
  /** Absolute paths of PEM files. */
  readonly tls?: { readonly cert: string; readonly key: string };
  readonly hosts: readonly string[];
}

export type AdminAddress =
  | { readonly kind: "tcp"; readonly address: Endpoint; readonly text: string }
  /** `path` is absolute; `text` has it after `unix:`. */
  | { readonly kind: "unix"; readonly path: string; readonly text: string };

/** `text` is the token itself, `file` an absolute path, whose first line is the token, trimmed. */
export type TokenConfig =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "env"; readonly name: string }
  | { readonly kind: "file"; readonly path: string };

export interface FlowLogConfig {
  /** An absolute path, or `-`. */
  readonly file: string;
  readonly sample: number;
}

export interface MetricsConfig {
  readonly otlp?: { readonly endpoint: string; readonly intervalMs: number };
}

/** Stands in a config's description for a secret that is left out. */
export const REDACTED = "[redacted]";

const TOKEN_LENGTH = { min: 16, max: 512 };
export const TOKEN_EXPECTED = `${TOKEN_LENGTH.min} to ${TOKEN_LENGTH.max} printable characters of ASCII without spaces`;

/** Whether this may be a token, wherever it was read from. */
export function isToken(text: string): boolean {
  return text.length >= TOKEN_LENGTH.min && text.length <= TOKEN_LENGTH.max && /^[!-~]*$/.test(text);
}
