/** Says that there is no connection, and that what is shown is old. What is read out is said elsewhere: once, not each second. */
import type { JSX } from "preact";
import { formatDuration, formatTime } from "../format.js";
import { usePage } from "./page-context.js";

export function ConnectionBanner(): JSX.Element | null {
  const { connection, trouble, reading } = usePage().state;
  if (connection !== "lost" || trouble === undefined) return null;
  return (
    <section class="banner" aria-label="Connection">
      <strong>No connection to sluice</strong> for {formatDuration(Date.now() - trouble.sinceMs)} (
      {trouble.message}). {reading !== undefined && `What you see is from ${formatTime(reading.atMs)}. `}
      Trying again every second.
    </section>
  );
}
