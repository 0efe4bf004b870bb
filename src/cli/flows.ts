/** `sluice flows` and `sluice end-flow`: live flows, listed and ended. */

import { parseFlowId } from "../core/flow-id.js";
import { parseClientMatch } from "../flow-info.js";
import { askFlows } from "./admin-answers.js";
import { type AskFlags, show, withAdmin } from "./admin-command.js";
import { readArgument } from "./errors.js";
import { checkNames } from "./known-names.js";
import { renderFlows } from "./view/flows-view.js";

export interface FlowsFlags extends AskFlags {
  readonly client?: string;
  readonly listener?: string;
  readonly pool?: string;
  readonly backend?: string;
  readonly limit: number;
  readonly after?: string;
}

export async function showFlows({
  json,
  client,
  listener,
  pool,
  backend,
  limit,
  after,
  ...flags
}: FlowsFlags): Promise<void> {
  if (client !== undefined) readArgument("--client", client, parseClientMatch);
  if (after !== undefined) readArgument("--after", after, parseFlowId);
  return withAdmin(flags, async (admin, output) => {
    await checkNames(admin, { listener, pool, backend });
    const page = await askFlows(admin, { query: { client, listener, pool, backend, limit, after } });
    show(output, json, page, () => renderFlows(page, output));
    if (!json && typeof page.next === "string") output.note(`there are more: --after ${page.next}`);
  });
}

export async function endFlow(id: string, flags: AskFlags): Promise<void> {
  readArgument("id", id, parseFlowId);
  return withAdmin(flags, async (admin, output) => {
    await admin.ask(`/api/v1/flows/${encodeURIComponent(id)}`, { method: "DELETE" });
    if (!flags.json) output.line(`flow ${id} has ended`);
  });
}
