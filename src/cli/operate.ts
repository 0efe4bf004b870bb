/** `sluice drain`, `enable`, `disable` and `weight`: what an operator does to a backend. */
import type { BackendView } from "../admin/schemas.js";
import { didYouMean } from "../config/nearest.js";
import { askBackendChange, askBackends } from "./admin-answers.js";
import type { AdminClient } from "./admin-client.js";
import { type AskFlags, show, withAdmin } from "./admin-command.js";
import { UsageError } from "./errors.js";
import { printable } from "./printable.js";
import { formatBackendState } from "./view/backend-state.js";
import { plural } from "./view/figures.js";
import { nameOf } from "./view/rates.js";

export interface BackendChange {
  readonly admin?: "enabled" | "draining" | "disabled";
  readonly weight?: number;
  /** A duration such as `30s`. */
  readonly deadline?: string;
}

export function changeBackend(
  name: string,
  change: BackendChange,
  { json, ...flags }: AskFlags,
): Promise<void> {
  return withAdmin(flags, async (client, output) => {
    const after = await askBackendChange(client, await findBackend(client, name), change);
    // What was asked for holds from now on, also where workers hear of it only in a moment.
    show(output, json, after, () => [describe({ ...after, ...stateOf(change) })]);
  });
}

/** `pool/backend`, or a backend's own name where only one pool has it. */
async function findBackend(client: AdminClient, name: string): Promise<Pick<BackendView, "pool" | "name">> {
  const slash = name.indexOf("/");
  if (slash >= 0) return { pool: name.slice(0, slash), name: name.slice(slash + 1) };
  const { backends } = await askBackends(client);
  const found = backends.filter((backend) => backend.name === name);
  if (found.length === 1) return found[0];
  if (found.length > 1) {
    throw new UsageError(
      `several pools have a backend ${name}: say which of ${found.map(nameOf).join(", ")}`,
    );
  }
  const known =
    backends.length > 20 ? plural(backends.length, "other backend") : backends.map(nameOf).join(", ");
  // A short list says it better than a guess.
  const meant =
    backends.length > 20
      ? didYouMean(
          name,
          backends.map((backend) => backend.name),
        )
      : "";
  const hint = meant || `; there are ${known === "" ? "none" : known}`;
  throw new UsageError(`no pool has a backend ${name}${hint}`);
}

function stateOf({ admin, weight }: BackendChange): Partial<BackendView> {
  return { ...(admin !== undefined && { admin }), ...(weight !== undefined && { weight }) };
}

function describe(backend: BackendView): string {
  const { text } = formatBackendState(backend);
  const flows = plural(backend.activeFlows, "live flow");
  return printable(`${nameOf(backend)} is ${text}, weight ${backend.weight}, ${flows}: ${backend.reason}`);
}
