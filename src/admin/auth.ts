/** Who may do what. Which tokens there are comes from the config; texts of tokens stay in here, as their hashes. */
import { createHash, timingSafeEqual } from "node:crypto";
import type { Actor } from "../api.js";
import { parseIp } from "../core/address.js";
import { RequestError } from "./request-error.js";
import { WrongTokens } from "./wrong-tokens.js";

/**
 * What a route lets happen: `open`: nothing that anybody may not see; `read`: figures and the config; `payload`: what
 * clients send; `write`: changes.
 */
export type Access = "open" | "read" | "payload" | "write";

/** Where a request came in. */
export interface Origin {
  readonly kind: "tcp" | "unix";
  /** The peer's IP address; undefined for a Unix socket. */
  readonly from: string | undefined;
}

export interface Tokens {
  readonly token?: string | undefined;
  readonly readToken?: string | undefined;
}

export class Auth {
  readonly #all: Buffer | undefined;
  readonly #readOnly: Buffer | undefined;
  readonly #wrong: WrongTokens;

  /** @param wrong outlives this, so that a reload gives nobody new tries */
  constructor({ token, readToken }: Tokens, wrong: WrongTokens = new WrongTokens()) {
    this.#all = token === undefined ? undefined : hash(token);
    this.#readOnly = readToken === undefined ? undefined : hash(readToken);
    this.#wrong = wrong;
  }

  /**
   * Who asks, where he may have what he asks for.
   * @throws RequestError 401, 403 or 429 where not
   */
  check(access: Access, authorization: string | undefined, origin: Origin, nowMs: number): Actor {
    if (access === "open") return actor("local", origin);
    if (this.#all === undefined && this.#readOnly === undefined) return checkPlace(origin);
    const given = /^Bearer +(\S+)$/i.exec(authorization ?? "")?.[1];
    if (given === undefined) throw unauthorized("a token is needed: Authorization: Bearer …");
    const from = origin.from ?? "socket";
    const waitMs = this.#wrong.waitMs(from, nowMs);
    if (waitMs > 0) throw tooManyTries(waitMs);
    const digest = hash(given);
    const mayAll = isSame(digest, this.#all);
    const mayRead = isSame(digest, this.#readOnly);
    if (!mayAll && !mayRead) {
      this.#wrong.count(from, nowMs);
      throw unauthorized("the token is wrong");
    }
    if (!mayAll && access !== "read") {
      throw new RequestError(403, "FORBIDDEN", "this token may only look at figures");
    }
    return actor("token", origin);
  }
}

/** Without tokens it is the place that counts. The config does not allow another one; this is the second lock. */
function checkPlace(origin: Origin): Actor {
  if (origin.kind === "unix") return actor("socket", origin);
  if (origin.from !== undefined && isLoopback(origin.from)) return actor("local", origin);
  throw new RequestError(403, "FORBIDDEN", "without a token only this machine may ask");
}

export function isLoopback(address: string): boolean {
  const { words } = parseIp(address);
  if (words[0] !== 0 || words[1] !== 0) return false;
  return words[2] === 0xffff ? words[3] >>> 24 === 127 : words[2] === 0 && words[3] === 1;
}

function actor(by: Actor["by"], { from }: Origin): Actor {
  return from === undefined ? { by } : { by, from };
}

function hash(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}

/** Takes the same time whatever differs: both are hashes of one length. */
function isSame(given: Buffer, expected: Buffer | undefined): boolean {
  return expected !== undefined && timingSafeEqual(given, expected);
}

function unauthorized(message: string): RequestError {
  return new RequestError(401, "UNAUTHORIZED", message, { "www-authenticate": 'Bearer realm="sluice"' });
}

function tooManyTries(waitMs: number): RequestError {
  return new RequestError(429, "TOO_MANY_TRIES", "too many wrong tokens from this address", {
    "retry-after": String(Math.ceil(waitMs / 1000)),
  });
}
