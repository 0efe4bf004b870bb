/** Pools as the API tells of them: what the config says of each, and the sums over its backends. */
import { z } from "zod";
import type { BackendStats, Balancer } from "../api.js";
import { POOL_STATES, type PoolState } from "./schema-figures.js";
import type { PoolView } from "./schemas.js";
import { sumTraffic } from "./sum-traffic.js";

/** What the config in force says of pools, as far as it is told here. */
const poolsOfDocument = z.object({
  pools: z.array(
    z.object({ name: z.string(), policy: z.string(), affinity: z.string(), failOpen: z.boolean() }),
  ),
});

export function listPools(balancer: Pick<Balancer, "config" | "stats">): PoolView[] {
  const { backends } = balancer.stats();
  return poolsOfDocument.parse(balancer.config.document).pools.map((pool) => {
    const own = backends.filter((backend) => backend.pool === pool.name);
    return { ...pool, ...sumBackends(own) };
  });
}

/** Every backend in one state: what an operator asked for goes before its health. */
export function countPoolStates(backends: readonly BackendStats[]): Record<PoolState, number> {
  const counts = Object.fromEntries(POOL_STATES.map((state) => [state, 0])) as Record<PoolState, number>;
  for (const { admin, health } of backends) counts[admin === "enabled" ? health : admin]++;
  return counts;
}

function sumBackends(backends: readonly BackendStats[]) {
  const sum = (value: (backend: BackendStats) => number) =>
    backends.reduce((total, backend) => total + value(backend), 0);
  const states = countPoolStates(backends);
  return {
    backends: backends.map(({ name }) => name),
    total: backends.length,
    up: states.up,
    states,
    requests: sumTraffic(backends, "requests"),
    replies: sumTraffic(backends, "replies"),
    activeFlows: sum(({ activeFlows }) => activeFlows),
    openedFlows: sum(({ openedFlows }) => openedFlows),
    outstanding: sum(({ outstanding }) => outstanding),
    refused: sum(({ refused }) => refused),
    queueDrops: sum(({ queueDrops }) => queueDrops),
  };
}
