/** The table of backends: which of them, in which order. */
import type { BackendView } from "../api/views.js";
import { type BackendState, fullName, STATES, stateOf } from "./backend-state.js";
import type { Rates } from "./rates.js";

export const BACKEND_COLUMNS = [
  "state",
  "name",
  "pool",
  "weight",
  "requests",
  "replies",
  "p50",
  "p99",
  "outstanding",
  "flows",
] as const;
export type BackendColumn = (typeof BACKEND_COLUMNS)[number];

export interface BackendRow {
  readonly backend: BackendView;
  readonly state: BackendState;
  readonly requests: number | null;
  readonly replies: number | null;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
}

export interface RowFilter {
  /** Part of the name or the address. */
  readonly text: string;
  readonly pool: string;
  readonly state: string;
}

/** `latest` gives the newest reply time of a backend. */
export function backendRows(
  backends: readonly BackendView[],
  rates: Rates,
  latest: (backend: string, figure: "p50Ms" | "p99Ms") => number | null,
): BackendRow[] {
  return backends.map((backend) => {
    const name = fullName(backend);
    const rate = rates.backends.get(name);
    return {
      backend,
      state: stateOf(backend),
      requests: rate?.requests ?? null,
      replies: rate?.replies ?? null,
      p50Ms: latest(name, "p50Ms"),
      p99Ms: latest(name, "p99Ms"),
    };
  });
}

export function filterRows(rows: readonly BackendRow[], { text, pool, state }: RowFilter): BackendRow[] {
  const wanted = text.trim().toLowerCase();
  return rows.filter(
    (row) =>
      (pool === "" || row.backend.pool === pool) &&
      (state === "" || row.state === state) &&
      (wanted === "" || `${fullName(row.backend)} ${row.backend.address}`.toLowerCase().includes(wanted)),
  );
}

/** Equal rows stay in the order of the config, so that nothing jumps about; unknown figures come last. */
export function sortRows(
  rows: readonly BackendRow[],
  column: BackendColumn,
  isDescending: boolean,
): BackendRow[] {
  const sign = isDescending ? -1 : 1;
  return rows.toSorted((a, b) => {
    const left = sortValue(a, column);
    const right = sortValue(b, column);
    if (left === null || right === null) return Number(left === null) - Number(right === null);
    if (typeof left === "string") return sign * collator.compare(left, String(right));
    return sign * (left - Number(right));
  });
}

/** `b2` before `b10`. */
const collator = new Intl.Collator("en", { numeric: true });

function sortValue(row: BackendRow, column: BackendColumn): string | number | null {
  switch (column) {
    case "state":
      return STATES.indexOf(row.state);
    case "name":
      return row.backend.name;
    case "pool":
      return row.backend.pool;
    case "weight":
      return row.backend.weight;
    case "requests":
      return row.requests;
    case "replies":
      return row.replies;
    case "p50":
      return row.p50Ms;
    case "p99":
      return row.p99Ms;
    case "outstanding":
      return row.backend.outstanding;
    case "flows":
      return row.backend.activeFlows;
  }
}
