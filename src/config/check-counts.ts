/**
 * Checks how many listeners, pools and backends there are, before anything looks at each of them: a list that is
 * too long is one problem, and takes no time or memory.
 */
import { MAX_BACKENDS, MAX_LISTENERS, MAX_POOLS } from "../core/snapshot.js";
import type { Finding } from "./check-names.js";
import { asFields, asList } from "./draft.js";
import type { KeyPath } from "./key-path.js";
import { MAX_NETWORKS } from "./networks.js";

/** Finds lists that are too long. */
export function checkCounts(input: unknown): Finding[] {
  const { listeners, pools } = asFields(input);
  const findings = [
    ...tooMany(["listeners"], asList(listeners).length, MAX_LISTENERS, "listeners"),
    ...tooMany(["pools"], asList(pools).length, MAX_POOLS, "pools"),
  ];
  if (findings.length > 0) return findings;
  const backends = asList(pools).reduce<number>(
    (sum, pool) => sum + asList(asFields(pool).backends).length,
    0,
  );
  return [
    ...tooMany(["pools"], backends, MAX_BACKENDS, "backends in all pools together"),
    ...findLongList(input, []),
  ];
}

/** The first list that is longer than any may be. */
function findLongList(value: unknown, path: KeyPath): Finding[] {
  if (typeof value !== "object" || value === null) return [];
  if (Array.isArray(value) && value.length > MAX_NETWORKS)
    return tooMany(path, value.length, MAX_NETWORKS, "values");
  for (const [key, inner] of Object.entries(value)) {
    const found = findLongList(inner, [...path, Array.isArray(value) ? Number(key) : key]);
    if (found.length > 0) return found;
  }
  return [];
}

function tooMany(path: KeyPath, count: number, max: number, what: string): Finding[] {
  return count <= max ? [] : [{ path, message: `found ${count} ${what}, expected at most ${max}` }];
}
