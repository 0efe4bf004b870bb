/** The names of a running balancer's backends, for completion: quickly, or none at all. */
import { type AdminFlags, findAdmin } from "../admin-access.js";
import { askBackends } from "../admin-answers.js";
import { AdminClient } from "../admin-client.js";

/** Nobody waits longer for a Tab. */
const TIMEOUT_MS = 1_000;
/** As a config may have them: nothing that a shell would take for something else. */
const NAME = /^[\w.\-:[\]%/]+$/;

/** One a line; where several pools have a name, with its pool. Nothing, whatever goes wrong. */
export async function printBackendNames(flags: AdminFlags): Promise<void> {
  try {
    const client = new AdminClient(await findAdmin(flags, process.env));
    const { backends } = await askBackends(client, { timeoutMs: TIMEOUT_MS }).finally(() => client.close());
    process.stdout.write(
      listNames(backends)
        .map((name) => `${name}\n`)
        .join(""),
    );
  } catch {
    // The shell offers nothing then.
  }
}

export function listNames(backends: readonly { readonly pool: string; readonly name: string }[]): string[] {
  const uses = new Map<string, number>();
  for (const { name } of backends) uses.set(name, (uses.get(name) ?? 0) + 1);
  return backends
    .map(({ pool, name }) => ((uses.get(name) ?? 0) > 1 ? `${pool}/${name}` : name))
    .filter((name) => NAME.test(name));
}
