/** Pools as the API tells of them: what the config says of each, and the sums over its backends. */
import { z } from "zod";
import type { BackendStats, Balancer } from "../api.js";
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

function sumBackends(backends: readonly BackendStats[]) {
  const sum = (value: (backend: BackendStats) => number) =>
    backends.reduce((total, backend) => total + value(backend), 0);
  return {
    backends: backends.map(({ name }) => name),
    total: backends.length,
    up: backends.filter(({ admin, health }) => admin === "enabled" && health === "up").length,
    requests: sumTraffic(backends, "requests"),
    replies: sumTraffic(backends, "replies"),
    activeFlows: sum(({ activeFlows }) => activeFlows),
    openedFlows: sum(({ openedFlows }) => openedFlows),
    outstanding: sum(({ outstanding }) => outstanding),
    refused: sum(({ refused }) => refused),
    queueDrops: sum(({ queueDrops }) => queueDrops),
  };
}
