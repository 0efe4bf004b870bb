/** Live flows: to look at, to end, and where one of a client would go. */
import type { Api, App } from "../app.js";
import { RequestError } from "../request-error.js";
import { explainQuery, flowParams, flowsQuery, noQuery } from "../schema-requests.js";
import { explanationView, flowsView } from "../schemas.js";
import { toView, withoutUndefined } from "../to-view.js";

const tags = ["Flows"];

export function addFlowRoutes(app: App, { balancer }: Api): void {
  app.get(
    "/api/v1/flows",
    {
      schema: {
        tags,
        summary: "Live flows, a page at a time",
        querystring: flowsQuery,
        response: { 200: flowsView },
      },
    },
    ({ query }) => {
      // One more than was asked for tells whether there is another page.
      const found = balancer.flows(withoutUndefined({ ...query, limit: query.limit + 1 }));
      const flows = toView(found.slice(0, query.limit));
      return { flows, next: found.length > query.limit ? (flows.at(-1)?.id ?? null) : null };
    },
  );
  app.delete(
    "/api/v1/flows/:id",
    {
      config: { access: "write" },
      schema: {
        ...{ tags, summary: "End a live flow", querystring: noQuery, params: flowParams },
        response: { 204: { description: "It is over.", type: "null" } },
      },
    },
    async ({ params: { id }, actor }, reply) => {
      if (!(await balancer.endFlow(id, actor))) {
        throw new RequestError(404, "FLOW_UNKNOWN", "no such flow, or it is over already");
      }
      return reply.status(204).send();
    },
  );
  app.get(
    "/api/v1/explain",
    {
      schema: {
        ...{ tags, summary: "Where a datagram of a client would go now, and why" },
        ...{ querystring: explainQuery, response: { 200: explanationView } },
      },
    },
    ({ query }) => toView(balancer.explain(withoutUndefined(query))),
  );
}
