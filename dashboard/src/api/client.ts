/**
 * Requests to the API of the balancer that served the page, and to nobody else. Holds the token, for this tab only; tells
 * when one is wanted (401) and when it may only look (403).
 */
import type { ErrorView, ProblemView } from "./views.js";

/** What the API refused, or `status` 0 when there was no answer at all. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly problems: readonly ProblemView[];

  constructor(status: number, code: string, message: string, problems: readonly ProblemView[] = []) {
    super(message);
    this.status = status;
    this.code = code;
    this.problems = problems;
  }
}

export interface RequestOptions {
  readonly method?: "GET" | "PUT" | "PATCH" | "POST" | "DELETE";
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON, unless it is text. */
  readonly body?: unknown;
  readonly signal?: AbortSignal;
}

/** Below the page's own address, so that a prefix in front of both does no harm. */
const BASE = "api/v1";
const TOKEN_KEY = "sluice.token";
const TIMEOUT_MS = 10_000;

export class ApiClient {
  #token = sessionStorage.getItem(TOKEN_KEY);
  /** Called when the API wants a token, or another one, and says why. */
  onLocked: (error: ApiError) => void = () => {};
  /** Called when the API says that this token may only look. */
  onReadOnly: () => void = () => {};

  get hasToken(): boolean {
    return this.#token !== null;
  }

  setToken(token: string | null): void {
    this.#token = token;
    if (token === null) sessionStorage.removeItem(TOKEN_KEY);
    else sessionStorage.setItem(TOKEN_KEY, token);
  }

  async json<T>(path: string, options: RequestOptions = {}): Promise<T> {
    const response = await this.fetch(path, {
      ...options,
      signal: withTimeout(options.signal),
    });
    return (response.status === 204 ? undefined : await response.json()) as T;
  }

  /** @throws ApiError whatever goes wrong, unless the caller aborted */
  async fetch(path: string, options: RequestOptions = {}): Promise<Response> {
    const response = await this.#ask(path, options);
    if (response.ok) return response;
    const error = await errorOf(response);
    if (isAboutTokens(error)) this.onLocked(error);
    if (response.status === 403) this.onReadOnly();
    throw error;
  }

  async #ask(
    path: string,
    { method = "GET", headers = {}, body, signal }: RequestOptions,
  ): Promise<Response> {
    const init: RequestInit = {
      method,
      headers: { ...this.#authorization(), ...headers },
      cache: "no-store",
    };
    if (signal !== undefined) init.signal = signal;
    if (body !== undefined) {
      const isText = typeof body === "string";
      init.body = isText ? body : JSON.stringify(body);
      if (!isText) init.headers = { "content-type": "application/json", ...init.headers };
    }
    try {
      return await fetch(`${BASE}/${path}`, init);
    } catch (error) {
      if (signal?.aborted && !isTimeout(signal.reason)) throw error;
      const reason = isTimeout(signal?.reason) ? "no answer in time" : "nobody answers";
      throw new ApiError(0, "NO_ANSWER", reason);
    }
  }

  #authorization(): Record<string, string> {
    return this.#token === null ? {} : { authorization: `Bearer ${this.#token}` };
  }
}

/** A query that leaves out what is empty: `flows?client=192.0.2.1`. */
export function withQuery(
  path: string,
  query: Readonly<Record<string, string | number | undefined>>,
): string {
  const entries = Object.entries(query).filter(([, value]) => value !== undefined && value !== "");
  if (entries.length === 0) return path;
  return `${path}?${new URLSearchParams(entries.map(([key, value]) => [key, String(value)]))}`;
}

/** The path of a backend in the API. */
export function backendPath(pool: string, name: string): string {
  return `backends/${encodeURIComponent(pool)}/${encodeURIComponent(name)}`;
}

/** A token is missing or wrong, or too many wrong ones came. */
export function isAboutTokens(error: unknown): boolean {
  return error instanceof ApiError && (error.status === 401 || error.status === 429);
}

/** What went wrong, for people, whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

async function errorOf(response: Response): Promise<ApiError> {
  const body = (await response.json().catch(() => undefined)) as Partial<ErrorView> | undefined;
  const { code = "HTTP", message = `status ${response.status}`, problems } = body?.error ?? {};
  return new ApiError(response.status, code, message, problems);
}

function withTimeout(signal: AbortSignal | undefined): AbortSignal {
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  return signal === undefined ? timeout : AbortSignal.any([signal, timeout]);
}

function isTimeout(reason: unknown): boolean {
  return reason instanceof DOMException && reason.name === "TimeoutError";
}
