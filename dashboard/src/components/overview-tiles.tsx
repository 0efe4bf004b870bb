/** The headline figures of the overview. */
import type { JSX } from "preact";
import { formatCount, formatExact, formatMs, formatPart, formatRate, plural, spaced } from "../format.js";
import { countStates, describeCounts, fullName, STATE_TONES, STATES } from "../model/backend-state.js";
import { backendKey, totalKey } from "../model/history.js";
import { type Rates, type Reading, total } from "../model/rates.js";
import { backendHref, hrefOf } from "../model/route.js";
import type { Timeline } from "../model/timeline.js";
import { FigureTile } from "./figure-tile.js";

interface OverviewTilesProps {
  readonly reading: Reading;
  readonly rates: Rates;
  readonly timeline: Timeline;
}

export function OverviewTiles({ reading, rates, timeline }: OverviewTilesProps): JSX.Element {
  const keys = (["requests", "replies", "drops", "replyDrops", "flows"] as const).map(totalKey);
  const [requests, replies, drops, replyDrops, flows] = timeline.columns(keys).values;
  const { status } = reading;
  return (
    <ul class="tiles" aria-label="Headline figures">
      <FigureTile
        label="Requests"
        value={formatRate(rates.totals.requests)}
        unit="/s"
        note={`${formatCount(status.totals.requests.datagrams)} since the start`}
        history={requests}
        href={hrefOf("backends")}
      />
      <FigureTile
        label="Replies"
        value={formatRate(rates.totals.replies)}
        unit="/s"
        note={answeredNote(rates)}
        history={replies}
        href={hrefOf("backends")}
      />
      <DroppedTile
        rates={rates}
        timeline={timeline}
        history={drops.map((value, at) => add(value, replyDrops[at]))}
      />
      <FigureTile
        label="Live flows"
        value={formatCount(status.flows.active)}
        note={`of ${formatExact(status.flows.max)} at most`}
        history={flows}
        href={hrefOf("flows")}
      />
      <BackendsTile reading={reading} />
      <SlowestTile reading={reading} timeline={timeline} />
    </ul>
  );
}

function answeredNote({ totals: { requests, replies } }: Rates): string {
  if (requests === null || replies === null) return "measuring";
  if (requests === 0) return "no requests now";
  return `${formatPart(Math.min(1, replies / requests))} of requests`;
}

interface DroppedTileProps {
  readonly rates: Rates;
  readonly timeline: Timeline;
  readonly history: readonly (number | null)[];
}

function DroppedTile({ rates, timeline, history }: DroppedTileProps): JSX.Element {
  const all = [...rates.drops, ...rates.replyDrops].sort((a, b) => b[1] - a[1]);
  const lately = timeline.sum(totalKey("drops"), 300_000) + timeline.sum(totalKey("replyDrops"), 300_000);
  const note = all.length > 0 ? `mostly ${spaced(all[0][0])}` : `${formatCount(lately)} in five minutes`;
  return (
    <FigureTile
      label="Dropped"
      value={formatRate(rates.totals.requests === null ? null : total(rates.drops) + total(rates.replyDrops))}
      unit="/s"
      note={note}
      history={history}
      tone={all.length > 0 ? "concern" : "calm"}
      href={hrefOf("drops")}
    />
  );
}

function BackendsTile({ reading: { backends } }: { readonly reading: Reading }): JSX.Element {
  const counts = countStates(backends);
  const up = counts.up + counts.easing;
  const present = STATES.filter((state) => counts[state] > 0);
  const others = describeCounts(
    counts,
    present.filter((state) => state !== "up" && state !== "easing"),
  );
  const tone = STATE_TONES[present[0] ?? "up"];
  return (
    <FigureTile
      label="Backends up"
      value={formatCount(up)}
      unit={` of ${formatCount(backends.length)}`}
      note={others === "" ? plural(new Set(backends.map(({ pool }) => pool)).size, "pool") : others}
      tone={tone}
      href={hrefOf("backends", [], { state: tone === "trouble" ? present[0] : undefined })}
    />
  );
}

/** One p99 of all backends together would hide the slow one. */
function SlowestTile({ reading, timeline }: Pick<OverviewTilesProps, "reading" | "timeline">): JSX.Element {
  let slowest: (typeof reading.backends)[number] | undefined;
  let slowestMs: number | null = null;
  for (const backend of reading.backends) {
    const p99Ms = timeline.last(backendKey(fullName(backend), "p99Ms"));
    if (p99Ms === null || (slowestMs !== null && p99Ms <= slowestMs)) continue;
    slowest = backend;
    slowestMs = p99Ms;
  }
  const [value, unit] = formatMs(slowestMs).split("\u202f");
  return (
    <FigureTile
      label="Slowest p99"
      value={value}
      {...(unit !== undefined && { unit: ` ${unit}` })}
      note={slowest === undefined ? "no replies to measure" : fullName(slowest)}
      href={slowest === undefined ? hrefOf("backends") : backendHref(slowest)}
      {...(slowest !== undefined && {
        history: timeline.columns([backendKey(fullName(slowest), "p99Ms")]).values[0],
      })}
    />
  );
}

function add(a: number | null, b: number | null): number | null {
  return a === null ? b : a + (b ?? 0);
}
