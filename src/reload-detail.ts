/** What a reload changed, in one line for the `operator` event: names of listeners, pools, backends and sections, never values. */
import { isDeepStrictEqual } from "node:util";
import type { ReloadResult } from "./api.js";
import type { Config } from "./config/config.js";

/** More names of one kind than anyone reads in a line. */
const SHOWN_NAMES = 10;
const SECTIONS = ["limits", "shutdown", "plane", "workers", "admin", "flowLog", "metrics"] as const;

/** Such as `version 4: backends added web/c; admin changed`. */
export function describeReload(result: ReloadResult, before: Config, after: Config): string {
  const { listeners, pools, backends } = result;
  const lists = Object.entries({ listeners, pools, backends }).flatMap(
    ([kind, { added, removed, changed }]) =>
      Object.entries({ added, removed, changed }).flatMap(([how, names]) =>
        describeNames(`${kind} ${how}`, names),
      ),
  );
  const sections = SECTIONS.filter((key) => !isDeepStrictEqual(before[key], after[key]));
  const changes = [...lists, ...sections.map((key) => `${key} changed`)];
  return `version ${result.version}: ${changes.join("; ") || "nothing changed"}`;
}

function describeNames(what: string, names: readonly string[]): string[] {
  if (names.length === 0) return [];
  const more = names.length > SHOWN_NAMES ? ` and ${names.length - SHOWN_NAMES} more` : "";
  return [`${what} ${names.slice(0, SHOWN_NAMES).join(", ")}${more}`];
}
