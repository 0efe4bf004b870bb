/** The API as a fastify application: every request passes the same checks before its route, and every refusal looks the same. */
import type { IncomingMessage } from "node:http";
import { type FastifyReply, type FastifyRequest, fastify } from "fastify";
import type { Actor } from "../api.js";
import type { Api, App } from "./app.js";
import type { Auth, Origin } from "./auth.js";
import { checkHost } from "./host-check.js";
import { describeApi } from "./openapi.js";
import { addPage } from "./page.js";
import { describeRefusal, RequestError } from "./request-error.js";
import { addBackendRoutes } from "./routes/backends.js";
import { addConfigRoutes } from "./routes/config.js";
import { addEventRoutes } from "./routes/events.js";
import { addFigureRoutes } from "./routes/figures.js";
import { addFlowRoutes } from "./routes/flows.js";
import { addHistoryRoutes } from "./routes/history.js";
import { addProbeRoutes } from "./routes/probes.js";
import { addTapRoute } from "./routes/tap.js";
import { noQuery } from "./schema-requests.js";
import { compileValidator } from "./validation.js";

const MAX_BODY_BYTES = 1024 * 1024;
/** Longer than any name in a path may be once it is escaped. */
const MAX_PARAM_LENGTH = 1024;
const MAX_SHOWN_PATH = 200;
const ROUTES: readonly ((app: App, api: Api) => void)[] = [
  addFigureRoutes,
  addBackendRoutes,
  addFlowRoutes,
  addConfigRoutes,
  addEventRoutes,
  addHistoryRoutes,
  addTapRoute,
  addProbeRoutes,
];

/** What may change while the server runs. */
export interface Rules {
  readonly auth: Auth;
  /** Names that the API answers to, in lower case. */
  readonly hosts: readonly string[];
}

export interface AppOptions {
  readonly rules: () => Rules;
  /** Where a request came in. */
  readonly originOf: (request: IncomingMessage) => Origin;
  /** Where the page is. Default: where the build puts it. */
  readonly pageFolder?: string | undefined;
}

/** Ready to be asked: `app.routing` takes requests from any server. */
export async function createApp(api: Api, options: AppOptions): Promise<App> {
  const refuse = createRefuse(api);
  const app: App = fastify({
    logger: false,
    bodyLimit: MAX_BODY_BYTES,
    routerOptions: { maxParamLength: MAX_PARAM_LENGTH },
    // Bad escapes in a path and the like: no hook or handler runs for them.
    frameworkErrors: (error, request, reply) =>
      refuse(error, request as FastifyRequest, reply as FastifyReply),
  });
  app.setValidatorCompiler(compileValidator);
  app.setSerializerCompiler(() => (data) => JSON.stringify(data));
  app.setErrorHandler(refuse);
  app.setNotFoundHandler(({ method, url }) => {
    const path = url.split("?", 1)[0].slice(0, MAX_SHOWN_PATH);
    throw new RequestError(404, "ROUTE_UNKNOWN", `nothing at ${method} ${path}`);
  });
  // Until a request has been checked nobody asks; no route runs before.
  app.decorateRequest("actor", null as unknown as Actor);
  app.addHook("onRequest", async (request) => check(request, options));
  await describeApi(app, api.version);
  for (const add of ROUTES) add(app, api);
  app.get("/api/v1/openapi.json", { schema: { hide: true, querystring: noQuery } }, () => app.swagger());
  await addPage(app, options.pageFolder);
  await app.ready();
  return app;
}

/** Before anything of a request is read but its head. @throws RequestError */
function check(request: FastifyRequest, { rules, originOf }: AppOptions): void {
  const { auth, hosts } = rules();
  const origin = originOf(request.raw);
  const { access = "read" } = request.routeOptions.config;
  // No browser reaches a Unix socket. And what asks whether this machine lives need not know its name.
  if (origin.kind !== "unix" && access !== "open") checkHost(request.headers, hosts);
  request.actor = auth.check(access, request.headers.authorization, origin, performance.now());
}

function createRefuse({ warn }: Pick<Api, "warn">) {
  return (error: unknown, { method, routeOptions }: FastifyRequest, reply: FastifyReply): void => {
    const { status, headers, view, isDefect } = describeRefusal(error);
    if (isDefect) warn("admin_defect", `${method} ${routeOptions.url}: ${String(error)}`);
    reply.status(status).headers(headers).type("application/json").send(view);
  };
}
