/** `sluice flows` and `sluice end-flow`: live flows, listed and ended. */
import { askFlows } from "./admin-answers.js";
import { type AskFlags, show, withAdmin } from "./admin-command.js";
import { renderFlows } from "./view/flows-view.js";

export interface FlowsFlags extends AskFlags {
  readonly client?: string;
  readonly listener?: string;
  readonly pool?: string;
  readonly backend?: string;
  readonly limit: number;
  readonly after?: string;
}

export function showFlows({
  json,
  client,
  listener,
  pool,
  backend,
  limit,
  after,
  ...flags
}: FlowsFlags): Promise<void> {
  return withAdmin(flags, async (admin, output) => {
    const page = await askFlows(admin, { query: { client, listener, pool, backend, limit, after } });
    show(output, json, page, () => renderFlows(page, output));
    if (!json && typeof page.next === "string") output.note(`there are more: --after ${page.next}`);
  });
}

export function endFlow(id: string, flags: AskFlags): Promise<void> {
  return withAdmin(flags, async (admin, output) => {
    await admin.ask(`/api/v1/flows/${encodeURIComponent(id)}`, { method: "DELETE" });
    if (!flags.json) output.line(`flow ${id} has ended`);
  });
}
