/** The backends of a pool as `explain` shows them: who may get a new key, why or why not, and how likely. */
import type { ExplainedBackend } from "./api.js";
import type { HealthState } from "./core/health-state.js";
import { candidatesOf, weightedCandidatesOf } from "./core/routing.js";
import type { BackendEntry, PoolEntry } from "./core/snapshot.js";
import type { HealthStatus } from "./health/monitor.js";
import { healthInForce } from "./stats.js";

/** @param chosen the slot that a consistent policy gives the key; undefined for other policies */
export function explainBackends(
  pool: PoolEntry,
  chosen: number | undefined,
  statuses: ReadonlyMap<number, HealthStatus>,
): ExplainedBackend[] {
  const candidates = new Set(candidatesOf(pool).map(({ slot }) => slot));
  const chances = chancesOf(pool, chosen);
  return pool.backends.map((backend) => {
    const status = statuses.get(backend.slot);
    const health = healthInForce(backend, status);
    const takesKeys = candidates.has(backend.slot);
    const described = { ...backend, health, reason: status?.reason ?? "" };
    return {
      ...{ name: backend.name, admin: backend.admin, health, weight: backend.weight },
      ...{ share: backend.share ?? 1, backup: backend.backup ?? false, takesKeys },
      why: takesKeys ? whyItDoes(described, pool) : whyNot(described),
      chance: takesKeys ? chances(backend.slot) : 0,
    };
  });
}

type Described = BackendEntry & { readonly health: HealthState; readonly reason: string };

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

function whyItDoes(backend: Described, pool: PoolEntry): string {
  const { admitted, health, share = 1, backup } = backend;
  if (!admitted) return `${withReason(backend)}; no backend of the pool is up, and it fails open`;
  if (health === "failing") return `${withReason(backend)}; it stays in rotation all the same`;
  if (backup) return "a backup whose turn it is: no other backend takes new keys";
  if (share < 1) return `enabled and ${health}, with ${Math.round(share * 100)} % of its weight`;
  return pool.backends.length === 1 ? `the only backend, ${health}` : `enabled and ${health}`;
}

function whyNot(backend: Described): string {
  const { admin, admitted, weight, backup, reason } = backend;
  if (admin !== "enabled") return reason === "" || reason === "configured" ? admin : `${admin}: ${reason}`;
  if (weight === 0) return "its weight is 0";
  if (!admitted) return withReason(backend);
  return backup ? "a backup: other backends take new keys" : "others come first";
}

function withReason({ health, reason }: Described): string {
  return reason === "" ? health : `${health}: ${reason}`;
}
