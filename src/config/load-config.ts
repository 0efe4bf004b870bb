/** Loads a config from a file or its text, and says of every problem where in the text it is. */
import { type FileHandle, open } from "node:fs/promises";
import { resolve } from "node:path";
import type { BackendConfig } from "./config.js";
import { ConfigError } from "./config-error.js";
import type { OwnAddresses } from "./own-addresses.js";
import { type CheckedConfig, checkConfig, parseBackends } from "./parse-config.js";
import { type ParsedText, parseYaml, wholeFile } from "./yaml-document.js";

/** Far more than the largest config that the limits on listeners and backends allow. */
const MAX_BYTES = 4 * 1024 * 1024;

/** What is behind the usual error codes of opening and reading a file. */
const SYSTEM_ERRORS: Readonly<Record<string, string>> = {
  ENOENT: "no such file",
  ENOTDIR: "no such file: a part of the path is not a directory",
  EISDIR: "this is a directory, expected a file",
  EACCES: "may not be read by this user",
  EPERM: "may not be read by this user",
  ELOOP: "the path goes round in symbolic links",
  ENAMETOOLONG: "the path is too long",
};

/**
 * Reads and checks a YAML or JSON file of at most 4 MiB.
 * @param own the addresses of the machine, by default of this one at this moment
 * @throws ConfigError when it cannot be read or is not valid
 */
export async function loadConfigFile(file: string, own?: OwnAddresses): Promise<CheckedConfig> {
  const { config, warnings } = loadConfigText(await readText(file, "a config"), file, own);
  return { config: Object.freeze({ ...config, file: resolve(file) }), warnings };
}

/**
 * Reads and checks a YAML or JSON file with a list of backends, in the form of `pools[].backends`, of at most 4 MiB.
 * @throws ConfigError when it cannot be read or is not valid; an empty list is not
 */
export async function loadBackendsFile(file: string): Promise<readonly BackendConfig[]> {
  return loadBackendsText(await readText(file, "a list of backends"), file);
}

/**
 * Checks the text of such a list; `file` is only named in problems.
 * @throws ConfigError when it is not valid
 */
export function loadBackendsText(text: string, file?: string): readonly BackendConfig[] {
  const { value, locate } = parseText(text, file, "a list of backends");
  return parseBackends(value, locate, file);
}

/**
 * Checks YAML or JSON text; `file` is only named in problems.
 * @param own the addresses of the machine, by default of this one at this moment
 * @throws ConfigError when it is not valid
 */
export function loadConfigText(text: string, file?: string, own?: OwnAddresses): CheckedConfig {
  const { value, locate } = parseText(text, file, "a config");
  return checkConfig(value, locate, file, own);
}

function parseText(text: string, file: string | undefined, expected: string): ParsedText {
  // A byte order mark takes no column in an editor.
  const plain = text.startsWith("\ufeff") ? text.slice(1) : text;
  if (plain.includes("\0")) throw refuse(file, "contains NUL, expected text in UTF-8");
  if (plain.trim() === "") throw refuse(file, `empty, expected ${expected}`);
  return parseYaml(plain, file, expected);
}

async function readText(file: string, expected: string): Promise<string> {
  const bytes = await readBounded(file);
  if (bytes.length > MAX_BYTES) throw refuse(file, `larger than 4 MiB, expected ${expected}`);
  return decode(bytes, file);
}

async function readBounded(file: string): Promise<Buffer> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(file, "r");
    // Not readFile: a device or a pipe may have no end.
    const chunks: Buffer[] = [];
    let total = 0;
    for await (const chunk of handle.createReadStream({ autoClose: false, end: MAX_BYTES })) {
      chunks.push(chunk as Buffer);
      total += (chunk as Buffer).length;
    }
    return Buffer.concat(chunks, total);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? "";
    throw refuse(file, SYSTEM_ERRORS[code] ?? `cannot be read: ${code || String(cause)}`, { cause });
  } finally {
    await handle?.close();
  }
}

function decode(bytes: Buffer, file: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw refuse(file, "not text in UTF-8", { cause });
  }
}

function refuse(file: string | undefined, message: string, options?: ErrorOptions): ConfigError {
  return new ConfigError([wholeFile(file, message)], options);
}
