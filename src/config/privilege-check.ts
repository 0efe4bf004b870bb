/**
 * Privilege check: what a config takes into its hands that the running one does not have there. That is programs, files, URLs, low
 * ports, and the section that says who may do what. Both configs are compared as written, in full form, at the keys that the
 * schema declares (`privileged.ts`). Nothing is read or opened for it, so a refused path is never touched.
 */
import { resolve } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { formatEndpoint, parseEndpoint } from "../core/address.js";
import { SluiceError } from "../core/errors.js";
import type { AdminConfig } from "./admin-config.js";
import { asFields } from "./draft.js";
import { createPrivilegeTree, type PrivilegeTree } from "./privileged.js";
import { configSchema } from "./schema.js";
import { adminSchema, normaliseAdmin } from "./schema-admin.js";
import { expandFields, isShortForm } from "./short-form.js";

/** Ports that only root, or who has CAP_NET_BIND_SERVICE, may open (ip(7), ip_unprivileged_port_start). */
const FIRST_FREE_PORT = 1024;
const MAX_SHOWN = 200;
const NEEDED =
  "expected a token (admin.token), a request over a Unix socket, or the change in the config file";

/**
 * Refuses what a caller may not do who has not shown who they are. What the running config names may stay, go, and move to the
 * same key of another listener or pool; another spelling of it is the same. Nothing may come, and `admin` may not change.
 * @param next as somebody gives it, valid or not
 * @param running a config's description
 * @throws SluiceError with code `TOKEN_NEEDED`
 */
export function refuseNewPrivileges(next: unknown, running: unknown): void {
  if (!isDeepStrictEqual(canonicalAdmin(next), canonicalAdmin(running))) {
    throw new SluiceError("TOKEN_NEEDED", `the config changes admin: ${NEEDED}`);
  }
  const known = findPrivileged(running);
  for (const place of findPrivileged(next)) {
    if (known.has(place)) continue;
    const what = `a program, file, URL or port below ${FIRST_FREE_PORT}`;
    const shown = place.slice(0, MAX_SHOWN);
    throw new SluiceError("TOKEN_NEEDED", `the config names ${what} anew (${shown}): ${NEEDED}`);
  }
}

/** Each privileged value, with the key that it stands at: a file that is read may not be written. */
function findPrivileged(config: unknown): Set<string> {
  const places = new Set<string>();
  const full = isShortForm(config) ? expandFields(config) : config;
  collect(full, createPrivilegeTree(configSchema), [], places);
  return places;
}

function collect(value: unknown, tree: PrivilegeTree, path: readonly string[], places: Set<string>): void {
  if (tree.privilege === "fixed") return;
  if (tree.privilege !== undefined) {
    const reached = canonicalValue(value, tree);
    if (reached !== undefined) places.add(`${path.join(".")}: ${reached}`);
    return;
  }
  for (const choice of [...(tree.anyOf ?? []), ...(tree.oneOf ?? [])]) collect(value, choice, path, places);
  if (Array.isArray(value)) {
    for (const item of tree.items === undefined ? [] : value) collect(item, tree.items ?? {}, path, places);
    return;
  }
  const fields = asFields(value);
  for (const [key, inner] of Object.entries(tree.properties ?? {})) {
    if (Object.hasOwn(fields, key)) collect(fields[key], inner, [...path, key], places);
  }
}

/** One text for all spellings; undefined for what reaches nothing. What has another type is refused later, so any text will do. */
function canonicalValue(value: unknown, { privilege, nothing }: PrivilegeTree): string | undefined {
  if (value === undefined || value === nothing) return undefined;
  if (typeof value !== "string") return privilege === "port" ? undefined : JSON.stringify(value);
  if (privilege === "file") return resolve(value);
  if (privilege === "url") return URL.canParse(value) ? new URL(value).href : value;
  return privilege === "port" ? lowPort(value) : JSON.stringify(value);
}

function lowPort(text: string): string | undefined {
  try {
    const address = parseEndpoint(text);
    return address.port > 0 && address.port < FIRST_FREE_PORT ? formatEndpoint(address) : undefined;
  } catch (error) {
    if (error instanceof SluiceError) return undefined;
    throw error;
  }
}

/** The same for every spelling of the same section; what is not valid stays as it is. */
function canonicalAdmin(config: unknown): unknown {
  const { admin } = asFields(config);
  const { data } = adminSchema.safeParse(admin);
  if (data === undefined) return admin;
  const normal: AdminConfig = normaliseAdmin(data, ".");
  const listen = normal.listen.map((each) =>
    each.kind === "tcp" ? formatEndpoint(each.address) : each.text,
  );
  const hosts = normal.hosts.map((name) => name.toLowerCase());
  return { ...normal, listen: listen.sort(), hosts: hosts.sort() };
}
