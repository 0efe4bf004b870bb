/** The figures: status, listeners, pools, backends to look at, and whether the balancer is ready. */
import type { Stats } from "../../api.js";
import type { Api, App } from "../app.js";
import { listPools } from "../pools.js";
import { throwUnknown } from "../request-error.js";
import { listenerView, poolView } from "../schema-figures.js";
import { nameParams, noQuery } from "../schema-requests.js";
import { listenersView, poolsView, type StatusView, statusView } from "../schemas.js";
import { sumTraffic } from "../sum-traffic.js";
import { toView } from "../to-view.js";

const tags = ["Figures"];

export function addFigureRoutes(app: App, { balancer, version, warnings }: Api): void {
  // Once, when it is first asked for: a start that moved with the clock's last digit would look like a restart.
  let startedAt: string | undefined;
  app.get(
    "/api/v1/status",
    {
      schema: {
        tags,
        summary: "The balancer as a whole",
        querystring: noQuery,
        response: { 200: statusView },
      },
    },
    () => {
      const stats = balancer.stats();
      startedAt ??= new Date(Date.now() - stats.uptimeMs).toISOString();
      return { ...viewStatus(stats, balancer.config.source, warnings()), ...{ version, startedAt } };
    },
  );
  app.get(
    "/api/v1/listeners",
    { schema: { tags, summary: "All listeners", querystring: noQuery, response: { 200: listenersView } } },
    () => ({ listeners: toView(balancer.stats().listeners) }),
  );
  app.get(
    "/api/v1/listeners/:name",
    {
      schema: {
        ...{ tags, summary: "One listener", querystring: noQuery },
        ...{ params: nameParams, response: { 200: listenerView } },
      },
    },
    ({ params }) => {
      const found = balancer.stats().listeners.find(({ name }) => name === params.name);
      return toView(found ?? throwUnknown("LISTENER_UNKNOWN", "listener", params.name));
    },
  );
  app.get(
    "/api/v1/pools",
    { schema: { tags, summary: "All pools", querystring: noQuery, response: { 200: poolsView } } },
    () => ({ pools: listPools(balancer) }),
  );
  app.get(
    "/api/v1/pools/:name",
    {
      schema: {
        ...{ tags, summary: "One pool", querystring: noQuery },
        ...{ params: nameParams, response: { 200: poolView } },
      },
    },
    ({ params }) =>
      listPools(balancer).find(({ name }) => name === params.name) ??
      throwUnknown("POOL_UNKNOWN", "pool", params.name),
  );
}

function viewStatus(
  stats: Stats,
  configSource: StatusView["configSource"],
  warnings: StatusView["warnings"],
): Omit<StatusView, "version" | "startedAt"> {
  const { plane, configVersion, uptimeMs, ready, listeners } = stats;
  return {
    ...{ pid: process.pid, node: process.version, plane, configVersion, configSource, uptimeMs },
    planeNotes: [...stats.planeNotes],
    ready: ready.isReady,
    awaiting: [...ready.awaiting],
    flows: toView(stats.flows),
    drops: toView(stats.drops),
    replyDrops: toView(stats.replyDrops),
    totals: { requests: sumTraffic(listeners, "requests"), replies: sumTraffic(listeners, "replies") },
    workers: toView(stats.workers),
    sources: toView(stats.sources),
    flowLog: toView(stats.flowLog),
    warnings,
  };
}
