/** Reasons for which anything was dropped, the ones of now first. */
import type { StatusView } from "../api/views.js";
import { dropKey } from "./history.js";
import type { Rates } from "./rates.js";
import type { Timeline } from "./timeline.js";

export interface DropRow {
  readonly direction: "drops" | "replyDrops";
  readonly reason: string;
  readonly perSecond: number;
  /** In the last five minutes. */
  readonly lately: number;
  readonly total: number;
}

const FIVE_MINUTES_MS = 300_000;

export function dropRows(status: StatusView, rates: Rates, timeline: Timeline): DropRow[] {
  const rows = (["drops", "replyDrops"] as const).flatMap((direction) =>
    Object.entries(status[direction])
      .filter(([, total]) => total > 0)
      .map(([reason, total]) => ({
        direction,
        reason,
        total,
        perSecond: rates[direction].get(reason) ?? 0,
        lately: timeline.sum(dropKey(direction, reason), FIVE_MINUTES_MS),
      })),
  );
  // Not by the rate of this second: rows would change places all the time.
  return rows.sort((a, b) => b.lately - a.lately || b.total - a.total);
}
