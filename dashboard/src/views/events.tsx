/** What happened, newest first, as it happens. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { Notice } from "../components/notice.js";
import { usePage } from "../components/page-context.js";
import { Table } from "../components/table.js";
import { ViewHeader } from "../components/view-header.js";
import { formatCount, formatExact, formatMoment } from "../format.js";
import type { LogEntry } from "../model/event-log.js";
import { describeEvent, EVENT_LABELS } from "../model/event-text.js";
import { hrefOf } from "../model/route.js";

const PAGE = 100;
const TYPES = ["backend", "operator", "reload", "reloadFailed", "warning", "discovery", "listening"] as const;

export function EventsView(): JSX.Element {
  const { log, route } = usePage();
  const { type = "" } = route.query;
  const [text, setText] = useState("");
  const [shown, setShown] = useState(PAGE);
  /** While paused: what there was when it began. */
  const [paused, setPaused] = useState<readonly LogEntry[] | undefined>(undefined);
  const entries = paused ?? log.entries;
  const wanted = text.trim().toLowerCase();
  const fitting = entries
    .filter((entry) => type === "" || entry.type === type || entry.type === "missed")
    .filter((entry) => wanted === "" || describeEvent(entry).text.toLowerCase().includes(wanted))
    .toReversed();
  const count = (name: string) => entries.filter((entry) => entry.type === name).length;
  const newer = paused === undefined ? 0 : log.entries.length - paused.length;
  const pauseLabel = newer > 0 ? `Go on (${formatCount(newer)} new)` : "Go on";
  return (
    <>
      <ViewHeader title="Events" note="The last 1,000 are kept; they come as they happen">
        <button
          type="button"
          aria-pressed={paused !== undefined}
          onClick={() => setPaused(paused === undefined ? log.entries : undefined)}
        >
          {paused === undefined ? "Pause" : pauseLabel}
        </button>
      </ViewHeader>
      <search class="filters" aria-label="Events">
        <label class="field">
          <span>Text</span>
          <input
            type="search"
            value={text}
            spellcheck={false}
            onInput={(event) => setText(event.currentTarget.value)}
          />
        </label>
        <fieldset class="chips">
          <legend>Type</legend>
          <button type="button" aria-pressed={type === ""} onClick={() => go("")}>
            All <span class="chip-count">{formatExact(entries.length)}</span>
          </button>
          {TYPES.filter((name) => count(name) > 0 || name === type).map((name) => (
            <button
              key={name}
              type="button"
              aria-pressed={type === name}
              onClick={() => go(type === name ? "" : name)}
            >
              {EVENT_LABELS[name]} <span class="chip-count">{formatExact(count(name))}</span>
            </button>
          ))}
        </fieldset>
      </search>
      {fitting.length === 0 ? (
        <Notice title={entries.length === 0 ? "Nothing has happened yet" : "No event fits"}>
          Changes of backends, reloads, warnings and what operators do appear here.
        </Notice>
      ) : (
        <div class="card card-flush">
          <EventTable entries={fitting.slice(0, shown)} />
        </div>
      )}
      {fitting.length > shown && (
        <p class="pager">
          <button type="button" onClick={() => setShown(shown + PAGE)}>
            Show more
          </button>
        </p>
      )}
    </>
  );
}

function EventTable({ entries }: { readonly entries: readonly LogEntry[] }): JSX.Element {
  return (
    <Table
      caption="Events"
      head={
        <>
          <th scope="col">Time</th>
          <th scope="col">Type</th>
          <th scope="col">What happened</th>
        </>
      }
    >
      {entries.map((entry) => {
        const { text, mark } = describeEvent(entry);
        return (
          <tr key={`${entry.id} ${entry.at} ${entry.type}`}>
            <td class="moment">
              <time dateTime={entry.at}>{formatMoment(entry.at)}</time>
            </td>
            <td>
              <span class={`event-type event-${mark}`}>{EVENT_LABELS[entry.type] ?? entry.type}</span>
            </td>
            <td class="prose">{text}</td>
          </tr>
        );
      })}
    </Table>
  );
}

function go(type: string): void {
  location.hash = hrefOf("events", [], { type });
}
