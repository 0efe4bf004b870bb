/**
 * The short form of a config, for programs and the command line: one pool, its listeners, and the options that
 * most people set, all on one level. It is expanded to the full form and checked there; `fromFullPath` leads
 * problems back to what was written.
 */
import type { PolicyName } from "../core/snapshot.js";
import type { AdminInput, FlowLogInput, MetricsInput } from "./admin-config.js";
import type { Finding } from "./check-names.js";
import type { BackendInput, ConfigInput, PassiveInput, PlaneChoice } from "./config.js";
import { ConfigError, MAX_PROBLEMS, type Problem } from "./config-error.js";
import type { DiscoverInput } from "./discover.js";
import type { Fields } from "./draft.js";
import type { GuardInput } from "./guard-config.js";
import type { HealthInput } from "./health-config.js";
import { formatPath, type KeyPath, quote } from "./key-path.js";
import { didYouMean } from "./nearest.js";

/** Meaning, bounds and defaults are those of the keys in the full form. */
export interface ShortForm {
  /** One or more addresses to receive on, such as `0.0.0.0:53`. */
  readonly listen: string | readonly string[];
  readonly backends?: readonly (string | BackendInput)[] | undefined;
  readonly discover?: readonly DiscoverInput[] | undefined;
  readonly policy?: PolicyName | undefined;
  readonly affinity?: string | undefined;
  readonly health?: HealthInput | undefined;
  readonly passive?: PassiveInput | undefined;
  readonly idleTimeout?: string | undefined;
  readonly maxLifetime?: string | undefined;
  readonly requests?: number | "none" | undefined;
  readonly responses?: number | "none" | undefined;
  readonly guard?: GuardInput | undefined;
  readonly maxFlows?: number | "auto" | undefined;
  readonly plane?: PlaneChoice | undefined;
  readonly workers?: number | "auto" | undefined;
  readonly grace?: string | undefined;
  readonly admin?: AdminInput | undefined;
  readonly flowLog?: FlowLogInput | undefined;
  readonly metrics?: MetricsInput | undefined;
}

/** Where each key of the short form goes. `listener` and `pool` stand for each listener and the only pool. */
const FULL_PATHS = {
  backends: ["pool", "backends"],
  discover: ["pool", "discover"],
  policy: ["pool", "policy"],
  affinity: ["pool", "affinity"],
  health: ["pool", "health"],
  passive: ["pool", "passive"],
  idleTimeout: ["listener", "session", "idleTimeout"],
  maxLifetime: ["listener", "session", "maxLifetime"],
  requests: ["listener", "session", "requests"],
  responses: ["listener", "session", "responses"],
  guard: ["listener", "guard"],
  maxFlows: ["limits", "maxFlows"],
  plane: ["plane"],
  workers: ["workers"],
  grace: ["shutdown", "grace"],
  admin: ["admin"],
  flowLog: ["flowLog"],
  metrics: ["metrics"],
} as const satisfies Record<Exclude<keyof ShortForm, "listen">, readonly string[]>;

/** Each key of the short form with its path in the full form, for the reference. */
export const SHORT_FORM_KEYS: readonly { readonly key: string; readonly fullPath: string }[] = [
  { key: "listen", fullPath: "listeners[].address" },
  ...Object.entries(FULL_PATHS).map(([key, path]) => ({
    key,
    fullPath: path
      .join(".")
      .replace(/^listener\./, "listeners[].")
      .replace(/^pool\./, "pools[0]."),
  })),
];

const KEYS: readonly string[] = ["listen", ...Object.keys(FULL_PATHS)];

/** Whether this is meant as the short form: it has `listen` or `backends`, and neither `listeners` nor `pools`. */
export function isShortForm(input: unknown): input is Fields {
  if (typeof input !== "object" || input === null || Array.isArray(input)) return false;
  const has = (key: string) => Object.hasOwn(input, key);
  return (has("listen") || has("backends")) && !has("listeners") && !has("pools");
}

/**
 * The same in the full form. Values are not checked here but by `parseConfig`.
 * @throws ConfigError for a key that the short form does not have
 */
export function expandShortForm(input: ShortForm): ConfigInput {
  const unknown = listUnknownKeys(input as unknown as Fields);
  const problems = unknown.slice(0, MAX_PROBLEMS).map((key): Problem => {
    const { path, message } = refuseUnknownKey(key);
    return { file: undefined, line: undefined, column: undefined, path: formatPath(path), message };
  });
  if (problems.length > 0) throw new ConfigError(problems, { more: unknown.length - problems.length });
  return expandFields(input as unknown as Fields) as ConfigInput;
}

/** Keys that the short form does not have. */
export function listUnknownKeys(input: Fields): string[] {
  return Object.keys(input).filter((key) => !KEYS.includes(key));
}

/** Says so of each of them. */
export function refuseUnknownKey(key: string): Finding {
  return { path: [key], message: `unknown key in the short form${didYouMean(key, KEYS)}`, target: "key" };
}

/** Moves every known field to its place in the full form, whatever its value. */
export function expandFields(input: Fields): unknown {
  const { listen } = input;
  const addresses = Array.isArray(listen) ? listen : [listen];
  const groups = { listener: {}, pool: {}, limits: {}, shutdown: {} };
  const config: Record<string, unknown> = {};
  for (const [key, path] of Object.entries(FULL_PATHS)) {
    if (input[key] === undefined) continue;
    setIn(path[0] in groups ? groups : config, path, input[key]);
  }
  const { listener, pool, limits, shutdown } = groups;
  const listeners = addresses.map((address) => ({
    ...listener,
    ...(address === undefined ? {} : { address }),
  }));
  return { listeners, pools: [pool], limits, shutdown, ...config };
}

function setIn(target: object, path: readonly string[], value: unknown): void {
  let place = target as Record<string, unknown>;
  for (const key of path.slice(0, -1)) {
    place[key] ??= {};
    place = place[key] as Record<string, unknown>;
  }
  place[path[path.length - 1]] = value;
}

/** Leads a path in the expanded config back to the path in the short form that it came from. */
export function fromFullPath(path: KeyPath, input: Fields): KeyPath {
  if (path[0] === "listeners" && (path.length <= 2 || path[2] === "address" || path[2] === "name")) {
    return Array.isArray(input.listen) && path.length > 1 ? ["listen", path[1]] : ["listen"];
  }
  const generic = path[0] === "listeners" ? ["listener", ...path.slice(2)] : path;
  const inPool = path[0] === "pools" ? ["pool", ...path.slice(2)] : generic;
  for (const [key, full] of Object.entries(FULL_PATHS)) {
    if (full.every((part, i) => part === inPool[i])) return [key, ...inPool.slice(full.length)];
  }
  return [];
}

/** What may follow the address in the text of a backend. */
const BACKEND_OPTIONS = ["weight", "name", "state"];

/**
 * Reads a backend as the command line has it: `127.0.0.1:2527,weight=2,name=b,state=draining`. Only the form is
 * checked here; `parseConfig` checks the values.
 * @throws ConfigError
 */
export function parseBackendFlag(text: string): BackendInput {
  const [address = "", ...options] = text.split(",");
  const backend: Record<string, string | number> = { address };
  for (const option of options) {
    const [key = "", ...rest] = option.split("=");
    const value = rest.join("=");
    if (!BACKEND_OPTIONS.includes(key)) {
      throw refuse(text, `unknown option ${quote(key)}${didYouMean(key, BACKEND_OPTIONS)}`);
    }
    if (value === "") throw refuse(text, `expected a value after ${key}, such as ${key}=${EXAMPLES[key]}`);
    if (Object.hasOwn(backend, key)) throw refuse(text, `${key} is given twice`);
    backend[key] = key === "weight" && /^\d+$/.test(value) ? Number(value) : value;
  }
  return backend as unknown as BackendInput;
}

const EXAMPLES: Readonly<Record<string, string>> = { weight: "2", name: "b", state: "draining" };

function refuse(text: string, message: string): ConfigError {
  const path = `backend ${quote(text)}`;
  return new ConfigError([{ file: undefined, line: undefined, column: undefined, path, message }]);
}
