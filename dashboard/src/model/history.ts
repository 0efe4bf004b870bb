/** Puts samples of the API's history into the timeline, under the keys that charts ask for. */
import type { HistoryView } from "../api/views.js";
import { fullName } from "./backend-state.js";
import type { Timeline } from "./timeline.js";

export type TotalFigure = "requests" | "replies" | "flows" | "drops" | "replyDrops";
export type BackendFigure = "requests" | "replies" | "p50Ms" | "p99Ms" | "outstanding";

export function totalKey(figure: TotalFigure): string {
  return figure;
}

export function dropKey(direction: "drops" | "replyDrops", reason: string): string {
  return `${direction} ${reason}`;
}

/** `backend` is its full name, `pool/backend`. */
export function backendKey(backend: string, figure: BackendFigure): string {
  return `${backend} ${figure}`;
}

type Figure = readonly [key: string, value: number | null];

/** Adds what is newer than the timeline's last sample. Counts become rates a second. */
export function addHistory(timeline: Timeline, history: HistoryView): void {
  for (const [at, atMs] of history.atMs.entries()) {
    if (atMs <= timeline.lastAtMs) continue;
    const beforeMs = at > 0 ? history.atMs[at - 1] : atMs - 1000;
    timeline.add(atMs, figuresAt(history, at, (atMs - beforeMs) / 1000));
  }
}

function* figuresAt(history: HistoryView, at: number, seconds: number): Generator<Figure> {
  const rate = (counts: readonly (number | null)[] | undefined): number | null => {
    const count = counts?.[at];
    return count === null || count === undefined ? null : count / seconds;
  };
  yield [totalKey("requests"), rate(history.requests)];
  yield [totalKey("replies"), rate(history.replies)];
  yield [totalKey("flows"), history.flows[at]];
  for (const direction of ["drops", "replyDrops"] as const) {
    let sum = 0;
    for (const [reason, counts] of Object.entries(history[direction])) {
      const dropped = rate(counts) ?? 0;
      sum += dropped;
      yield [dropKey(direction, reason), dropped];
    }
    yield [totalKey(direction), sum];
  }
  for (const backend of history.backends) {
    const name = fullName(backend);
    yield [backendKey(name, "requests"), rate(backend.requests)];
    yield [backendKey(name, "replies"), rate(backend.replies)];
    yield [backendKey(name, "p50Ms"), backend.p50Ms[at]];
    yield [backendKey(name, "p99Ms"), backend.p99Ms[at]];
    yield [backendKey(name, "outstanding"), backend.outstanding[at]];
  }
}
