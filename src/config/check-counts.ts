/**
 * Checks how many listeners, pools and backends there are, before anything looks at each of them: a list that is
 * too long is one problem, and takes no time or memory.
 */
import { MAX_BACKENDS, MAX_LISTENERS, MAX_POOLS } from "../core/snapshot.js";
import type { Finding } from "./check-names.js";
import { asFields, asList } from "./draft.js";

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
  return tooMany(["pools"], backends, MAX_BACKENDS, "backends in all pools together");
}

function tooMany(path: string[], count: number, max: number, what: string): Finding[] {
  return count <= max ? [] : [{ path, message: `found ${count} ${what}, expected at most ${max}` }];
}
