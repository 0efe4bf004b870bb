/**
 * Reads only what a config file says about its admin API. Not the whole config: that may name files which only the
 * balancer's user may read, and whoever asks a running balancer need not be able to run one.
 */
import { dirname, resolve } from "node:path";
import { parseYaml } from "../config/yaml-document.js";
import type { AdminSection } from "./admin-access.js";

/** @throws ConfigError when the text is not YAML */
export function readAdminSection(file: string, text: string): AdminSection {
  const admin = mapAt(mapAt(parseYaml(text, file).value).admin);
  const { cert } = mapAt(admin.tls);
  const listen = Array.isArray(admin.listen) ? admin.listen[0] : admin.listen;
  const beside = (path: string) => resolve(dirname(file), path);
  return {
    listen: typeof listen === "string" ? withPath(listen, beside) : undefined,
    isTls: typeof cert === "string",
    cert: typeof cert === "string" ? beside(cert) : undefined,
    token: typeof admin.token === "string" ? { text: admin.token } : readToken(mapAt(admin.token), beside),
  };
}

function withPath(listen: string, beside: (path: string) => string): string {
  return listen.startsWith("unix:") ? `unix:${beside(listen.slice("unix:".length))}` : listen;
}

function readToken(
  token: Readonly<Record<string, unknown>>,
  beside: (path: string) => string,
): AdminSection["token"] {
  if (typeof token.env === "string") return { env: token.env };
  return typeof token.file === "string" ? { file: beside(token.file) } : undefined;
}

/** Anything but a map has no keys. */
function mapAt(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}
