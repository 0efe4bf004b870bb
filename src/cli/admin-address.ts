/**
 * Where a running balancer's admin API is, as people write it: `127.0.0.1:9901`, `lb.example.org:9901`,
 * `unix:/run/sluice/admin.sock`, `https://lb.example.org:9901`.
 */
import { parseIp } from "../core/address.js";
import { SluiceError } from "../core/errors.js";

/** What one connects to. */
export interface AdminAddress {
  /** As a person would write it. */
  readonly text: string;
  /** A Unix socket; then host and port mean nothing. */
  readonly socketPath: string | undefined;
  /** An IP address without brackets, or a name. */
  readonly host: string;
  readonly port: number;
  readonly isTls: boolean;
}

export const DEFAULT_ADMIN_ADDRESS = "127.0.0.1:9901";

const EXPECTED =
  "expected IP:PORT, NAME:PORT, unix:/PATH, http://HOST:PORT or https://HOST:PORT, such as 127.0.0.1:9901";

/** Scheme, host and port; nothing else, for a path or a password in it would silently be left out. */
const URL_FORM =
  /^(?:(https?):\/\/)?(\[[\da-f:.]+(?:%[\w.-]+)?\]|[a-z\d](?:[\w.-]*[a-z\d])?)(?::(\d{1,5}))?\/?$/i;

/**
 * `isTls` is for an address without a scheme.
 * @throws SluiceError with code `ADMIN_ADDRESS_INVALID`
 */
export function parseAdminAddress(text: string, isTls = false): AdminAddress {
  if (text.startsWith("unix:")) return parseSocketPath(text);
  const [whole, scheme, authority = "", digits] = URL_FORM.exec(text) ?? [];
  const isSecure = scheme === undefined ? isTls : scheme.toLowerCase() === "https";
  const port = digits === undefined ? (isSecure ? 443 : 80) : Number(digits);
  const hasPort = digits !== undefined || scheme !== undefined;
  if (whole === undefined || !hasPort || port === 0 || port > 65_535) throw refuse(text);
  const host = authority.replace(/^\[|\]$/g, "");
  if (authority.startsWith("[") || /^[\d.]+$/.test(host)) checkIp(host, text);
  return { text, socketPath: undefined, host, port, isTls: isSecure };
}

/**
 * What to connect to for an address that a config says to listen on: a wildcard address is reached over loopback.
 * @throws SluiceError with code `ADMIN_ADDRESS_INVALID`, also for port 0, which only the balancer knows
 */
export function addressOfListener(text: string, isTls: boolean): AdminAddress {
  const reachable = text.replace(/^0\.0\.0\.0:/, "127.0.0.1:").replace(/^\[::\]:/, "[::1]:");
  return parseAdminAddress(reachable, isTls);
}

function parseSocketPath(text: string): AdminAddress {
  const socketPath = text.slice("unix:".length);
  if (socketPath === "" || /\p{Cc}/u.test(socketPath)) throw refuse(text);
  return { text, socketPath, host: "localhost", port: 0, isTls: false };
}

function checkIp(host: string, text: string): void {
  try {
    parseIp(host);
  } catch {
    throw refuse(text);
  }
}

function refuse(text: string): SluiceError {
  return new SluiceError("ADMIN_ADDRESS_INVALID", `found ${JSON.stringify(text)}, ${EXPECTED}`);
}
