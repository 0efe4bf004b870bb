/** How a request is refused: every error of the API becomes a status and the same small JSON object. */
import { ConfigError } from "../config/config-error.js";
import { SluiceError } from "../core/errors.js";
import type { ErrorView } from "./schemas.js";

/** A refusal that the API itself decides. */
export class RequestError extends SluiceError {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, code: string, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(code, message);
    this.status = status;
    this.headers = headers;
  }
}

/** @throws RequestError 404 */
export function throwUnknown(code: string, what: string, name: string): never {
  throw new RequestError(404, code, `no ${what} ${JSON.stringify(name)}`);
}

/** What the library refuses, and the status for it. Other codes are defects: 500. */
const STATUS_OF: Readonly<Record<string, number>> = {
  ADDRESS_INVALID: 400,
  ARGUMENT_INVALID: 400,
  UNIT_INVALID: 400,
  LISTENER_AMBIGUOUS: 400,
  BACKEND_AMBIGUOUS: 400,
  BACKEND_UNKNOWN: 404,
  LISTENER_UNKNOWN: 404,
  POOL_UNKNOWN: 404,
  CONFIG_CHANGED: 412,
  CONFIG_INVALID: 422,
  TOKEN_NEEDED: 403,
  LISTEN_FAILED: 409,
  NOT_SUPPORTED: 409,
  TAP_LIMIT: 429,
  CLOSED: 503,
};

/** fastify's refusals of what is no proper request. Its texts are not ours to promise. */
const OF_FASTIFY: Readonly<Record<number, readonly [code: string, message: string]>> = {
  413: ["BODY_TOO_LARGE", "the body is larger than 1 MiB"],
  414: ["REQUEST_INVALID", "the path or one of its parts is too long"],
  415: ["MEDIA_TYPE_UNSUPPORTED", "the body's Content-Type is not one that this route takes"],
};

export interface Refusal {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly view: ErrorView;
  /** Nobody's mistake but ours. */
  readonly isDefect: boolean;
}

/** Never shows more of a defect than that it happened. */
export function describeRefusal(error: unknown): Refusal {
  if (error instanceof RequestError) {
    return refusal(error.status, error.code, error.message, error.headers);
  }
  if (error instanceof ConfigError) return describeConfigError(error);
  if (error instanceof SluiceError && STATUS_OF[error.code] !== undefined) {
    return refusal(STATUS_OF[error.code], error.code, error.message);
  }
  const status = (error as { readonly statusCode?: unknown } | null)?.statusCode;
  if (typeof status === "number" && status >= 400 && status < 500) {
    const [code, message] = OF_FASTIFY[status] ?? ["REQUEST_INVALID", "the request cannot be read"];
    return refusal(status, code, message);
  }
  return { ...refusal(500, "INTERNAL", "a defect in sluice: the request was not answered"), isDefect: true };
}

function describeConfigError({ code, problems, more }: ConfigError): Refusal {
  const views = problems.map(({ line = null, column = null, path, message }) => ({
    line,
    column,
    path,
    message,
  }));
  const count = problems.length + more;
  const plural = count === 1 ? "1 problem" : `${count} problems`;
  const base = refusal(422, code, `the config is not valid: ${plural}`);
  return { ...base, view: { error: { ...base.view.error, problems: views, ...(more > 0 && { more }) } } };
}

function refusal(
  status: number,
  code: string,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): Refusal {
  return { status, headers, view: { error: { code, message } }, isDefect: false };
}
