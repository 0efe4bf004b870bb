/** What can be wrong between a command and the balancer's admin API, as sentences that say what to do about it. */
import { SluiceError } from "../core/errors.js";
import type { AdminAccess } from "./admin-access.js";
import type { Refusal, RefusedPlace } from "./admin-refusal.js";

export interface AdminErrorOptions extends ErrorOptions {
  readonly status?: number;
  readonly problems?: readonly RefusedPlace[];
  /** How many more problems there are. Default 0. */
  readonly more?: number;
}

/** The balancer could not be reached, or refused. */
export class AdminError extends SluiceError {
  /** Of the HTTP answer; undefined when there was none. */
  readonly status: number | undefined;
  /** What it found wrong with a config that was sent. */
  readonly problems: readonly RefusedPlace[];
  /** How many more there are. */
  readonly more: number;

  constructor(code: string, message: string, options: AdminErrorOptions = {}) {
    super(code, message, options);
    this.status = options.status;
    this.problems = options.problems ?? [];
    this.more = options.more ?? 0;
  }
}

/** Failures of a certificate's check that `--ca` mends. */
const NOT_TRUSTED = new Set([
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
]);

/** Why there was no answer. */
export function describeNoAnswer(error: unknown, access: AdminAccess): AdminError {
  if (error instanceof AdminError) return error;
  const { text, socketPath } = access.address;
  const code = String((error as NodeJS.ErrnoException)?.code ?? "");
  const refuse = (message: string) => new AdminError("ADMIN_UNREACHABLE", message, { cause: error });
  const start = `start the balancer with \`sluice run --admin ${text}\`, or say with --admin or SLUICE_ADMIN where it is`;
  if (code === "ECONNREFUSED") return refuse(`nothing listens on ${text}: ${start}`);
  if (code === "ENOENT" && socketPath !== undefined)
    return refuse(`there is no socket ${socketPath}: ${start}`);
  if (code === "EACCES" && socketPath !== undefined)
    return refuse(`this user may not use the socket ${socketPath}: its owner and group may`);
  if (code === "ENOTFOUND") return refuse(`${text}: no such name`);
  if (code === "EAI_AGAIN") return refuse(`${text}: the name server does not answer`);
  if (code === "EHOSTUNREACH" || code === "ENETUNREACH" || code === "ETIMEDOUT")
    return refuse(`${text} cannot be reached (${code})`);
  if (NOT_TRUSTED.has(code))
    return refuse(
      `${text}: its certificate is not one that this machine trusts: give the one that signed it with --ca`,
    );
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID")
    return refuse(`${text}: its certificate is for another name: use the name that it is for`);
  if (code === "CERT_HAS_EXPIRED") return refuse(`${text}: its certificate has expired`);
  if (code === "EPROTO" || code.startsWith("ERR_SSL_"))
    return refuse(`${text} does not speak TLS as it should: is it http:// rather than https://?`);
  if (code.startsWith("HPE_"))
    return refuse(`${text} does not speak HTTP: is it a balancer's admin address, and not https://?`);
  if (code === "ECONNRESET" || code === "EPIPE" || code === "ERR_STREAM_PREMATURE_CLOSE")
    return refuse(`${text} closed the connection in the middle of its answer`);
  return refuse(`${text}: ${error instanceof Error ? error.message : String(error)}`);
}

export function tooSlow(access: AdminAccess, timeoutMs: number): AdminError {
  return new AdminError(
    "ADMIN_UNREACHABLE",
    `${access.address.text} has not answered within ${timeoutMs / 1000} s: it is busy, or not a sluice`,
  );
}

export function notSluice(access: AdminAccess, what: string): AdminError {
  return new AdminError(
    "ADMIN_NOT_SLUICE",
    `${access.address.text} does not answer as a sluice of this version does: ${what}`,
  );
}

/** What an answer with a status of 400 or more says. `code` and `message` are the server's own, where it gave any. */
export function describeRefusal(
  status: number,
  { code, message, problems, more }: Refusal,
  access: AdminAccess,
): AdminError {
  return new AdminError(code, `${adviceFor(status, access)}${message}`, { status, problems, more });
}

function adviceFor(status: number, { address, token, tokenFrom, tokenMissing }: AdminAccess): string {
  const where = address.text;
  if (status === 401) {
    if (token !== undefined) return `${where} does not take the token of ${tokenFrom}: `;
    const why = tokenMissing === undefined ? "" : ` (${tokenMissing})`;
    return `${where} wants a token: give it with --token-file or SLUICE_TOKEN${why}: `;
  }
  if (status === 403)
    return `${where} does not allow this${token === undefined ? "" : ` with the token of ${tokenFrom}`}: `;
  if (status === 412) return "the config has changed since it was looked at; look again: ";
  if (status === 429) return `${where} has had too many requests: `;
  if (status >= 500) return `${where} failed (HTTP ${status}): `;
  return "";
}
