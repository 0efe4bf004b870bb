/** The config in force: to look at, to try another one, and to put one in force. */
import { stringify } from "yaml";
import type { ConfigPlan, ReloadResult } from "../../api.js";
import type { Api, App } from "../app.js";
import { keepAdmin, readConfigBody, withPlaces } from "../config-body.js";
import { RequestError } from "../request-error.js";
import { configHeaders, configJson, configQuery, configYaml, noQuery } from "../schema-requests.js";
import { configDocument, putConfigView, reloadView } from "../schemas.js";
import { toView } from "../to-view.js";

const tags = ["Config"];
const YAML = "application/yaml";
/** What a config may be sent as. JSON is part of YAML, so one parser reads both. */
const BODY_TYPES = ["application/json", YAML, "application/x-yaml", "text/yaml", "text/x-yaml"];

export function addConfigRoutes(app: App, api: Api): void {
  const { balancer } = api;
  app.get(
    "/api/v1/config",
    {
      schema: {
        ...{ tags, summary: "The config in force", querystring: noQuery },
        description: `Its version is the ETag. Accept: ${YAML} gives YAML. Secrets are "[redacted]".`,
        response: { 200: configDocument },
      },
    },
    ({ headers }, reply) => {
      const { version, document } = balancer.config;
      reply.header("etag", entityTag(version)).header("vary", "Accept");
      const isYaml = prefersYaml(headers.accept);
      const body = isYaml ? stringify(document) : document;
      // The schema, which describes the JSON form, has no word for a text.
      reply.type(isYaml ? `${YAML}; charset=utf-8` : "application/json").send(body as never);
    },
  );
  app.register(async (inner: App) => {
    inner.removeAllContentTypeParsers();
    inner.addContentTypeParser(BODY_TYPES, { parseAs: "string" }, (_, body, done) => done(null, body));
    addPut(inner, api);
  });
  app.post(
    "/api/v1/reload",
    {
      config: { access: "write" },
      schema: {
        ...{ tags, summary: "Read the config file again, as on SIGHUP", querystring: noQuery },
        response: { 200: reloadView },
      },
    },
    async ({ actor }) => {
      const { reloadFile } = api;
      if (reloadFile === undefined) {
        throw new RequestError(409, "NO_CONFIG_FILE", "the config does not come from a file");
      }
      return viewReload(await reloadFile(actor));
    },
  );
}

function addPut(app: App, { balancer, replaceConfig }: Api): void {
  app.put(
    "/api/v1/config",
    {
      config: { access: "write" },
      schema: {
        ...{ tags, summary: "Put a config in force", querystring: configQuery },
        description:
          "JSON or YAML, in the full or the short form. Needs If-Match with the ETag of the config that it takes the place of " +
          '(not with dryRun=1). In force only: no file is written, and a reload of the file undoes it. "[redacted]" keeps ' +
          "the running secret, and a config without admin keeps the running one. With dryRun=1 nothing changes, and the answer is a plan.",
        headers: configHeaders,
        body: { content: { "application/json": { schema: configJson }, [YAML]: { schema: configYaml } } },
        response: { 200: putConfigView },
      },
    },
    async ({ query, headers, body, actor }) => {
      const isTrial = query.dryRun === "1";
      const match = headers["if-match"];
      if (!isTrial && match === undefined) {
        throw new RequestError(
          428,
          "IF_MATCH_NEEDED",
          "expected If-Match with the ETag of the config to replace",
        );
      }
      const text = typeof body === "string" ? body : "";
      const config = keepAdmin(readConfigBody(text), balancer.config.document);
      const version = match === undefined ? undefined : readMatch(match, balancer.config.version);
      try {
        if (isTrial) return viewPlan(await balancer.plan(config, actor));
        return viewReload(await replaceConfig(config, version, actor));
      } catch (error) {
        throw withPlaces(error, text);
      }
    },
  );
}

function viewReload({ version, listeners, pools, backends }: ReloadResult) {
  return toView({ version, listeners, pools, backends });
}

function viewPlan(plan: ConfigPlan) {
  return toView(plan);
}

function entityTag(version: number): string {
  return `"v${version}"`;
}

/**
 * The version that must be in force still when it is replaced; undefined where any may be.
 * @throws RequestError 412 when it is another one already
 */
function readMatch(match: string, version: number): number | undefined {
  const tags = match.split(",").map((tag) => tag.trim());
  if (tags.includes("*")) return undefined;
  if (tags.includes(entityTag(version))) return version;
  const now = `the config in force is ${entityTag(version)} by now`;
  throw new RequestError(412, "CONFIG_CHANGED", `${now}: read it again`, { etag: entityTag(version) });
}

/** Whether YAML is asked for by name and JSON is not. */
function prefersYaml(accept = ""): boolean {
  return /\b(application|text)\/(x-)?yaml\b/i.test(accept) && !/\bapplication\/json\b/i.test(accept);
}
