/** What `sluice top` shows, as plain data: the last sample, what is selected, how it is sorted, what is being asked. */
import { HEALTH_STATES, isWell } from "../../core/health-state.js";
import { createRows, type TopRow, type TopSample } from "./top-sample.js";

export const SORT_KEYS = [
  "name",
  "state",
  "flows",
  "requests",
  "replies",
  "p50",
  "p99",
  "outstanding",
  "refused",
  "loss",
] as const;
export type SortKey = (typeof SORT_KEYS)[number];

/** What is done to the selected backend when the answer is yes. */
export type TopAction =
  | { readonly kind: "drain" | "enable" | "disable" }
  | { readonly kind: "weight"; readonly weight: number };

export type TopMode =
  | { readonly kind: "table" }
  | { readonly kind: "help" }
  | { readonly kind: "filter"; readonly before: string }
  | { readonly kind: "weight"; readonly row: TopRow; readonly text: string }
  | { readonly kind: "confirm"; readonly row: TopRow; readonly action: TopAction };

export interface TopState {
  /** The address that is asked. */
  readonly where: string;
  readonly sample: TopSample;
  /** All of them, as the balancer lists them. */
  readonly rows: readonly TopRow[];
  /** When the sample came, for the clock. */
  readonly atMs: number;
  /** Why the last attempt to ask failed; the sample is older then. */
  readonly error: string | undefined;
  readonly selected: string | undefined;
  readonly sort: SortKey;
  readonly isReversed: boolean;
  /** Only backends with this in their name, address or state. */
  readonly filter: string;
  readonly isPaused: boolean;
  readonly mode: TopMode;
  /** What became of the last action. */
  readonly message: string | undefined;
}

export function createTopState(where: string, sample: TopSample, atMs: number): TopState {
  return keepSelection({
    where,
    sample,
    rows: createRows(sample),
    atMs,
    error: undefined,
    selected: undefined,
    sort: "name",
    isReversed: false,
    filter: "",
    isPaused: false,
    mode: { kind: "table" },
    message: undefined,
  });
}

export function withSample(state: TopState, sample: TopSample, atMs: number): TopState {
  return keepSelection({ ...state, sample, rows: createRows(sample), atMs, error: undefined });
}

/** The rows that are shown, in their order. */
export function shownRows({ rows, filter, sort, isReversed }: TopState): TopRow[] {
  const wanted = filter.toLowerCase();
  const shown = rows.filter((row) => searchable(row).includes(wanted));
  const direction = isReversed ? -1 : 1;
  // A row without the figure comes last, whichever way round.
  return shown.sort((a, b) => {
    if (sort === "name") return direction * compareNames(a, b);
    const [left, right] = [figureOf(a, sort), figureOf(b, sort)];
    if (left === undefined || right === undefined)
      return (left === undefined ? 1 : 0) - (right === undefined ? 1 : 0);
    return direction * (right - left) || compareNames(a, b);
  });
}

export function selectedRow(state: TopState): TopRow | undefined {
  const rows = shownRows(state);
  return rows.find(({ name }) => name === state.selected) ?? rows[0];
}

/** After whatever changes the rows: what was selected stays, or the first one is. */
export function keepSelection(state: TopState): TopState {
  return { ...state, selected: selectedRow(state)?.name };
}

export function moveSelection(state: TopState, by: number): TopState {
  const rows = shownRows(state);
  const at = rows.findIndex(({ name }) => name === state.selected);
  const next = Math.min(rows.length - 1, Math.max(0, at + by));
  return { ...state, selected: rows[next]?.name };
}

function searchable({ name, backend }: TopRow): string {
  return `${name} ${backend.address} ${backend.admin} ${backend.health}`.toLowerCase();
}

const compareNames = (a: TopRow, b: TopRow): number => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);

/** The worst first; a word of a newer balancer comes before all. */
const concernOf = ({ admin, health }: TopRow["backend"]): number => {
  const words: readonly string[] = HEALTH_STATES;
  const at = words.indexOf(health);
  return words.length - (isWell(health) && admin !== "enabled" ? words.indexOf("untried") - 0.5 : at);
};

function figureOf(row: TopRow, key: Exclude<SortKey, "name">): number | undefined {
  switch (key) {
    case "state":
      return concernOf(row.backend);
    case "flows":
      return row.backend.activeFlows;
    case "requests":
      return row.requestsPerS;
    case "replies":
      return row.repliesPerS;
    case "p50":
      return row.p50Ms;
    case "p99":
      return row.p99Ms;
    case "outstanding":
      return row.backend.outstanding;
    case "refused":
      return row.backend.refused;
    case "loss":
      return row.loss;
  }
}
