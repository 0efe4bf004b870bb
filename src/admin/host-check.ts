/**
 * Keeps other web sites' scripts out, which a browser on this machine would run: by the name that the request was sent to
 * (DNS rebinding), by the page that sent it, and by what the browser says of both.
 */
import type { IncomingHttpHeaders } from "node:http";
import { isIP } from "node:net";
import { RequestError } from "./request-error.js";

/**
 * What a browser says of a request that our own page sends, or that somebody typed. Browsers say so of every request to this machine
 * (Fetch Metadata: to trustworthy URLs, loopback and HTTPS), also of images and scripts, which have no Origin.
 */
const OWN_SITES: readonly unknown[] = [undefined, "same-origin", "none"];

/**
 * @param hosts names that the API answers to, lower case, besides `localhost` and IP literals
 * @throws RequestError 403 or 421
 */
export function checkHost(
  { host, origin, referer, "sec-fetch-site": site }: IncomingHttpHeaders,
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
  // Reading holds resources as well: a tap, a stream, a long answer. Another port of this host is another site's page, too.
  if (!OWN_SITES.includes(site)) {
    throw new RequestError(403, "ORIGIN_NOT_ALLOWED", "the request comes from another site");
  }
  // For browsers that say nothing of sites. A Referer may be left out, but not made up.
  if (origin === undefined && site === undefined && referer !== undefined && !isPageOf(host, referer)) {
    throw new RequestError(403, "ORIGIN_NOT_ALLOWED", "the request comes from a page of another origin");
  }
}

/** Without the port; undefined when it is no host at all. */
function hostName(host: string): string | undefined {
  return /^(\[[^\]]*\]|[^:[\]]+)(:\d*)?$/.exec(host)?.[1]?.toLowerCase();
}

function isLiteral(name: string): boolean {
  return name.startsWith("[") ? isIP(name.slice(1, -1)) === 6 : isIP(name) === 4;
}

function isPageOf(host: string | undefined, referer: string): boolean {
  return URL.canParse(referer) && new URL(referer).host === host?.toLowerCase();
}

function originHost(origin: string): string | undefined {
  return /^https?:\/\/([^/]+)$/.exec(origin.toLowerCase())?.[1];
}
