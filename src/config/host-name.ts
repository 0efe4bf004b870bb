/** Host names in a config, with or without a port. Only their form is read here; what they resolve to is for discovery. */
import { SluiceError } from "../core/errors.js";
import { describeValue } from "./key-path.js";

/** A host name and a port. */
export interface HostAndPort {
  /** Without the dot that may end a full name. */
  readonly host: string;
  /** 1 to 65,535. */
  readonly port: number;
}

export const HOST_AND_PORT_EXPECTED = "a host name and port such as game.example.org:27015";
export const HOST_NAME_EXPECTED = "a name such as _sip._udp.example.org";

/** Labels as DNS servers take them: letters, digits, hyphens, and underscores for services. */
const LABEL = "[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?";
const NAME = `${LABEL}(\\.${LABEL})*\\.?`;
/** For JSON Schema. */
export const HOST_NAME_PATTERN = `^${NAME}$`;
export const HOST_AND_PORT_PATTERN = `^${NAME}:[0-9]{1,5}$`;

/** RFC 1035, section 2.3.4, as text without the last dot. */
const MAX_NAME_LENGTH = 253;

/**
 * Reads `game.example.org:27015`.
 * @throws SluiceError
 */
export function parseHostAndPort(text: string): HostAndPort {
  const colon = text.lastIndexOf(":");
  const host = readHost(text.slice(0, Math.max(colon, 0)));
  const port = text.slice(colon + 1);
  if (isIp(text) || isIp(text.slice(0, Math.max(colon, 0)))) {
    throw refuse(text, "a host name, not an IP address; addresses belong under backends");
  }
  if (host === undefined || !/^[1-9]\d{0,4}$/.test(port) || Number(port) > 65_535) {
    throw refuse(text, HOST_AND_PORT_EXPECTED);
  }
  return { host, port: Number(port) };
}

/**
 * Reads a name alone.
 * @throws SluiceError
 */
export function parseHostName(text: string): string {
  const host = readHost(text);
  if (host === undefined || isIp(text)) throw refuse(text, HOST_NAME_EXPECTED);
  return host;
}

function readHost(text: string): string | undefined {
  if (!new RegExp(HOST_NAME_PATTERN).test(text)) return undefined;
  const host = text.replace(/\.$/, "");
  return host.length <= MAX_NAME_LENGTH ? host : undefined;
}

function isIp(text: string): boolean {
  return /^[\d.]+$/.test(text) || /^\[?[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*:/.test(text);
}

function refuse(text: string, expected: string): SluiceError {
  return new SluiceError("NAME_INVALID", `found ${describeValue(text)}, expected ${expected}`);
}
