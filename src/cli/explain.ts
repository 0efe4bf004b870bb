/** `sluice explain`: where a client's next datagram would go, and why. */

import { parseClient } from "../core/client-address.js";
import { askExplanation } from "./admin-answers.js";
import { type AskFlags, show, withAdmin } from "./admin-command.js";
import { readArgument } from "./errors.js";
import { renderExplanation } from "./view/explain-view.js";

export interface ExplainFlags extends AskFlags {
  readonly listener?: string;
}

export async function explain(client: string, { json, listener, ...flags }: ExplainFlags): Promise<void> {
  readArgument("client", client, parseClient);
  return withAdmin(flags, async (admin, output) => {
    const explanation = await askExplanation(admin, { query: { client, listener } });
    show(output, json, explanation, () => renderExplanation(explanation, output));
  });
}
