/** Tables for people: aligned columns that fit the terminal, and in a pipe as wide as they are. */
import { printable } from "../printable.js";
import type { Painter, Style } from "./style.js";
import { fitText, textWidth } from "./text-width.js";

export interface Column {
  readonly title: string;
  readonly align?: "left" | "right";
  /** May be cut down to this many columns when the table is too wide for the terminal; later ones are cut first. */
  readonly least?: number;
}

/** `undefined` and "" are empty. Control characters are made visible here. */
export type Cell = string | undefined | { readonly text: string; readonly style: Style | undefined };

/** Columns of figures. */
export const right = (...titles: readonly string[]): Column[] =>
  titles.map((title) => ({ title, align: "right" }));

const GAP = "  ";

/** Lines without a line end. `width` Infinity cuts nothing. */
export function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  { width, paint }: { readonly width: number; readonly paint: Painter },
): string[] {
  const texts = rows.map((row) => columns.map((_, i) => textOf(row[i])));
  const widths = columns.map((column, i) =>
    texts.reduce((most, row) => Math.max(most, textWidth(row[i])), textWidth(column.title)),
  );
  shrink(widths, columns, width);
  const line = (cells: readonly { text: string; style: Style | undefined }[]) =>
    cells
      .map(({ text, style }, i) => paintInside(fitText(text, widths[i], columns[i].align), style, paint))
      .join(GAP)
      .trimEnd();
  return [
    line(columns.map(({ title }) => ({ text: title, style: "dim" }))),
    ...texts.map((row, r) => line(row.map((text, i) => ({ text, style: styleOf(rows[r][i]) })))),
  ];
}

/** Takes from the last shrinkable column first, in place. */
function shrink(widths: number[], columns: readonly Column[], width: number): void {
  let excess = widths.reduce((sum, one) => sum + one, 0) + GAP.length * (columns.length - 1) - width;
  for (let i = columns.length - 1; i >= 0 && excess > 0; i--) {
    const { least } = columns[i];
    if (least === undefined) continue;
    const taken = Math.min(excess, Math.max(0, widths[i] - least));
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
