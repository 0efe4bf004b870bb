/** What a reload changed, or would change, line by line: `+` added, `-` removed, `~` changed. */
import type { PlanView, ReloadView } from "../../admin/schemas.js";
import { printable } from "../printable.js";
import { formatPart, plural } from "./figures.js";
import type { Look } from "./status-view.js";

type Changes = Pick<ReloadView, "listeners" | "pools" | "backends">;

export function renderReload(result: ReloadView, look: Look): string[] {
  return [`config ${result.version} is in force`, ...renderChanges(result, look)];
}

export function renderPlan(plan: PlanView, look: Look): string[] {
  const { live, kept, moved, ended } = plan.flows;
  const keys = plan.keys.filter(({ share }) => (share ?? 0) > 0);
  return [
    ...renderChanges(plan, look),
    `of ${plural(live, "live flow")}: ${kept} stay, ${moved} move, ${ended} end`,
    ...keys.map(({ pool, share }) =>
      printable(`pool ${pool}: ${formatPart(share)} of all affinity keys go elsewhere`),
    ),
    ...plan.restartNeeded.map((key) => look.paint(printable(`${key} changes only with a restart`), "yellow")),
  ];
}

function renderChanges(changes: Changes, { paint }: Look): string[] {
  const lines = (["listeners", "pools", "backends"] as const).flatMap((kind) => {
    const { added, removed, changed } = changes[kind];
    const word = kind.slice(0, -1);
    return [
      ...added.map((name) => paint(printable(`+ ${word} ${name}`), "green")),
      ...removed.map((name) => paint(printable(`- ${word} ${name}`), "red")),
      ...changed.map((name) => paint(printable(`~ ${word} ${name}`), "yellow")),
    ];
  });
  return lines.length === 0 ? ["no listener, pool or backend differs"] : lines;
}
