/** The table of backends in `sluice top`: columns go where there is no room for them, rows scroll with what is selected. */
import { printable } from "../printable.js";
import { formatBackendState } from "../view/backend-state.js";
import { formatCount, formatMs, formatPart } from "../view/figures.js";
import type { Painter, Style } from "../view/style.js";
import { cutText, fitText } from "../view/text-width.js";
import type { TopRow } from "./top-sample.js";
import { type SortKey, selectedRow, shownRows, type TopState } from "./top-state.js";

interface TableSize {
  readonly columns: number;
  readonly rows: number;
  readonly paint: Painter;
}

interface TopColumn {
  readonly title: string;
  readonly width: number;
  readonly align: "left" | "right";
  readonly sort?: SortKey;
  /** The lower it is, the sooner the column goes. */
  readonly rank: number;
  readonly cell: (row: TopRow) => string;
  readonly style?: (row: TopRow) => Style | undefined;
}

const LEAST_NAME = 14;
const MOST_NAME = 48;
/** From this rank on a column goes only when the name is down to its least. */
const ESSENTIAL = 8;

const COLUMNS: readonly TopColumn[] = [
  { title: "ADDRESS", width: 21, align: "left", rank: 2, cell: ({ backend }) => backend.address },
  {
    title: "STATE",
    width: 14,
    align: "left",
    rank: 12,
    sort: "state",
    cell: ({ backend }) => formatBackendState(backend).text,
    style: ({ backend }) => formatBackendState(backend).style,
  },
  figure("WEIGHT", 6, 3, ({ backend }) => String(backend.weight)),
  figure("FLOWS", 6, 7, ({ backend }) => formatCount(backend.activeFlows), "flows"),
  figure("REQ/S", 6, 11, (row) => formatCount(row.requestsPerS), "requests"),
  figure("REP/S", 6, 10, (row) => formatCount(row.repliesPerS), "replies"),
  figure("P50", 7, 4, (row) => formatMs(row.p50Ms), "p50"),
  figure("P99", 7, 8, (row) => formatMs(row.p99Ms), "p99"),
  figure("OUTST", 6, 6, ({ backend }) => formatCount(backend.outstanding), "outstanding"),
  figure("REFUSED", 8, 5, ({ backend }) => formatCount(backend.refused), "refused"),
  {
    ...figure("LOSS", 7, 9, (row) => formatPart(row.loss), "loss"),
    style: ({ loss = 0 }) => (loss >= 0.5 ? "red" : loss >= 0.05 ? "yellow" : undefined),
  },
  { title: "REASON", width: 40, align: "left", rank: 1, cell: ({ backend }) => backend.reason },
];

/** At most `rows` lines: the titles, and the rows around the selected one. */
export function renderTopTable(state: TopState, size: TableSize): string[] {
  const rows = shownRows(state);
  const room = Math.max(0, size.rows - 1);
  const selected = Math.max(0, rows.indexOf(selectedRow(state) as TopRow));
  const first = Math.max(0, Math.min(selected - Math.floor(room / 2), rows.length - room));
  const shown = rows.slice(first, first + room);
  const longest = rows.reduce((most, { name }) => Math.max(most, printable(name).length), 0);
  const columns = chooseColumns(size.columns, Math.min(MOST_NAME, Math.max(LEAST_NAME, longest)));
  const lines = [renderTitles(state, columns, size)];
  const nothing = state.rows.length === 0 ? "no backends" : "no backend matches";
  if (rows.length === 0) lines.push(cutText(nothing, size.columns));
  for (const row of shown) lines.push(renderRow(row, columns, row === rows[selected], size));
  return lines.slice(0, Math.max(0, size.rows)).map((line) => line.trimEnd());
}

/** The name takes what the others leave, so those of low rank go until it has room enough. */
function chooseColumns(width: number, nameWidth: number): readonly TopColumn[] {
  let chosen = COLUMNS;
  const goes = COLUMNS.toSorted((a, b) => a.rank - b.rank);
  for (const column of goes) {
    const wanted = column.rank < ESSENTIAL ? nameWidth : LEAST_NAME;
    if (leftForName(width, chosen) >= wanted) break;
    chosen = chosen.filter((one) => one !== column);
  }
  return chosen;
}

function leftForName(width: number, columns: readonly TopColumn[]): number {
  return width - columns.reduce((sum, column) => sum + column.width + 1, 0);
}

function renderTitles(
  state: TopState,
  columns: readonly TopColumn[],
  { columns: width, paint }: TableSize,
): string {
  const arrow = (key: SortKey | undefined) =>
    key !== state.sort ? "" : (state.sort === "name") === state.isReversed ? "▾" : "▴";
  const cells = columns.map(({ title, sort, width: own, align }) =>
    fitText(`${title}${arrow(sort)}`, own, align),
  );
  const name = fitText(`BACKEND${arrow("name")}`, Math.max(0, leftForName(width, columns)));
  return paint([name, ...cells].join(" ").slice(0, width), "bold");
}

function renderRow(
  row: TopRow,
  columns: readonly TopColumn[],
  isSelected: boolean,
  { columns: width, paint }: TableSize,
): string {
  const name = fitText(printable(row.name), Math.max(0, leftForName(width, columns)));
  const cells = columns.map((column) => {
    const text = fitText(printable(column.cell(row)), column.width, column.align);
    return isSelected ? text : paint(text, column.style?.(row));
  });
  const line = [name, ...cells].join(" ");
  return isSelected ? paint(line, "inverse") : line;
}

function figure(
  title: string,
  width: number,
  rank: number,
  cell: TopColumn["cell"],
  sort?: SortKey,
): TopColumn {
  return { title, width, align: "right", rank, cell, ...(sort !== undefined && { sort }) };
}
