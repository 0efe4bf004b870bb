/** Backends: to look at, and to drain, enable, disable and weigh. */
import { setTimeout as delay } from "node:timers/promises";
import type { Actor, BackendControl, BackendStats } from "../../api.js";
import { parseDuration } from "../../config/units.js";
import type { AdminState } from "../../core/snapshot.js";
import type { Api, App } from "../app.js";
import { throwUnknown } from "../request-error.js";
import { backendView } from "../schema-figures.js";
import { backendParams, backendPatch, backendsQuery, noQuery } from "../schema-requests.js";
import { backendsView } from "../schemas.js";
import { toView } from "../to-view.js";

const tags = ["Backends"];
/** Longer than a change takes to be in force on every worker. */
const IN_FORCE_MS = 500;
const LOOK_EVERY_MS = 5;

export function addBackendRoutes(app: App, { balancer }: Api): void {
  const find = ({ pool, name }: { readonly pool: string; readonly name: string }): BackendStats =>
    balancer.stats().backends.find((backend) => backend.pool === pool && backend.name === name) ??
    throwUnknown("BACKEND_UNKNOWN", "backend", `${pool}/${name}`);
  app.get(
    "/api/v1/backends",
    {
      schema: {
        ...{ tags, summary: "Backends, all or some" },
        ...{ querystring: backendsQuery, response: { 200: backendsView } },
      },
    },
    ({ query: { pool, health, admin } }) => ({
      backends: toView(
        balancer
          .stats()
          .backends.filter(
            (backend) =>
              (pool === undefined || backend.pool === pool) &&
              (health === undefined || backend.health === health) &&
              (admin === undefined || backend.admin === admin),
          ),
      ),
    }),
  );
  app.get(
    "/api/v1/backends/:pool/:name",
    {
      schema: {
        ...{ tags, summary: "One backend", querystring: noQuery },
        ...{ params: backendParams, response: { 200: backendView } },
      },
    },
    ({ params }) => toView(find(params)),
  );
  app.patch(
    "/api/v1/backends/:pool/:name",
    {
      config: { access: "write" },
      schema: {
        ...{ tags, summary: "Change a backend's state or weight, until a reload changes it" },
        description: "Outlives reloads, until one changes that backend's own state or weight.",
        ...{
          querystring: noQuery,
          params: backendParams,
          body: backendPatch,
          response: { 200: backendView },
        },
      },
    },
    async ({ params, body: { admin, weight, deadline }, actor }) => {
      const { pool, name } = find(params);
      const full = `${pool}/${name}`;
      const deadlineMs = deadline === undefined ? undefined : parseDuration(deadline);
      if (weight !== undefined) balancer.backends.weight(full, weight, actor);
      if (admin !== undefined) setState(balancer.backends, full, admin, deadlineMs, actor);
      const isDone = (backend: BackendStats) =>
        backend.admin === (admin ?? backend.admin) && backend.weight === (weight ?? backend.weight);
      return toView(await waitFor(() => find(params), isDone));
    },
  );
}

/** What it gives once it fits: changes gather for a moment before they are in force. At the latest, what is there then. */
async function waitFor<T>(look: () => T, fits: (value: T) => boolean): Promise<T> {
  const untilMs = performance.now() + IN_FORCE_MS;
  for (;;) {
    const value = look();
    if (fits(value) || performance.now() > untilMs) return value;
    await delay(LOOK_EVERY_MS);
  }
}

function setState(
  backends: BackendControl,
  name: string,
  state: AdminState,
  deadlineMs: number | undefined,
  actor: Actor,
): void {
  if (state === "enabled") backends.enable(name, actor);
  else if (state === "disabled") backends.disable(name, actor);
  else backends.drain(name, { deadlineMs }, actor);
}
