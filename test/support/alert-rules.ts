/**
 * Evaluates the alert rules of docs/prometheus on what real scrapes of `/metrics` said, with promtool. The scrapes lie on a time axis
 * of the test's own: each holds for so many minutes.
 */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { stringify } from "yaml";
import { ROOT } from "./markdown.js";
import { runProgram } from "./run-cli.js";
import { createTemporaryFolder } from "./temporary-folder.js";

/** What Prometheus would keep of one scrape. */
export interface Scrape {
  /** Series with its labels → value. */
  readonly values: ReadonlyMap<string, number>;
  /** Series that only grow: between two scrapes they are taken to have grown evenly. */
  readonly counters: ReadonlySet<string>;
}

export interface Phase {
  /** Undefined: nobody answered. */
  readonly scrape: Scrape | undefined;
  readonly minutes: number;
  /** The alerts that fire at its end: exactly these. */
  readonly firing: readonly string[];
}

const ALERTS = join(ROOT, "docs/prometheus/alerts.yml");
/** As in docs/prometheus/prometheus.yml. */
const SCRAPES_A_MINUTE = 4;
const TARGET = 'job="sluice", instance="a"';

/** Prometheus' text format. */
export function readScrape(text: string): Scrape {
  const growing = new Set(
    [...text.matchAll(/^# TYPE (\S+) (?:counter|histogram)$/gm)].map(([, name]) => name!),
  );
  const values = new Map<string, number>();
  const counters = new Set<string>();
  for (const [, name, labels = "", value] of text.matchAll(/^([a-z]\w*)(?:\{(.*)\})? (\S+)$/gm)) {
    if (!Number.isFinite(Number(value))) continue;
    const series = `${name}{${[TARGET, labels].filter((one) => one !== "").join(", ")}}`;
    values.set(series, Number(value));
    if (growing.has(name!) || growing.has(name!.replace(/_(bucket|sum|count)$/, ""))) counters.add(series);
  }
  return { values, counters };
}

/** Rejects, with what fires instead, where other alerts fire at the end of a phase than those that it names. */
export async function assertAlerts(t: TestContext, phases: readonly Phase[]): Promise<void> {
  const folder = createTemporaryFolder((remove) => t.after(remove));
  let minutes = 0;
  const expectations = phases.map((phase) => {
    minutes += phase.minutes;
    return {
      expr: 'group by (alertname) (ALERTS{alertstate="firing"})',
      // Its last scrape: the next one is of the phase after it.
      eval_time: `${minutes * 60 - 60 / SCRAPES_A_MINUTE}s`,
      exp_samples: phase.firing.map((alert) => ({ labels: `{alertname="${alert}"}`, value: 1 })),
    };
  });
  const file = join(folder, "alerts.test.yml");
  const test = { interval: "15s", input_series: seriesOf(phases), promql_expr_test: expectations };
  writeFileSync(file, stringify({ rule_files: [ALERTS], evaluation_interval: "15s", tests: [test] }));
  const { code, stdout, stderr } = await runProgram("promtool", ["test", "rules", file]);
  assert.equal(code, 0, `${stdout}${stderr}`);
}

function seriesOf(phases: readonly Phase[]): { series: string; values: string }[] {
  const all = new Set(phases.flatMap(({ scrape }) => [...(scrape?.values.keys() ?? [])]));
  const values = (of: (phase: Phase, before: Phase | undefined) => string) =>
    phases.map((phase, at) => of(phase, phases[at - 1])).join(" ");
  return [
    { series: `up{${TARGET}}`, values: values((phase) => repeat(phase.scrape ? 1 : 0, phase)) },
    ...[...all].map((series) => ({
      series,
      values: values((phase, before) => valuesOf(series, phase, before)),
    })),
  ];
}

/** In promtool's notation: `_` is no sample, `1+2x3` is 1 3 5 7. */
function valuesOf(series: string, phase: Phase, before: Phase | undefined): string {
  const count = phase.minutes * SCRAPES_A_MINUTE;
  const now = phase.scrape?.values.get(series);
  if (now === undefined) return `_x${count}`;
  const from = before?.scrape?.values.get(series);
  if (from === undefined || from > now || !phase.scrape?.counters.has(series)) return repeat(now, phase);
  const step = (now - from) / count;
  return `${plain(from + step)}+${plain(step)}x${count - 1}`;
}

function repeat(value: number, { minutes }: Phase): string {
  return `${plain(value)}x${minutes * SCRAPES_A_MINUTE - 1}`;
}

/** Without an exponent, which the notation would take for a step. */
function plain(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toFixed(9);
}
