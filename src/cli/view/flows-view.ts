/** `sluice flows` as a table. */
import type { FlowsView } from "../../admin/schemas.js";
import { formatAge, formatBytes, formatCount } from "./figures.js";
import type { Look } from "./status-view.js";
import { type Cell, renderTable, right } from "./table.js";

export function renderFlows({ flows }: FlowsView, look: Look): string[] {
  if (flows.length === 0) return ["no live flow"];
  const rows = flows.map((flow): Cell[] => [
    ...[flow.client, flow.listener, `${flow.pool}/${flow.backend}`],
    ...[formatCount(flow.requests.datagrams), formatCount(flow.replies.datagrams)],
    ...[formatBytes(flow.requests.bytes), formatBytes(flow.replies.bytes)],
    ...[formatAge(flow.ageMs), formatAge(flow.idleMs)],
    flow.open ? { text: "open", style: undefined } : { text: "ending", style: "yellow" },
    flow.id,
  ]);
  return renderTable(
    [
      { title: "CLIENT", least: 15 },
      { title: "LISTENER", least: 8 },
      { title: "BACKEND", least: 12 },
      ...right("REQUESTS", "REPLIES", "BYTES IN", "BYTES OUT", "AGE", "IDLE"),
      { title: "STATE" },
      { title: "ID" },
    ],
    rows,
    look,
  );
}
