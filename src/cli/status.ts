/** `sluice status`: one screen of a running balancer. */
import { askBackends, askCounters, askListeners, askPools, askStatus } from "./admin-answers.js";
import type { AdminClient } from "./admin-client.js";
import { type AskFlags, show, withAdmin } from "./admin-command.js";
import { renderStatus, type StatusAnswers } from "./view/status-view.js";

export function showStatus({ json, ...flags }: AskFlags): Promise<void> {
  return withAdmin(flags, async (client, output) => {
    show(output, json, await askAll(client), (answers) => renderStatus(answers, output));
  });
}

async function askAll(client: AdminClient): Promise<StatusAnswers> {
  // First alone: when nothing listens there, one error is enough.
  const status = await askStatus(client);
  const [listeners, pools, backends, counters] = await Promise.all([
    askListeners(client),
    askPools(client),
    askBackends(client),
    askCounters(client, { query: { since: "1s" } }),
  ]);
  return { status, ...listeners, ...pools, ...backends, counters };
}
