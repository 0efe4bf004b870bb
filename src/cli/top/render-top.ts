/** The screen of `sluice top`: exactly as many lines as the terminal has, none wider than it. */
import { printable } from "../printable.js";
import { formatBackendState } from "../view/backend-state.js";
import { describeEvent, styleOf } from "../view/event-line.js";
import { formatAge, formatClock, formatCount, plural } from "../view/figures.js";
import { joinDrops, ratesOf, sumOf } from "../view/rates.js";
import type { Painter, Style } from "../view/style.js";
import { cutText, fitText } from "../view/text-width.js";
import { renderTopTable } from "./render-top-table.js";
import { selectedRow, shownRows, type TopAction, type TopState } from "./top-state.js";

export interface TopSize {
  readonly columns: number;
  readonly rows: number;
  readonly paint: Painter;
}

const MOST_EVENTS = 8;
const LEAST_TABLE = 4;

export function renderTop(state: TopState, size: TopSize): string[] {
  const { columns, rows, paint } = size;
  const line = (text: string, style?: Style) => paint(cutText(printable(text), columns), style);
  const head = [
    paint(fitText(printable(describeBalancer(state)), columns), "inverse"),
    line(describeTraffic(state)),
    line(describeDrops(state), hasDrops(state) ? "yellow" : "dim"),
    line(describeNews(state), state.error === undefined ? "yellow" : "red"),
  ];
  const prompt = line(describePrompt(state), state.mode.kind === "table" ? "dim" : "bold");
  const room = Math.max(0, rows - head.length - 1);
  const body = state.mode.kind === "help" ? HELP.map((text) => line(text)) : renderBody(state, size, room);
  const filled = [...body.slice(0, room), ...Array(Math.max(0, room - body.length)).fill("")];
  return [...head, ...filled, prompt].slice(-rows);
}

/** The table has what it needs first, the events what is left. */
function renderBody(state: TopState, { columns, paint }: TopSize, room: number): string[] {
  const wanted = Math.max(LEAST_TABLE, shownRows(state).length + 1);
  const events = Math.max(0, Math.min(MOST_EVENTS, state.sample.events.length, room - wanted - 1));
  const reserved = events > 0 ? events + 1 : 0;
  const table = renderTopTable(state, { columns, rows: room - reserved, paint });
  if (events === 0) return table;
  const shown = state.sample.events.slice(-events).map((event) => {
    const text = `${formatClock(new Date(event.at))} ${describeEvent(event)}`;
    return paint(cutText(text, columns), styleOf(event));
  });
  const space = Array(Math.max(0, room - reserved - table.length)).fill("");
  return [...table, ...space, paint(cutText("EVENTS", columns), "dim"), ...shown];
}

function describeBalancer({ sample: { status }, where, atMs }: TopState): string {
  return [
    `sluice ${status.version}`,
    formatClock(new Date(atMs)),
    `up ${formatAge(status.uptimeMs)}`,
    `${status.plane} plane, ${plural(status.workers.length, "worker")}`,
    `config ${status.configVersion}`,
    ...(status.ready ? [] : ["not ready"]),
    where,
  ].join("  ");
}

function describeTraffic({ sample: { status, counters } }: TopState): string {
  const perSecond = ratesOf(counters);
  const sum = (direction: "requests" | "replies") =>
    formatCount(perSecond(counters.listeners.reduce((total, one) => total + one[direction].datagrams, 0)));
  const drops = perSecond(sumOf(counters.drops) + sumOf(counters.replyDrops));
  return [
    plural(status.flows.active, "flow"),
    `${sum("requests")} req/s`,
    `${sum("replies")} rep/s`,
    `${formatCount(drops)} drops/s`,
  ].join("   ");
}

/** The largest first, with what the last second added. */
function describeDrops({ sample: { status, counters } }: TopState): string {
  const recent = joinDrops(counters.drops, counters.replyDrops);
  const parts = [...joinDrops(status.drops, status.replyDrops)]
    .filter(([, count]) => count > 0)
    .sort((a, b) => (recent.get(b[0]) ?? 0) - (recent.get(a[0]) ?? 0) || b[1] - a[1])
    .map(([reason, count]) => {
      const added = recent.get(reason) ?? 0;
      return `${reason} ${formatCount(count)}${added > 0 ? ` (+${formatCount(added)})` : ""}`;
    });
  return parts.length === 0 ? "no drops" : `drops: ${parts.join("  ")}`;
}

function hasDrops({ sample: { counters } }: TopState): boolean {
  return sumOf(counters.drops) + sumOf(counters.replyDrops) > 0;
}

function describeNews({ error, message, isPaused, filter, mode }: TopState): string {
  return [
    ...(error === undefined ? [] : [error]),
    ...(message === undefined ? [] : [message]),
    ...(isPaused ? ["paused: p goes on"] : []),
    ...(filter === "" || mode.kind === "filter"
      ? []
      : [`only backends with ${JSON.stringify(filter)}: Esc shows all`]),
  ].join("   ");
}

function describePrompt(state: TopState): string {
  const { mode } = state;
  switch (mode.kind) {
    case "help":
      return "any key goes back";
    case "filter":
      return `show backends with: ${state.filter}_   (Enter keeps it, Esc does not)`;
    case "weight":
      return `weight of ${mode.row.name}, now ${mode.row.backend.weight}: ${mode.text}_   (Enter, Esc)`;
    case "confirm":
      return `${describeAction(mode.action, mode.row.name)}? y/n`;
    case "table":
      return describeSelected(state);
  }
}

/** The keys, and where there is room why the selected backend is as it is. */
function describeSelected(state: TopState): string {
  const row = selectedRow(state);
  const keys = `d drain  e enable  D disable  w weight  s sort: ${state.sort}  r / p ? q`;
  if (row === undefined) return keys;
  const { backend } = row;
  const about = `${row.name}: ${formatBackendState(backend).text} for ${formatAge(backend.stateForMs)}, weight ${backend.weight}`;
  return `${keys}  |  ${about}: ${backend.reason}`;
}

export function describeAction(action: TopAction, name: string): string {
  return action.kind === "weight" ? `give ${name} weight ${action.weight}` : `${action.kind} ${name}`;
}

const HELP = [
  "",
  "  up, k  down, j     select a backend; also page up, page down, home, end",
  "  s                  sort by the next column",
  "  r                  turn the order round",
  "  /                  show only backends with a text in their name, address or state; Esc shows all",
  "  d                  drain: no new clients, live flows go on",
  "  e                  enable",
  "  D                  disable: out at once",
  "  w                  change the weight",
  "  p                  pause",
  "  q, Ctrl-C          quit",
  "",
  "  req/s and rep/s are of the last second; p50 and p99 of the last second with replies;",
  "  loss is the part of the last 10 s' requests without a reply; refused counts from the start.",
];
