/** A config that somebody sends: its text as a value, and the places in it of what is wrong. */
import { ConfigError, type Problem } from "../config/config-error.js";
import { loadConfigText } from "../config/load-config.js";
import { parseYaml } from "../config/yaml-document.js";

/**
 * YAML or JSON to a value. Secrets that are left out are put back later, so it is not yet checked.
 * @throws ConfigError when it is not YAML
 */
export function readConfigBody(text: string): unknown {
  const isNothing = text.trim() === "" || text.includes("\0");
  // For its message, which is the same as for a file.
  if (isNothing) return loadConfigText(text);
  return parseYaml(text, undefined).value;
}

/** A config without `admin` keeps the one in force: nobody shall close the API by leaving a part out. */
export function keepAdmin(config: unknown, running: Readonly<Record<string, unknown>>): unknown {
  const isMap = typeof config === "object" && config !== null && !Array.isArray(config);
  if (!isMap || Object.hasOwn(config, "admin") || running.admin === undefined) return config;
  return { ...config, admin: running.admin };
}

/** The same error, but problems have their place in the text where that can be told. */
export function withPlaces(error: unknown, text: string): unknown {
  if (!(error instanceof ConfigError)) return error;
  const placed = findProblems(text);
  return error.with((problem) => placed.find((other) => isSame(other, problem)) ?? problem);
}

function findProblems(text: string): readonly Problem[] {
  try {
    loadConfigText(text);
    return [];
  } catch (error) {
    return error instanceof ConfigError ? error.problems : [];
  }
}

function isSame(a: Problem, b: Problem): boolean {
  return a.path === b.path && a.message === b.message;
}
