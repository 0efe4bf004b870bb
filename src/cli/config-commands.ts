/** `sluice config show`, `diff` and `apply`, and `sluice reload`: the config in force, and others in its place. */
import { readFile } from "node:fs/promises";
import { ConfigError } from "../config/config-error.js";
import { askReload, readPlan, readReload } from "./admin-answers.js";
import type { AdminAnswer, AdminClient, AdminRequest } from "./admin-client.js";
import { type AskFlags, show, withAdmin } from "./admin-command.js";
import { AdminError, notSluice } from "./admin-errors.js";
import { UsageError } from "./errors.js";
import { printable } from "./printable.js";
import { renderPlan, renderReload } from "./view/changes-view.js";

export interface ApplyFlags extends AskFlags {
  /** Only when this version is still in force. */
  readonly ifVersion?: number;
}

const CONFIG = "/api/v1/config";
/** Sources of discovery are asked before a config is in force. */
const APPLY_TIMEOUT_MS = 60_000;

export function showConfig({ json, ...flags }: AskFlags): Promise<void> {
  return withAdmin(flags, async (client, output) => {
    if (json) output.json(await client.askJson(CONFIG));
    else output.line(printableLines((await askYaml(client)).text.trimEnd()));
  });
}

export function diffConfig(file: string, { json, ...flags }: AskFlags): Promise<void> {
  return withAdmin(flags, async (client, output) => {
    const body = await readConfig(file);
    const version = versionOf(await askYaml(client), client);
    const plan = readPlan(await putConfig(client, file, version, { query: { dryRun: 1 }, body }), client);
    show(output, json, plan, () => renderPlan(plan, output));
    if (!json) output.note(`compared with config ${version}, which is in force`);
  });
}

export function applyConfig(file: string, { json, ifVersion, ...flags }: ApplyFlags): Promise<void> {
  return withAdmin(flags, async (client, output) => {
    const body = await readConfig(file);
    const running = await client.ask(CONFIG);
    const version = ifVersion ?? versionOf(running, client);
    const result = readReload(await putConfig(client, file, version, { body }), client);
    show(output, json, result, () => renderReload(result, output));
    if (!json) output.note("the balancer's own config file is as it was: a reload of it undoes this");
  });
}

export function reload({ json, ...flags }: AskFlags): Promise<void> {
  return withAdmin(flags, async (client, output) => {
    const result = await askReload(client, { method: "POST", timeoutMs: APPLY_TIMEOUT_MS }).catch(
      throwProblems(""),
    );
    show(output, json, result, () => renderReload(result, output));
  });
}

const askYaml = (client: AdminClient) => client.ask(CONFIG, { headers: { accept: "application/yaml" } });

function putConfig(
  client: AdminClient,
  file: string,
  version: number,
  request: AdminRequest,
): Promise<unknown> {
  const headers = { "content-type": "application/yaml", "if-match": `"v${version}"` };
  return client
    .askJson(CONFIG, { method: "PUT", timeoutMs: APPLY_TIMEOUT_MS, ...request, headers })
    .catch(throwProblems(file));
}

/** `"v3"` → `3`. @throws AdminError */
function versionOf({ etag = "" }: Pick<AdminAnswer, "etag">, { access }: AdminClient): number {
  const version = /^"v(\d{1,15})"$/.exec(etag)?.[1];
  if (version === undefined) throw notSluice(access, "the config comes without its version");
  return Number(version);
}

/** What the balancer finds wrong with a file is told as `sluice check` tells it. */
function throwProblems(file: string): (error: unknown) => never {
  return (error) => {
    if (!(error instanceof AdminError) || error.problems.length === 0) throw error;
    throw new ConfigError(
      error.problems.map((problem) => ({ file: file === "" ? undefined : file, ...problem })),
      { cause: error, more: error.more },
    );
  };
}

async function readConfig(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    const { code = "" } = cause as NodeJS.ErrnoException;
    throw new UsageError(`${file}: ${code === "ENOENT" ? "no such file" : `cannot be read: ${code}`}`, {
      cause,
    });
  }
}

const printableLines = (text: string): string => text.split("\n").map(printable).join("\n");
