/** What the commands that ask a running balancer have in common: how they find it, and where they print. */
import { type AdminFlags, findAdmin } from "./admin-access.js";
import { AdminClient } from "./admin-client.js";
import { createOutput, type Output } from "./output.js";

export interface AskFlags extends AdminFlags {
  /** Print the API's answer as it is. */
  readonly json?: true;
}

/** Lets a command ask; the connections to the balancer close afterwards. */
export async function withAdmin(
  flags: AdminFlags,
  ask: (client: AdminClient, output: Output) => Promise<void>,
): Promise<void> {
  const client = new AdminClient(await findAdmin(flags, process.env));
  try {
    await ask(client, createOutput(process.stdout, process.env));
  } finally {
    client.close();
  }
}

/** Prints an answer as it is, or its lines for people. */
export function show<T>(
  output: Output,
  json: true | undefined,
  answer: T,
  render: (answer: T) => string[],
): void {
  if (json) output.json(answer);
  else output.lines(render(answer));
}
