/**
 * Keeps other web sites' scripts out, which a browser on this machine would run: by the name that the request was sent to
 * (DNS rebinding), by the page that sent it, and by what the browser says of both.
 */
import type { IncomingHttpHeaders } from "node:http";
import { isIP } from "node:net";
import { RequestError } from "./request-error.js";

const SAFE_METHODS = ["GET", "HEAD", "OPTIONS"];

/**
 * @param hosts names that the API answers to, lower case, besides `localhost` and IP literals
 * @throws RequestError 403 or 421
 */
export function checkHost(
  { host, origin, "sec-fetch-site": site }: IncomingHttpHeaders,
  method: string,
  hosts: readonly string[],
): void {
  const name = host === undefined ? undefined : hostName(host);
  if (name === undefined || !(isLiteral(name) || name === "localhost" || hosts.includes(name))) {
    const hint = "expected an IP address, localhost, or a name listed under admin.hosts";
    throw new RequestError(421, "HOST_NOT_ALLOWED", `the request's Host is not one of this server: ${hint}`);
  }
  if (origin !== undefined && originHost(origin) !== host?.toLowerCase()) {
    throw new RequestError(403, "ORIGIN_NOT_ALLOWED", "the request comes from a page of another origin");
  }
  if (site === "cross-site" && !SAFE_METHODS.includes(method)) {
    throw new RequestError(403, "ORIGIN_NOT_ALLOWED", "the request comes from another site");
  }
}

/** Without the port; undefined when it is no host at all. */
function hostName(host: string): string | undefined {
  return /^(\[[^\]]*\]|[^:[\]]+)(:\d*)?$/.exec(host)?.[1]?.toLowerCase();
}

function isLiteral(name: string): boolean {
  return name.startsWith("[") ? isIP(name.slice(1, -1)) === 6 : isIP(name) === 4;
}

function originHost(origin: string): string | undefined {
  return /^https?:\/\/([^/]+)$/.exec(origin.toLowerCase())?.[1];
}
