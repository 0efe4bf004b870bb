/** An HTTP server that answers as a balancer's admin API, or as one that has gone wrong. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";
import {
  backendSample,
  countersSample,
  eventSamples,
  explanationSample,
  flowSample,
  historySample,
  listenerSample,
  poolSample,
  statusSample,
} from "#src/cli/samples.testing.js";

export interface AskedRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

type Handler = (request: AskedRequest, response: ServerResponse) => unknown;

export interface FakeAdmin {
  /** For `--admin`. */
  readonly address: string;
  readonly asked: AskedRequest[];
  readonly server: Server;
}

/**
 * Routes are `METHOD /path` without the query. What a handler returns is sent as JSON; undefined means that it has answered by
 * itself. A string is sent as it is.
 */
export async function openFakeAdmin(
  t: TestContext,
  routes: Readonly<Record<string, Handler | object | string>> = {},
  listen: { readonly path?: string } = {},
): Promise<FakeAdmin> {
  const asked: AskedRequest[] = [];
  const server = createServer(async (message, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of message) chunks.push(chunk as Buffer);
    const { method = "", url = "", headers } = message;
    const request = { method, url, headers, body: Buffer.concat(chunks).toString() };
    asked.push(request);
    const key = `${method} ${url.split("?")[0]}`;
    const route = routes[key] ?? routes["*"] ?? ANSWERS[key];
    const answer = typeof route === "function" ? route(request, response) : route;
    if (answer === undefined && route !== undefined) return;
    if (answer === undefined) refuse(response, 404, "ROUTE_UNKNOWN", `nothing at ${key}`);
    else sendJson(response, answer);
  });
  if (listen.path === undefined) server.listen(0, "127.0.0.1");
  else server.listen(listen.path);
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = (server.address() ?? {}) as AddressInfo;
  return { address: listen.path === undefined ? `127.0.0.1:${port}` : `unix:${listen.path}`, asked, server };
}

/** Answers as the API refuses. */
export function refuse(
  response: ServerResponse,
  status: number,
  code: string,
  message: string,
  problems?: readonly object[],
): undefined {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify({ error: { code, message, problems } }));
  return undefined;
}

function sendJson(response: ServerResponse, answer: unknown): void {
  if (response.writableEnded) return;
  if (!response.headersSent) response.writeHead(200, { "content-type": "application/json", etag: '"v3"' });
  response.end(typeof answer === "string" ? answer : JSON.stringify(answer));
}

const NAMES = ["a", "b"];
const NONE = { added: [], removed: [], changed: [] };

/** A small balancer that is well. */
const ANSWERS: Readonly<Record<string, Handler | object | string>> = {
  "GET /api/v1/status": statusSample(),
  "GET /api/v1/listeners": { listeners: [listenerSample()] },
  "GET /api/v1/pools": { pools: [poolSample()] },
  "GET /api/v1/backends": { backends: NAMES.map((name) => backendSample(name)) },
  "GET /api/v1/counters": countersSample(NAMES),
  "GET /api/v1/history": historySample(NAMES),
  "GET /api/v1/events": { events: eventSamples(), missed: 0 },
  "GET /api/v1/flows": { flows: [flowSample()], next: null },
  "GET /api/v1/explain": explanationSample(),
  "GET /api/v1/config": { listeners: [], pools: [] },
  "POST /api/v1/reload": { version: 4, listeners: NONE, pools: NONE, backends: NONE },
};
