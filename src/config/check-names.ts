/** Checks of names across a config: unique where they must be, and every pool that a listener names exists. */
import type { Draft, DraftEntry, DraftListener, DraftPool } from "./draft.js";
import { type KeyPath, quote } from "./key-path.js";
import { didYouMean } from "./nearest.js";

/** A problem before its place in a file is looked up. */
export interface Finding {
  readonly path: KeyPath;
  readonly message: string;
  /** Whether the key is wrong rather than its value. */
  readonly target?: "key";
}

/** Finds duplicate names, pools without a name, and listeners whose pool is not clear. */
export function checkNames(draft: Draft): Finding[] {
  return [
    ...duplicateNames(draft.listeners, "listener"),
    ...draft.pools.flatMap((pool) => duplicateNames(pool.backends, "backend of this pool")),
    ...duplicatePools(draft.pools),
    ...namelessPools(draft.pools),
    ...draft.listeners.flatMap((listener) => checkPoolOf(listener, draft.pools)),
  ];
}

function duplicateNames(entries: readonly DraftEntry[], what: string): Finding[] {
  const seen = new Map<string, DraftEntry>();
  const findings: Finding[] = [];
  for (const entry of entries) {
    const first = entry.name === undefined ? undefined : seen.get(entry.name);
    if (entry.name !== undefined && first === undefined) seen.set(entry.name, entry);
    if (first === undefined || isSameAddressToo(first, entry)) continue;
    const path = entry.writtenName === undefined ? entry.path : [...entry.path, "name"];
    const message = `${quote(entry.name ?? "")} is already the name of another ${what}, expected a name of its own`;
    findings.push({ path, message });
  }
  return findings;
}

/** Two entries named by their addresses are reported for those. */
function isSameAddressToo(a: DraftEntry, b: DraftEntry): boolean {
  return a.writtenName === undefined && b.writtenName === undefined;
}

function duplicatePools(pools: readonly DraftPool[]): Finding[] {
  const seen = new Map<string, DraftPool>();
  const findings: Finding[] = [];
  for (const pool of pools) {
    const first = pool.name === undefined ? undefined : seen.get(pool.name);
    if (pool.name !== undefined && first === undefined) seen.set(pool.name, pool);
    if (first === undefined) continue;
    const message = `${quote(pool.name ?? "")} is already the name of another pool, expected a name of its own`;
    findings.push({ path: [...pool.path, "name"], message });
  }
  return findings;
}

function namelessPools(pools: readonly DraftPool[]): Finding[] {
  if (pools.length < 2) return [];
  return pools
    .filter((pool) => !pool.hasName)
    .map((pool) => ({
      path: [...pool.path, "name"],
      message: "missing, expected a name because there are several pools",
    }));
}

function checkPoolOf(listener: DraftListener, pools: readonly DraftPool[]): Finding[] {
  const path = [...listener.path, "pool"];
  const names = pools.map((pool) => pool.name).filter((name) => name !== undefined);
  if (!listener.hasPool && pools.length > 1) {
    return [{ path, message: `missing, expected the name of one of the pools: ${listNames(names)}` }];
  }
  const { pool } = listener;
  // A pool whose name is itself a problem could be the one that is meant.
  if (pool === undefined || names.includes(pool) || names.length < pools.length || names.length === 0)
    return [];
  const hint =
    didYouMean(pool, names) || `; expected ${names.length > 1 ? "one of " : ""}${listNames(names)}`;
  return [{ path, message: `no pool has the name ${quote(pool)}${hint}` }];
}

function listNames(names: readonly string[]): string {
  const shown = names.slice(0, 10).map(quote).join(", ");
  return names.length > 10 ? `${shown} and ${names.length - 10} more` : shown;
}
