/** Checks that the balancer has what a flag names, so that a typing error is no empty list. */
import { quote } from "../config/key-path.js";
import { didYouMean } from "../config/nearest.js";
import { askBackends, askListeners, askPools } from "./admin-answers.js";
import type { AdminClient } from "./admin-client.js";
import { UsageError } from "./errors.js";
import { nameOf } from "./view/rates.js";

export interface NamedFlags {
  readonly listener?: string | undefined;
  readonly pool?: string | undefined;
  /** `NAME` or `POOL/NAME`. */
  readonly backend?: string | undefined;
}

/** More would not be read. */
const MOST_SHOWN = 20;

/** @throws UsageError for a name that the balancer does not have, with the one that was meant or all that there are */
export async function checkNames(admin: AdminClient, { listener, pool, backend }: NamedFlags): Promise<void> {
  if (listener !== undefined) {
    const { listeners } = await askListeners(admin);
    const names = listeners.map(({ name }) => name);
    if (!names.includes(listener)) throw unknown("--listener: no listener", listener, names);
  }
  if (pool !== undefined) {
    const names = (await askPools(admin)).pools.map(({ name }) => name);
    if (!names.includes(pool)) throw unknown("--pool: no pool", pool, names);
  }
  if (backend === undefined) return;
  const backends = (await askBackends(admin)).backends.filter(
    (one) => pool === undefined || one.pool === pool,
  );
  if (backends.some((one) => one.name === backend || nameOf(one) === backend)) return;
  const known = backend.includes("/") ? backends.map(nameOf) : backends.map(({ name }) => name);
  const where = pool === undefined ? "no pool" : `the pool ${quote(pool)}`;
  throw unknown(`--backend: ${where} has ${pool === undefined ? "a" : "no"} backend`, backend, known);
}

function unknown(what: string, name: string, known: readonly string[]): UsageError {
  const all = known.length <= MOST_SHOWN ? known.map(quote).join(", ") : `${known.length} others`;
  const hint =
    didYouMean(name, known) || `; there ${known.length === 1 ? "is" : "are"} ${all === "" ? "none" : all}`;
  return new UsageError(`${what} ${quote(name)}${hint}`);
}
