/** The backends of a pool as `explain` shows them: who may get a new key, why or why not, and how likely. */
import type { ExplainedBackend } from "./api.js";
import { candidatesOf, weightedCandidatesOf } from "./core/routing.js";
import type { BackendEntry, PoolEntry } from "./core/snapshot.js";

/** @param chosen the slot that a consistent policy gives the key; undefined for other policies */
export function explainBackends(
  pool: PoolEntry,
  chosen: number | undefined,
  reasonOf: (slot: number) => string,
): ExplainedBackend[] {
  const candidates = new Set(candidatesOf(pool).map(({ slot }) => slot));
  const chances = chancesOf(pool, chosen);
  return pool.backends.map((backend) => ({
    name: backend.name,
    admin: backend.admin,
    health: backend.health,
    weight: backend.weight,
    share: backend.share ?? 1,
    backup: backend.backup ?? false,
    takesKeys: candidates.has(backend.slot),
    why: candidates.has(backend.slot) ? whyItDoes(backend, pool) : whyNot(backend, reasonOf(backend.slot)),
    chance: candidates.has(backend.slot) ? chances(backend.slot) : 0,
  }));
}

/** Of a candidate. */
function chancesOf(pool: PoolEntry, chosen: number | undefined): (slot: number) => number | undefined {
  if (chosen !== undefined) return (slot) => (slot === chosen ? 1 : 0);
  const candidates = weightedCandidatesOf(pool);
  const byLoad = pool.policy === "least-flows" || pool.policy === "least-outstanding";
  if (byLoad && candidates.length > 1) return () => undefined;
  const total = candidates.reduce((sum, { weight }) => sum + weight, 0);
  const weights = new Map(candidates.map(({ slot, weight }) => [slot, weight]));
  return (slot) => (weights.get(slot) ?? 0) / total;
}

function whyItDoes({ health, share = 1, backup }: BackendEntry, pool: PoolEntry): string {
  if (health === "down") return "down, but no backend of the pool is up, and it fails open";
  if (backup) return "a backup whose turn it is: no other backend takes new keys";
  if (share < 1) return `enabled and up, with ${Math.round(share * 100)} % of its weight`;
  return pool.backends.length === 1 ? "the only backend" : "enabled and up";
}

function whyNot({ admin, health, weight, backup }: BackendEntry, reason: string): string {
  if (admin !== "enabled") return reason === "" || reason === "configured" ? admin : `${admin}: ${reason}`;
  if (weight === 0) return "its weight is 0";
  if (health === "down") return reason === "" ? "down" : `down: ${reason}`;
  return backup ? "a backup: other backends take new keys" : "others come first";
}
