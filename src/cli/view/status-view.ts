/** `sluice status` as one screen: the balancer, its listeners, pools and backends, what is dropped, what to look at. */
import type {
  BackendsView,
  BackendView,
  CountersView,
  ListenersView,
  PoolsView,
  PoolView,
  StatusView,
} from "../../admin/schemas.js";
import { printable } from "../printable.js";
import { formatBackendState } from "./backend-state.js";
import { formatAge, formatClock, formatCount, formatMs, plural } from "./figures.js";
import { joinDrops, nameOf, ratesOf, sumOf } from "./rates.js";
import type { Painter } from "./style.js";
import { type Cell, type Column, renderTable, right } from "./table.js";
import { cutText } from "./text-width.js";

/** Each the API's answer of that name; `counters` over the last second. */
export interface StatusAnswers extends ListenersView, PoolsView, BackendsView {
  readonly status: StatusView;
  readonly counters: CountersView;
}

export interface Look {
  readonly width: number;
  readonly paint: Painter;
}

const SHOWN_WARNINGS = 5;

export function renderStatus(answers: StatusAnswers, look: Look): string[] {
  const sections = [
    renderHead(answers, look),
    renderListeners(answers, look),
    renderPools(answers, look),
    renderBackends(answers, look),
    renderSources(answers.status, look),
    renderDrops(answers, look),
    renderWarnings(answers.status, look),
  ];
  return sections
    .filter((lines) => lines.length > 0)
    .flatMap((lines, i) => (i === 0 ? lines : ["", ...lines]));
}

function renderHead({ status, counters, listeners }: StatusAnswers, { width, paint }: Look): string[] {
  const { flows, workers } = status;
  const perSecond = ratesOf(counters);
  const sum = (direction: "requests" | "replies") =>
    counters.listeners.reduce((total, one) => total + one[direction].datagrams, 0);
  const restarts = workers.reduce((total, worker) => total + worker.restarts, 0);
  const first = [
    `sluice ${status.version}`,
    `pid ${status.pid}`,
    `up ${formatAge(status.uptimeMs)}`,
    `${status.plane} plane, ${plural(workers.length, "worker")}${restarts > 0 ? ` (${plural(restarts, "restart")})` : ""}`,
    `config ${status.configVersion} (${status.configSource})`,
    status.ready ? "ready" : "not ready",
  ];
  const second = [
    `${formatCount(flows.active)} of ${plural(flows.max, "flow")}`,
    `${formatCount(perSecond(sum("requests")))} requests/s`,
    `${formatCount(perSecond(sum("replies")))} replies/s`,
    `${formatCount(perSecond(sumOf(counters.drops) + sumOf(counters.replyDrops)))} drops/s`,
    plural(listeners.length, "listener"),
  ];
  const line = (parts: readonly string[]) => cutText(printable(parts.join("  ")), width);
  const awaited = status.awaiting.map((what) =>
    paint(cutText(printable(`awaiting ${what}`), width), "yellow"),
  );
  return [paint(line(first), "bold"), line(second), ...awaited];
}

function renderListeners({ listeners, counters }: StatusAnswers, look: Look): string[] {
  const rates = new Map(counters.listeners.map((one) => [one.name, one]));
  const perSecond = ratesOf(counters);
  const rows = listeners.map(({ name, address, pool, activeFlows, drops }): Cell[] => {
    const rate = rates.get(name);
    return [
      ...[name, address, pool, formatCount(activeFlows)],
      ...[rate?.requests, rate?.replies].map((traffic) => formatCount(perSecond(traffic?.datagrams ?? 0))),
      formatCount(sumOf(drops)),
    ];
  });
  return renderTable(
    [
      { title: "LISTENER", least: 8 },
      { title: "ADDRESS", least: 15 },
      { title: "POOL", least: 6 },
      ...right("FLOWS", "REQ/S", "REP/S", "DROPS"),
    ],
    rows,
    look,
  );
}

function renderPools({ pools, backends }: StatusAnswers, look: Look): string[] {
  const rows = pools.map((pool): Cell[] => [
    ...[pool.name, pool.policy, pool.affinity],
    describePool(pool, backends),
    ...[formatCount(pool.activeFlows), formatCount(pool.outstanding)],
  ]);
  return renderTable(
    [
      { title: "POOL", least: 6 },
      { title: "POLICY", least: 8 },
      { title: "AFFINITY", least: 8 },
      ...right("UP", "FLOWS", "OUTST"),
    ],
    rows,
    look,
  );
}

/** `1/3`, with `(2 untried)` where nobody knows of some. */
function describePool({ name, up, total }: PoolView, backends: readonly BackendView[]): Cell {
  const untried = backends.filter(
    ({ pool, admin, health }) => pool === name && admin === "enabled" && health === "untried",
  ).length;
  const text = `${up}/${total}${untried > 0 ? ` (${untried} untried)` : ""}`;
  if (up + untried === 0) return { text, style: "red" };
  return { text, style: up + untried < total ? "yellow" : undefined };
}

function renderBackends({ backends, counters }: StatusAnswers, look: Look): string[] {
  const rates = new Map(counters.backends.map((one) => [nameOf(one), one]));
  const perSecond = ratesOf(counters);
  const rows = backends.map((backend): Cell[] => {
    const rate = rates.get(nameOf(backend));
    return [
      nameOf(backend),
      ...(backend.address === backend.name ? [""] : [backend.address]),
      formatBackendState(backend),
      formatAge(backend.stateForMs),
      String(backend.weight),
      formatCount(backend.activeFlows),
      ...[rate?.requests, rate?.replies].map((traffic) => formatCount(perSecond(traffic?.datagrams ?? 0))),
      ...[formatMs(backend.replyTime.p50Ms), formatMs(backend.replyTime.p99Ms)],
      ...[formatCount(backend.outstanding), formatCount(backend.refused)],
      backend.reason,
    ];
  });
  const columns: Column[] = [
    { title: "BACKEND", least: 12 },
    { title: "ADDRESS", least: 9, rank: 1 },
    { title: "STATE" },
    { title: "FOR", align: "right", rank: 3 },
    { title: "WEIGHT", align: "right", rank: 4 },
    ...right("FLOWS", "REQ/S", "REP/S"),
    { title: "P50", align: "right", rank: 2 },
    { title: "P99", align: "right", rank: 6 },
    { title: "OUTST", align: "right", rank: 7 },
    { title: "REFUSED", align: "right", rank: 5 },
    { title: "REASON", least: 8 },
  ];
  return renderTable(columns, rows, look);
}

function renderSources({ sources }: StatusView, look: Look): string[] {
  if (sources.length === 0) return [];
  const rows = sources.map(({ pool, source, state, backends, leftOut, lastError }): Cell[] => [
    ...[source, pool],
    { text: state, style: state === "ok" ? "green" : "yellow" },
    // A balancer that was started before this update does not tell.
    ...[formatCount(backends), formatCount(leftOut ?? 0), lastError ?? ""],
  ]);
  return renderTable(
    [
      { title: "SOURCE", least: 12 },
      { title: "POOL", least: 6 },
      { title: "STATE" },
      ...right("BACKENDS", "LEFT OUT"),
      { title: "LAST ERROR", least: 10 },
    ],
    rows,
    look,
  );
}

/** Of requests and replies together: every reason has to do with one or the other. */
function renderDrops({ status, counters }: StatusAnswers, look: Look): string[] {
  const perSecond = ratesOf(counters);
  const total = joinDrops(status.drops, status.replyDrops);
  const recent = joinDrops(counters.drops, counters.replyDrops);
  const rows = [...total]
    .filter(([, count]) => count > 0)
    .sort((a, b) => b[1] - a[1])
    .map(([reason, count]): Cell[] => [
      reason,
      formatCount(count),
      formatCount(perSecond(recent.get(reason) ?? 0)),
    ]);
  if (rows.length === 0) return [];
  return renderTable([{ title: "DROPPED" }, ...right("TOTAL", "PER S")], rows, look);
}

function renderWarnings({ warnings, planeNotes, flowLog }: StatusView, { width, paint }: Look): string[] {
  const left = warnings.length - SHOWN_WARNINGS;
  const lines = [
    ...planeNotes.map((note) => `plane: ${note}`),
    ...((flowLog?.dropped ?? 0) > 0 ? [`flow log: ${plural(flowLog?.dropped ?? 0, "line")} dropped`] : []),
    ...warnings
      .slice(-SHOWN_WARNINGS)
      .map(({ at, code, message }) => `${formatClock(new Date(at))} ${code}: ${message}`),
    ...(left > 0 ? [`and ${plural(left, "earlier warning")}`] : []),
  ];
  return lines.map((line) => paint(cutText(printable(line), width), "yellow"));
}
