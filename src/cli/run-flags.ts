/**
 * What the command line of `sluice run` says: a config file, or flags that describe a whole config, and in both cases
 * what to override. Reading it as a config is left to config/.
 */
import type { AdminAddress } from "../config/admin-config.js";
import type { BackendInput, Config, PlaneChoice } from "../config/config.js";
import { ConfigError, type Problem } from "../config/config-error.js";
import { loadConfigFile } from "../config/load-config.js";
import { checkConfig } from "../config/parse-config.js";
import type { ShortForm } from "../config/short-form.js";
import type { PolicyName } from "../core/snapshot.js";
import { overrideAdmin } from "./admin-flag.js";
import type { LogFormat, LogLevel } from "./log-choices.js";
import type { UserFlag } from "./privileges.js";

export interface RunFlags {
  readonly config?: string;
  readonly listen?: readonly string[];
  readonly backend?: readonly BackendInput[];
  readonly policy?: PolicyName;
  readonly affinity?: string;
  readonly idleTimeout?: string;
  readonly maxLifetime?: string;
  readonly requests?: number;
  readonly responses?: number;
  readonly maxFlows?: number;
  readonly plane?: PlaneChoice;
  readonly workers?: number | "auto";
  /** Milliseconds. */
  readonly grace?: { readonly text: string; readonly graceMs: number };
  readonly admin?: AdminAddress;
  readonly user?: UserFlag;
  readonly watch?: true;
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
}

/** Where the config comes from, and how to read it again. */
export interface ConfigSource {
  /** Missing when flags describe it. */
  readonly file?: string;
  /** Whether to load it again whenever the file changes. */
  readonly watch?: boolean;
  /** @throws ConfigError */
  load(): Promise<{ readonly config: Config; readonly warnings: readonly Problem[] }>;
}

/** The flags that describe a config, by the key of the short form that they set. They exclude a config file. */
const CONFIG_FLAGS = {
  listen: "--listen",
  backends: "--backend",
  policy: "--policy",
  affinity: "--affinity",
  idleTimeout: "--idle-timeout",
  maxLifetime: "--max-lifetime",
  requests: "--requests",
  responses: "--responses",
  maxFlows: "--max-flows",
} as const satisfies Partial<Record<keyof ShortForm, string>>;

/** Every flag that a problem of a config may be about. */
const FLAG_OF = { ...CONFIG_FLAGS, admin: "--admin" } as const;

/** What is wrong with the combination of arguments, or undefined. */
export function findMisuse(file: string | undefined, flags: RunFlags): string | undefined {
  if (file !== undefined && flags.config !== undefined)
    return "two config files given: FILE and --config FILE";
  const given = Object.values(CONFIG_FLAGS).filter((flag) => flags[propertyOf(flag)] !== undefined);
  if ((file ?? flags.config) !== undefined) {
    if (given.length === 0) return undefined;
    return `a config file and ${given.join(", ")}: give one or the other`;
  }
  if (flags.watch) return "--watch needs a config file";
  if (flags.listen === undefined && flags.backend === undefined) {
    return "nothing to run: give a config file, or --listen and --backend";
  }
  if (flags.backend === undefined) return "no --backend given: at least one is needed";
  return flags.listen === undefined ? "no --listen given: at least one is needed" : undefined;
}

export function createConfigSource(file: string | undefined, flags: RunFlags): ConfigSource {
  const path = file ?? flags.config;
  if (path === undefined) return { load: async () => checkFlags(flags) };
  return {
    file: path,
    watch: flags.watch === true,
    async load() {
      const { config, warnings } = await loadConfigFile(path);
      return { config: override(config, flags), warnings };
    },
  };
}

function checkFlags(flags: RunFlags): { config: Config; warnings: readonly Problem[] } {
  const { listen = [], backend = [], policy, affinity, idleTimeout, maxLifetime } = flags;
  const { requests, responses, maxFlows, plane, workers, grace, admin } = flags;
  const input: ShortForm = {
    listen,
    backends: backend,
    ...definedOnly({
      policy,
      affinity,
      idleTimeout,
      maxLifetime,
      requests,
      responses,
      maxFlows,
      plane,
      workers,
    }),
    ...(grace !== undefined && { grace: grace.text }),
    ...(admin !== undefined && { admin: { listen: admin.text } }),
  };
  try {
    const { config, warnings } = checkConfig(input);
    return { config, warnings: warnings.map(nameFlag) };
  } catch (error) {
    throw error instanceof ConfigError ? error.with(nameFlag) : error;
  }
}

/** `--plane`, `--workers`, `--grace` and `--admin` have a say over the file. */
function override(config: Config, { plane, workers, grace, admin }: RunFlags): Config {
  if ([plane, workers, grace, admin].every((flag) => flag === undefined)) return config;
  return Object.freeze({
    ...config,
    plane: plane ?? config.plane,
    workers: workers === undefined ? config.workers : workers === "auto" ? 0 : workers,
    shutdown: grace === undefined ? config.shutdown : Object.freeze({ graceMs: grace.graceMs }),
    ...(admin !== undefined && { admin: overrideAdmin(config, admin) }),
  });
}

/** A problem under the name that the person typed: `--listen` for `listen[0]`. */
function nameFlag(problem: Problem): Problem {
  const key = /^\w+/.exec(problem.path)?.[0] ?? "";
  const flag: string | undefined = (FLAG_OF as Record<string, string>)[key];
  return flag === undefined ? problem : { ...problem, path: flag };
}

function propertyOf(flag: string): keyof RunFlags {
  return flag.slice(2).replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase()) as keyof RunFlags;
}

function definedOnly<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as ReturnType<
    typeof definedOnly<T>
  >;
}
