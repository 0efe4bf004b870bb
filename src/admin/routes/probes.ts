/** What other machines ask without a token: is it alive, is it ready; and what Prometheus asks. */

import type { Api, App } from "../app.js";
import { noQuery } from "../schema-requests.js";

const tags = ["Monitoring"];
const TEXT = "text/plain; charset=utf-8";

const plain = (description: string) => ({
  description,
  content: { "text/plain": { schema: { type: "string" } } },
});

export function addProbeRoutes(app: App, { balancer, prometheus }: Api): void {
  app.get(
    "/healthz",
    {
      config: { access: "open" },
      schema: {
        tags,
        security: [],
        summary: "Whether the process lives",
        response: { 200: plain("It does.") },
      },
    },
    (_, reply) => reply.type(TEXT).send("ok\n"),
  );
  app.get(
    "/readyz",
    {
      config: { access: "open" },
      schema: {
        ...{ tags, security: [], summary: "Whether it may be sent traffic" },
        description:
          "Listeners are open, every configured probe has had its first results, and every pool that a listener uses has a backend " +
          "that takes keys and is `up` or `untried`.",
        response: { 200: plain("It may."), 503: plain("Not now, and what it waits for.") },
      },
    },
    (_, reply) => {
      const { isReady, awaiting } = balancer.stats().ready;
      if (isReady) return reply.type(TEXT).send("ok\n");
      return reply
        .status(503)
        .type(TEXT)
        .send(`waits for:\n${awaiting.join("\n")}\n`);
    },
  );
  app.get(
    "/metrics",
    {
      schema: {
        ...{ tags, summary: "The figures for Prometheus", querystring: noQuery },
        response: { 200: plain("Prometheus' text format.") },
      },
    },
    async (_, reply) => reply.type(prometheus.contentType).send(await prometheus.text()),
  );
}
