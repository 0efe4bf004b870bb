/**
 * The HTTP client of every command that asks a running balancer. Answers are bounded in size and time, and whatever goes
 * wrong is thrown as an `AdminError` that says what to do about it.
 */
import { Agent as HttpAgent, type IncomingMessage, request as requestHttp } from "node:http";
import { Agent as HttpsAgent, request as requestHttps } from "node:https";
import type { AdminAccess } from "./admin-access.js";
import { type AdminError, describeNoAnswer, describeRefusal, notSluice, tooSlow } from "./admin-errors.js";
import { readRefusal } from "./admin-refusal.js";

export interface AdminRequest {
  readonly method?: "GET" | "PUT" | "PATCH" | "POST" | "DELETE";
  /** Undefined ones are left out. */
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** For the whole answer, or for its headers where it is a stream. Default: 10 s. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

export interface AdminAnswer {
  readonly status: number;
  readonly etag: string | undefined;
  readonly type: string;
  readonly text: string;
}

const TIMEOUT_MS = 10_000;
/** Far more than the largest answer, a page of flows. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

export class AdminClient {
  readonly access: AdminAccess;
  readonly #agent: HttpAgent;
  readonly #maxAnswerBytes: number;

  constructor(access: AdminAccess, { maxAnswerBytes = MAX_ANSWER_BYTES } = {}) {
    this.access = access;
    this.#maxAnswerBytes = maxAnswerBytes;
    const { isTls } = access.address;
    this.#agent = isTls
      ? new HttpsAgent({ keepAlive: true, ca: access.ca as string[] | undefined })
      : new HttpAgent({ keepAlive: true });
  }

  /** The whole answer, whose status is below 300. @throws AdminError */
  async ask(path: string, options: AdminRequest = {}): Promise<AdminAnswer> {
    const { timeoutMs = TIMEOUT_MS } = options;
    const deadline = createDeadline(timeoutMs, options.signal);
    try {
      return await this.#readWhole(await this.#open(path, options, deadline.signal), deadline.signal);
    } catch (error) {
      throw this.#explain(error, deadline, timeoutMs);
    } finally {
      deadline.clear();
    }
  }

  /** The same as JSON. */
  async askJson(path: string, options: AdminRequest = {}): Promise<unknown> {
    return parseJson(await this.ask(path, options), this.access);
  }

  /** An answer that goes on, once its status is known to be below 300. The signal ends it. */
  async stream(path: string, options: AdminRequest = {}): Promise<IncomingMessage> {
    const { timeoutMs = TIMEOUT_MS } = options;
    const deadline = createDeadline(timeoutMs, options.signal);
    try {
      const response = await this.#open(path, options, deadline.signal);
      if ((response.statusCode ?? 0) >= 300) await this.#readWhole(response, deadline.signal);
      return response;
    } catch (error) {
      throw this.#explain(error, deadline, timeoutMs);
    } finally {
      deadline.clear();
    }
  }

  /** Lets the process end: connections are kept for the next request. */
  close(): void {
    this.#agent.destroy();
  }

  #open(path: string, options: AdminRequest, signal: AbortSignal): Promise<IncomingMessage> {
    const { address, token } = this.access;
    const { method = "GET", body, headers = {} } = options;
    const request = (address.isTls ? requestHttps : requestHttp)({
      agent: this.#agent,
      ...(address.socketPath === undefined
        ? { host: address.host, port: address.port }
        : { socketPath: address.socketPath, host: "localhost" }),
      method,
      path: `${path}${formatQuery(options.query)}`,
      headers: {
        accept: "application/json",
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...(body !== undefined && { "content-length": Buffer.byteLength(body) }),
        ...headers,
      },
      signal,
    });
    return new Promise((resolve, reject) => {
      request.on("response", resolve);
      request.on("error", reject);
      request.end(body);
    });
  }

  async #readWhole(response: IncomingMessage, signal: AbortSignal): Promise<AdminAnswer> {
    const chunks: Buffer[] = [];
    let total = 0;
    for await (const chunk of response as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      total += chunk.length;
      if (total > this.#maxAnswerBytes)
        throw notSluice(this.access, `more than ${this.#maxAnswerBytes} bytes came`);
    }
    // An answer without a length looks whole wherever it was cut off.
    signal.throwIfAborted();
    const status = response.statusCode ?? 0;
    const answer = {
      status,
      etag: response.headers.etag,
      type: response.headers["content-type"] ?? "",
      text: Buffer.concat(chunks, total).toString("utf8"),
    };
    if (status >= 400) throw describeRefusal(status, readRefusal(answer, this.access), this.access);
    if (status < 200 || status >= 300) throw notSluice(this.access, `HTTP status ${status} came`);
    return answer;
  }

  #explain(error: unknown, deadline: Deadline, timeoutMs: number): Error {
    return deadline.isLate()
      ? tooSlow(this.access, timeoutMs)
      : (describeNoAnswer(error, this.access) as AdminError);
  }
}

interface Deadline {
  readonly signal: AbortSignal;
  isLate(): boolean;
  clear(): void;
}

/** Aborts after a time or when `outer` does. */
function createDeadline(timeoutMs: number, outer: AbortSignal | undefined): Deadline {
  const controller = new AbortController();
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    controller.abort();
  }, timeoutMs);
  const signal = outer === undefined ? controller.signal : AbortSignal.any([controller.signal, outer]);
  return { signal, isLate: () => isLate, clear: () => clearTimeout(timer) };
}

/** @throws AdminError when it is something else */
export function parseJson({ text }: Pick<AdminAnswer, "text">, access: AdminAccess): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw notSluice(access, "its answer is not JSON");
  }
}

function formatQuery(query: AdminRequest["query"] = {}): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  return given.length === 0 ? "" : `?${new URLSearchParams(given as [string, string][])}`;
}
