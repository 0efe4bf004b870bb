/**
 * What changed between two texts, line by line: a longest common subsequence of the part that is left when what both have
 * in common at the beginning and the end is set aside.
 */

export interface DiffLine {
  readonly kind: "same" | "added" | "removed";
  readonly text: string;
  /** Line numbers from 1; undefined on the side that does not have the line. */
  readonly before: number | undefined;
  readonly after: number | undefined;
}

export interface Hunk {
  /** Lines left out before it. */
  readonly skipped: number;
  readonly lines: readonly DiffLine[];
}

type Kind = DiffLine["kind"];

/** Beyond so many pairs of lines the middle is told as removed and added as a whole: an answer at once matters more. */
const MOST_PAIRS = 4_000_000;

export function diffLines(before: string, after: string): DiffLine[] {
  const a = linesOf(before);
  const b = linesOf(after);
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start++;
  let end = 0;
  while (end < Math.min(a.length, b.length) - start && a.at(-1 - end) === b.at(-1 - end)) end++;
  const middle = editScript(a.slice(start, a.length - end), b.slice(start, b.length - end));
  return numberLines([...repeat("same", start), ...middle, ...repeat("same", end)], a, b);
}

/** Only what changed, with some lines around it. */
export function hunksOf(lines: readonly DiffLine[], context = 3): Hunk[] {
  const isShown = (at: number) =>
    lines.slice(Math.max(0, at - context), at + context + 1).some(({ kind }) => kind !== "same");
  const hunks: { skipped: number; lines: DiffLine[] }[] = [];
  let skipped = 0;
  let isOpen = false;
  for (const [at, line] of lines.entries()) {
    const shown = isShown(at);
    if (!shown) skipped++;
    else if (isOpen) hunks.at(-1)!.lines.push(line);
    else hunks.push({ skipped, lines: [line] });
    if (shown) skipped = 0;
    isOpen = shown;
  }
  return hunks;
}

function linesOf(text: string): string[] {
  return text.replace(/\r?\n$/, "").split(/\r?\n/);
}

function repeat(kind: Kind, count: number): Kind[] {
  return Array.from({ length: count }, () => kind);
}

/** `length[x][y]`: the longest common subsequence of a from x and b from y; following it from 0, 0 gives the edits. */
function editScript(a: readonly string[], b: readonly string[]): Kind[] {
  if (a.length * b.length > MOST_PAIRS) return [...repeat("removed", a.length), ...repeat("added", b.length)];
  const width = b.length + 1;
  const length = new Uint32Array((a.length + 1) * width);
  for (let x = a.length - 1; x >= 0; x--) {
    for (let y = b.length - 1; y >= 0; y--) {
      const at = x * width + y;
      length[at] = a[x] === b[y] ? length[at + width + 1] + 1 : Math.max(length[at + width], length[at + 1]);
    }
  }
  const kinds: Kind[] = [];
  let x = 0;
  let y = 0;
  while (x < a.length && y < b.length) {
    const at = x * width + y;
    if (a[x] === b[y]) kinds.push("same");
    else kinds.push(length[at + width] >= length[at + 1] ? "removed" : "added");
    if (kinds.at(-1) !== "added") x++;
    if (kinds.at(-1) !== "removed") y++;
  }
  return [...kinds, ...repeat("removed", a.length - x), ...repeat("added", b.length - y)];
}

function numberLines(kinds: readonly Kind[], a: readonly string[], b: readonly string[]): DiffLine[] {
  let x = 0;
  let y = 0;
  return kinds.map((kind) => {
    const before = kind === "added" ? undefined : ++x;
    const after = kind === "removed" ? undefined : ++y;
    return { kind, text: before === undefined ? b[y - 1] : a[x - 1], before, after };
  });
}
