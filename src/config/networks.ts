/** Networks as people write them, alone or in a file with one a line: `10.0.0.0/8`, `2001:db8::/32`, `192.0.2.1`. */
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { AddressError, type Prefix, parseIp, parsePrefix } from "../core/address.js";
import { SluiceError } from "../core/errors.js";
import { quote } from "./key-path.js";

/** The text form, for JSON Schema. */
export const NETWORK_PATTERN = "^[0-9A-Fa-f:.]+(/[0-9]{1,3})?$";
/** Most networks of one list. */
export const MAX_NETWORKS = 65_536;
/** As large as a list of so many networks can be, with room for comments. */
const MAX_FILE_BYTES = 8 * 1024 * 1024;
/** More than anyone mends at once. */
const MAX_BAD_LINES = 20;

/**
 * Reads a network. An address alone is the network of that address.
 * @throws AddressError
 */
export function parseNetwork(text: string): Prefix {
  if (text.includes("/")) return parsePrefix(text);
  const ip = parseIp(text);
  if (ip.zone !== "") throw new AddressError(`found ${quote(text)}, expected an address without a zone`);
  return { ip, length: ip.family === 4 ? 32 : 128 };
}

/** What a file of networks comes to: its networks, or what is wrong with it. */
export interface NetworkFile {
  readonly networks: readonly Prefix[];
  readonly problems: readonly string[];
}

/** Reads a file of networks: one a line; `#` begins a comment. It waits for the disk, so not where datagrams pass. */
export function readNetworkFile(path: string): NetworkFile {
  try {
    return parseNetworks(readBounded(path).toString("utf8"), path);
  } catch (error) {
    const reason =
      error instanceof SluiceError ? error.message : (error as NodeJS.ErrnoException).code || String(error);
    return { networks: [], problems: [`the file ${quote(path)} cannot be read: ${reason}`] };
  }
}

function parseNetworks(text: string, path: string): NetworkFile {
  const networks: Prefix[] = [];
  const problems: string[] = [];
  for (const [i, line] of text.split(/\r?\n/).entries()) {
    const entry = line.replace(/#.*$/, "").trim();
    if (entry === "") continue;
    try {
      networks.push(parseNetwork(entry));
    } catch (error) {
      if (!(error instanceof SluiceError)) throw error;
      problems.push(`line ${i + 1} of ${quote(path)}: ${error.message}`);
    }
    if (problems.length === MAX_BAD_LINES) break;
  }
  if (networks.length > MAX_NETWORKS) {
    problems.push(`${quote(path)} has ${networks.length} networks, expected at most ${MAX_NETWORKS}`);
  }
  return { networks, problems };
}

/** Not readFile: a pipe or a device may block, or have no end. */
function readBounded(path: string): Buffer {
  const fd = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile()) throw new SluiceError("NOT_A_FILE", "not a file");
    const buffer = Buffer.alloc(Math.min(stat.size, MAX_FILE_BYTES) + 1);
    let length = 0;
    for (let read = -1; read !== 0 && length < buffer.length; length += read) {
      read = readSync(fd, buffer, length, buffer.length - length, null);
    }
    if (length > MAX_FILE_BYTES) throw new SluiceError("TOO_LARGE", "larger than 8 MiB");
    return buffer.subarray(0, length);
  } finally {
    closeSync(fd);
  }
}
