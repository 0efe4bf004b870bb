/** What happened to one backend, from the event log: changes of its state, and who did what to it. */
import type { JSX } from "preact";
import { formatMoment } from "../format.js";
import { describeEvent } from "../model/event-text.js";
import { usePage } from "./page-context.js";

const MOST_SHOWN = 20;

export function HealthHistory({ pool, name }: { readonly pool: string; readonly name: string }): JSX.Element {
  const { log } = usePage();
  const entries = log.entries
    .filter(
      ({ type, data }) =>
        (type === "backend" && data.pool === pool && data.backend === name) ||
        (type === "operator" && data.target === `${pool}/${name}`),
    )
    .slice(-MOST_SHOWN)
    .reverse();
  return (
    <section class="card" aria-labelledby="health-title">
      <h2 id="health-title">What happened to it</h2>
      {entries.length === 0 ? (
        <p class="note">Its state has not changed as far back as the event log goes.</p>
      ) : (
        <ol class="history">
          {entries.map((entry) => {
            const { text, mark } = describeEvent(entry);
            return (
              <li key={`${entry.id} ${entry.at}`} class={`history-${mark}`}>
                <time dateTime={entry.at}>{formatMoment(entry.at)}</time>
                <span>{text}</span>
              </li>
            );
          })}
        </ol>
      )}
    </section>
  );
}
