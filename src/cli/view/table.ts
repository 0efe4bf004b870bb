/** Tables for people: aligned columns that fit the terminal, and in a pipe as wide as they are. */
import { printable } from "../printable.js";
import type { Painter, Style } from "./style.js";
import { fitText, textWidth } from "./text-width.js";

export interface Column {
  readonly title: string;
  readonly align?: "left" | "right";
  /** May be cut down to this many columns when the table is too wide for the terminal; later ones are cut first. */
  readonly least?: number;
  /** Where not even that is room enough, columns go: the lowest rank first, then those without one, the last first. */
  readonly rank?: number;
}

/** `undefined` and "" are empty. Control characters are made visible here. */
export type Cell = string | undefined | { readonly text: string; readonly style: Style | undefined };

/** Columns of figures. */
export const right = (...titles: readonly string[]): Column[] =>
  titles.map((title) => ({ title, align: "right" }));

const GAP = "  ";

/** Lines without a line end. `width` Infinity cuts nothing; a terminal too narrow for a table gets fewer columns. */
export function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  { width, paint }: { readonly width: number; readonly paint: Painter },
): string[] {
  const texts = rows.map((row) => columns.map((_, i) => textOf(row[i])));
  const widths = columns.map((column, i) =>
    texts.reduce((most, row) => Math.max(most, textWidth(row[i])), textWidth(column.title)),
  );
  const shown = chooseColumns(columns, widths, width);
  shrink(widths, columns, shown, width);
  const line = (cellAt: (i: number) => { readonly text: string; readonly style: Style | undefined }) =>
    shown
      .map((i) => {
        const { text, style } = cellAt(i);
        return paintInside(fitText(text, widths[i], columns[i].align), style, paint);
      })
      .join(GAP)
      .trimEnd();
  return [
    line((i) => ({ text: columns[i].title, style: "dim" })),
    ...texts.map((row, r) => line((i) => ({ text: row[i], style: styleOf(rows[r][i]) }))),
  ];
}

/** Indices of the columns that fit when they are cut as far as they may be: those of low rank go, then the last ones. */
function chooseColumns(columns: readonly Column[], widths: readonly number[], width: number): number[] {
  let shown = columns.map((_, i) => i);
  const leastTotal = () =>
    shown.reduce(
      (sum, i) => sum + Math.min(widths[i], columns[i].least ?? widths[i]) + GAP.length,
      -GAP.length,
    );
  const rankOf = (i: number) => columns[i].rank ?? columns.length * 2 - i;
  while (shown.length > 1 && leastTotal() > width) {
    const lowest = shown.reduce((low, i) => (rankOf(i) < rankOf(low) ? i : low));
    shown = shown.filter((i) => i !== lowest);
  }
  return shown;
}

/** Takes from the last shrinkable column first, in place. */
function shrink(widths: number[], columns: readonly Column[], shown: readonly number[], width: number): void {
  let excess = shown.reduce((sum, i) => sum + widths[i] + GAP.length, -GAP.length) - width;
  for (const i of shown.toReversed()) {
    // The only column that is left is cut to the terminal, whatever it wants.
    const least = shown.length === 1 ? 0 : (columns[i].least ?? widths[i]);
    const taken = Math.min(Math.max(0, excess), Math.max(0, widths[i] - least));
    widths[i] -= taken;
    excess -= taken;
  }
}

/** Leaves the padding unpainted, so that the end of a line can be trimmed. */
function paintInside(padded: string, style: Style | undefined, paint: Painter): string {
  const text = padded.trim();
  if (text === "") return padded;
  const at = padded.indexOf(text);
  return `${padded.slice(0, at)}${paint(text, style)}${padded.slice(at + text.length)}`;
}

function textOf(cell: Cell): string {
  return printable(typeof cell === "object" ? cell.text : (cell ?? ""));
}

function styleOf(cell: Cell): Style | undefined {
  return typeof cell === "object" ? cell.style : undefined;
}
