/**
 * Finds the admin API of the balancer that a command is about, and the token for it: from flags, the environment, and the
 * config file that the balancer runs with.
 */
import { readFile } from "node:fs/promises";
import { rootCertificates } from "node:tls";
import {
  type AdminAddress,
  addressOfListener,
  DEFAULT_ADMIN_ADDRESS,
  parseAdminAddress,
} from "./admin-address.js";
import { UsageError } from "./errors.js";

/** The flags that every command has which asks a running balancer. */
export interface AdminFlags {
  readonly admin?: AdminAddress;
  readonly config?: string;
  readonly tokenFile?: string;
  readonly ca?: string;
}

export interface AdminAccess {
  readonly address: AdminAddress;
  readonly token: string | undefined;
  /** Where the token came from, for messages. */
  readonly tokenFrom: string;
  /** Why the token that the config names could not be had. */
  readonly tokenMissing: string | undefined;
  /** Certificates to trust, in PEM; undefined: those of the machine. */
  readonly ca: readonly string[] | undefined;
}

/** What a config file says about its own admin API. */
export interface AdminSection {
  readonly listen: string | undefined;
  readonly isTls: boolean;
  /** Path of the balancer's own certificate. */
  readonly cert: string | undefined;
  readonly token:
    | { readonly text: string }
    | { readonly env: string }
    | { readonly file: string }
    | undefined;
}

type Token = Pick<AdminAccess, "token" | "tokenFrom" | "tokenMissing">;

/** @throws UsageError when something that was named cannot be read */
export async function findAdmin(flags: AdminFlags, env: NodeJS.ProcessEnv): Promise<AdminAccess> {
  const section = flags.config === undefined ? undefined : await readSection(flags.config);
  const address = flags.admin ?? fromEnv(env) ?? fromSection(section, flags.config);
  const ca = address.isTls ? await findCertificates(flags.ca, section?.cert) : undefined;
  return { address, ...(await findToken(flags, env, section)), ca };
}

/** The balancer's own certificate may be self-signed; whoever may read its config may trust it. */
async function findCertificates(
  ca: string | undefined,
  own: string | undefined,
): Promise<string[] | undefined> {
  if (ca !== undefined) return [await readNamed(ca, "--ca")];
  const text = own === undefined ? undefined : await readFile(own, "utf8").catch(() => undefined);
  return text === undefined ? undefined : [...rootCertificates, text];
}

function fromEnv({ SLUICE_ADMIN: text }: NodeJS.ProcessEnv): AdminAddress | undefined {
  return text === undefined || text === ""
    ? undefined
    : orUsage("SLUICE_ADMIN", () => parseAdminAddress(text));
}

function fromSection(section: AdminSection | undefined, file = ""): AdminAddress {
  if (section === undefined) return parseAdminAddress(DEFAULT_ADMIN_ADDRESS);
  const { listen, isTls } = section;
  if (listen === undefined)
    throw new UsageError(`${file}: it has no admin.listen; say with --admin where to ask`);
  return orUsage(`${file}: admin.listen`, () => addressOfListener(listen, isTls));
}

async function findToken(
  { tokenFile, config }: AdminFlags,
  env: NodeJS.ProcessEnv,
  section: AdminSection | undefined,
): Promise<Token> {
  const found = (token: string, tokenFrom: string) => ({ token, tokenFrom, tokenMissing: undefined });
  if (tokenFile !== undefined) {
    return found(checkToken(firstLine(await readNamed(tokenFile, "--token-file")), tokenFile), tokenFile);
  }
  if (env.SLUICE_TOKEN) return found(checkToken(env.SLUICE_TOKEN.trim(), "SLUICE_TOKEN"), "SLUICE_TOKEN");
  const named = section?.token;
  const missing = (tokenMissing?: string) => ({ token: undefined, tokenFrom: "", tokenMissing });
  if (named === undefined) return missing();
  if ("text" in named) return found(checkToken(named.text, `admin.token of ${config}`), `${config}`);
  if ("env" in named) {
    const token = env[named.env]?.trim();
    return token
      ? found(checkToken(token, named.env), named.env)
      : missing(`${named.env} of ${config} is not set`);
  }
  try {
    return found(checkToken(firstLine(await readFile(named.file, "utf8")), named.file), named.file);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    return missing(
      `${named.file} of ${config} cannot be read here: ${(error as NodeJS.ErrnoException).code}`,
    );
  }
}

const firstLine = (text: string): string => text.split("\n", 1)[0].trim();

/** What may stand in a header; the balancer wants 16 to 512 of them. The token itself is never shown. */
function checkToken(token: string, from: string): string {
  if (/^[\x21-\x7e]{1,512}$/.test(token)) return token;
  throw new UsageError(`${from}: expected a token of printable characters without spaces in its first line`);
}

async function readSection(file: string): Promise<AdminSection> {
  const { readAdminSection } = await import("./admin-section.js");
  return readAdminSection(file, await readNamed(file, "--config"));
}

async function readNamed(file: string, flag: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    throw new UsageError(
      `${flag} ${file}: cannot be read: ${code === "ENOENT" ? "no such file" : (code ?? message)}`,
      {
        cause,
      },
    );
  }
}

function orUsage<T>(what: string, parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    throw new UsageError(`${what}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}
