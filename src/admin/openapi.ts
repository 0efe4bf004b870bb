/** The API's description, OpenAPI 3.1, made from the schemas of the routes by @fastify/swagger. */
import swagger from "@fastify/swagger";
import type { FastifySchema } from "fastify";
import { z } from "zod";
import type { App } from "./app.js";
import * as figures from "./schema-figures.js";
import * as answers from "./schemas.js";

type Json = Record<string, unknown>;

/** Answers that have a name of their own in the document. */
const COMPONENTS = {
  Error: answers.errorView,
  Problem: answers.problemView,
  Status: answers.statusView,
  Traffic: figures.traffic,
  Drops: figures.drops,
  FlowEnds: figures.flowEnds,
  ReplyTime: figures.replyTimeView,
  Probes: figures.probesView,
  Listener: figures.listenerView,
  ListenerList: answers.listenersView,
  Pool: figures.poolView,
  PoolList: answers.poolsView,
  Backend: figures.backendView,
  BackendList: answers.backendsView,
  Source: figures.sourceView,
  Worker: figures.workerView,
  Flow: answers.flowView,
  FlowPage: answers.flowsView,
  Reload: answers.reloadView,
  Plan: answers.planView,
  ReloadOrPlan: answers.putConfigView,
  Explanation: answers.explanationView,
  Event: answers.eventView,
  EventList: answers.eventsView,
  Counters: answers.countersView,
  History: answers.historyView,
  ConfigDocument: answers.configDocument,
} as const satisfies Record<string, z.ZodType>;

const DESCRIPTION = `What the admin side of sluice answers. Errors are \`Error\`; a request that is malformed, or has a query or body key
that is not listed here, gets 400. Times are milliseconds (\`…Ms\`) or moments (\`…At\`, ISO 8601). Numbers that do not exist are null.`;

/** Before the routes. Afterwards `app.swagger()` is the document. */
export async function describeApi(app: App, version: string): Promise<void> {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(COMPONENTS)) registry.add(schema, { id });
  await app.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: { title: "sluice", version, description: DESCRIPTION },
      components: { securitySchemes: { token: { type: "http", scheme: "bearer" } } },
      security: [{ token: [] }, {}],
    },
    transform: ({ schema, url }) => ({ schema: toJson(schema, registry), url }),
    transformObject: (document) => {
      const { openapiObject } = document as { openapiObject: Json };
      const components = openapiObject.components as Json;
      return { ...openapiObject, components: { ...components, schemas: listComponents(registry) as never } };
    },
  });
}

type Registry = ReturnType<typeof z.registry<{ id: string }>>;

const reference = (id: string): string => `#/components/schemas/${id}`;

function listComponents(registry: Registry): Json {
  const { schemas } = z.toJSONSchema(registry, { uri: reference, io: "input" });
  return Object.fromEntries(Object.entries(schemas).map(([id, schema]) => [id, withoutHead(schema as Json)]));
}

/** A route's schema with JSON Schema in place of zod. */
function toJson(schema: FastifySchema | undefined, registry: Registry): FastifySchema {
  const { querystring, params, headers, body, response, ...rest } = (schema ?? {
    hide: true,
  }) as FastifySchema & Json;
  const input = { querystring, params, headers, body };
  const inputs = Object.entries(input).flatMap(([part, value]) =>
    value === undefined ? [] : [[part, convert(value, registry)] as const],
  );
  const responses = Object.entries((response ?? {}) as Record<string, unknown>).map(
    ([status, value]) => [status, convert(value, registry)] as const,
  );
  const withErrors = Object.fromEntries([
    ...responses,
    [
      "default",
      {
        description: "Not done, and why.",
        content: { "application/json": { schema: { $ref: reference("Error") } } },
      },
    ],
  ]);
  return { ...rest, ...Object.fromEntries(inputs), response: withErrors } as FastifySchema;
}

/** zod as JSON Schema, wherever it is in plain data. */
function convert(value: unknown, registry: Registry): unknown {
  if (value instanceof z.ZodType) {
    const id = registry.get(value)?.id;
    if (id !== undefined) {
      const { description = id } = z.toJSONSchema(value, { io: "input" });
      return { description, content: { "application/json": { schema: { $ref: reference(id) } } } };
    }
    return withoutHead(z.toJSONSchema(value, { io: "input" }) as Json);
  }
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, convert(inner, registry)]));
}

function withoutHead({ $schema, $id, ...schema }: Json): Json {
  return schema;
}
