/** Reads what the config only names: tokens and certificates. Anew for every config, so that a reload can change them. */
import { readFile } from "node:fs/promises";
import { createSecureContext } from "node:tls";
import { type AdminConfig, isToken, TOKEN_EXPECTED, type TokenConfig } from "../config/admin-config.js";
import { ConfigError } from "../config/config-error.js";
import type { Tokens } from "./auth.js";
import type { Certificate } from "./http-door.js";

/** Where `{ env: … }` is looked up. */
export type Environment = Readonly<Record<string, string | undefined>>;

export interface AdminSecrets {
  readonly tokens: Tokens;
  readonly certificate: Certificate | undefined;
}

/** @throws ConfigError that names key and file, and never shows a token */
export async function readSecrets(admin: AdminConfig, env: Environment): Promise<AdminSecrets> {
  return {
    tokens: {
      token: await readToken("admin.token", admin.token, env),
      readToken: await readToken("admin.readToken", admin.readToken, env),
    },
    certificate: admin.tls && (await readCertificate(admin.tls)),
  };
}

async function readToken(
  key: string,
  source: TokenConfig | undefined,
  env: Environment,
): Promise<string | undefined> {
  if (source === undefined || source.kind === "text") return source?.text;
  const isFile = source.kind === "file";
  const where = isFile ? source.path : `environment variable ${source.name}`;
  const text = isFile ? await readText(key, source.path) : env[source.name];
  if (text === undefined) throw refuse(key, `${where}: not set, expected a token`);
  const token = text.split("\n", 1)[0].trim();
  if (token === "") throw refuse(key, `${where}: empty, expected a token`);
  if (!isToken(token)) throw refuse(key, `${where}: expected ${TOKEN_EXPECTED}`);
  return token;
}

async function readCertificate(tls: NonNullable<AdminConfig["tls"]>): Promise<Certificate> {
  const certificate = {
    cert: await readText("admin.tls.cert", tls.cert),
    key: await readText("admin.tls.key", tls.key),
  };
  try {
    createSecureContext(certificate);
  } catch (cause) {
    const why = (cause as NodeJS.ErrnoException).code ?? "not PEM";
    throw refuse("admin.tls", `${tls.cert} and ${tls.key}: no certificate and its key in PEM: ${why}`);
  }
  return certificate;
}

async function readText(key: string, path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw refuse(key, `${path}: ${code === "ENOENT" ? "no such file" : `cannot be read: ${code}`}`);
  }
}

function refuse(path: string, message: string): ConfigError {
  return new ConfigError([{ file: undefined, line: undefined, column: undefined, path, message }]);
}
