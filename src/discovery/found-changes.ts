/** What came and went between two answers of the sources: the content of `discovery` events. */
import { isDeepStrictEqual } from "node:util";
import type { Found } from "./merge-backends.js";

/** Backends by name. */
export interface FoundChange {
  readonly pool: string;
  readonly source: string;
  readonly added: readonly string[];
  readonly removed: readonly string[];
  /** In both, with another weight or the like. */
  readonly changed: readonly string[];
}

/** One for each source of each pool in which anything differs. */
export function compareFound(before: readonly Found[], after: readonly Found[]): FoundChange[] {
  const former = new Map(before.map((found) => [keyOf(found), found]));
  return after.flatMap((found) => {
    const change = compare(former.get(keyOf(found)), found);
    return change.added.length + change.removed.length + change.changed.length === 0 ? [] : [change];
  });
}

function keyOf({ pool, source }: Found): string {
  return JSON.stringify([pool, source]);
}

function compare(before: Found | undefined, { pool, source, backends }: Found): FoundChange {
  const old = new Map((before?.backends ?? []).map((backend) => [backend.name, backend]));
  const names = new Set(backends.map(({ name }) => name));
  const isChanged = (name: string, backend: unknown) =>
    old.has(name) && !isDeepStrictEqual(old.get(name), backend);
  return {
    pool,
    source,
    added: [...names].filter((name) => !old.has(name)),
    removed: [...old.keys()].filter((name) => !names.has(name)),
    changed: backends.filter((backend) => isChanged(backend.name, backend)).map(({ name }) => name),
  };
}
