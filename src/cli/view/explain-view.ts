/** `sluice explain` in sentences, and its candidates as a table. */
import type { ExplanationView } from "../../admin/schemas.js";
import { printable } from "../printable.js";
import { formatBackendState } from "./backend-state.js";
import { formatPart } from "./figures.js";
import type { Look } from "./status-view.js";
import { type Cell, renderTable, right } from "./table.js";

/** With nothing where there is nothing, whether the balancer said null or left it out. */
interface Explained extends Omit<ExplanationView, "hash" | "flow" | "backend" | "dropReason"> {
  readonly hash: number | undefined;
  readonly flow: string | undefined;
  readonly backend: string | undefined;
  readonly dropReason: string | undefined;
}

export function renderExplanation(view: ExplanationView, look: Look): string[] {
  const { hash, flow, backend, dropReason } = view;
  const explanation = {
    ...view,
    hash: hash ?? undefined,
    flow: flow ?? undefined,
    backend: backend ?? undefined,
    dropReason: dropReason ?? undefined,
  };
  const { candidates, notes } = explanation;
  return [
    ...describe(explanation, look),
    ...(candidates.length === 0 ? [] : ["", ...renderCandidates(explanation, look)]),
    ...(notes.length === 0 ? [] : ["", ...notes.map((note) => printable(`note: ${note}`))]),
  ];
}

function describe(explanation: Explained, { paint }: Look): string[] {
  const { client, listener, pool, policy, affinity, key, hash, flow } = explanation;
  const facts: readonly (readonly [string, string])[] = [
    ["client", client],
    ["listener", listener],
    ["pool", `${pool} (policy ${policy}, affinity ${affinity})`],
    ...(key === "" ? [] : [["key", `${key}${hash === undefined ? "" : `, hash ${hash}`}`] as const]),
    ...(flow === undefined ? [] : [["flow", flow] as const]),
    ["why", explanation.reason],
  ];
  return [
    paint(printable(headline(explanation)), explanation.verdict === "dropped" ? "red" : "bold"),
    ...facts.map(([name, text]) => `  ${paint(name.padEnd(8), "dim")}  ${printable(text)}`),
  ];
}

/** The answer first. A verdict that this command does not know yet is shown as it is. */
function headline({ verdict, backend, client, listener, dropReason }: Explained): string {
  const who = `a datagram of ${client} on ${listener}`;
  const to = backend === undefined ? "one of several backends" : `backend ${backend}`;
  const sentences: Readonly<Record<string, string>> = {
    flow: `${who} goes to ${to}: a live flow holds the client`,
    binding: `${who} goes to ${to}: its affinity key is bound to it`,
    chosen: `${who} goes to ${to}: the policy gives its key always the same backend`,
    next: `${who} goes to ${to}: the policy decides at that moment`,
    dropped: `${who} is dropped${dropReason === undefined ? "" : `: ${dropReason}`}`,
  };
  return sentences[verdict] ?? `${who}: ${verdict}, ${to}`;
}

function renderCandidates({ candidates, backend }: Explained, look: Look): string[] {
  const rows = candidates.map((candidate): Cell[] => [
    { text: candidate.name, style: candidate.name === backend ? "bold" : undefined },
    formatBackendState(candidate),
    ...[String(candidate.weight), formatPart(candidate.chance)],
    candidate.takesKeys ? { text: "yes", style: "green" } : { text: "no", style: "yellow" },
    candidate.why,
  ]);
  return renderTable(
    [
      { title: "CANDIDATE", least: 12 },
      { title: "STATE" },
      ...right("WEIGHT", "CHANCE"),
      { title: "NEW KEYS" },
      { title: "WHY", least: 10 },
    ],
    rows,
    look,
  );
}
