/** docs/prometheus and docs/grafana: rules that Prometheus takes, tested, and panels that ask for metrics that there are. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { parse } from "yaml";
import { ROOT } from "../support/markdown.js";
import { needs } from "../support/needs.js";
import { runProgram } from "../support/run-cli.js";
import { type ScrapedMetric, scrapeEverything } from "../support/scrape.js";
import { createTemporaryFolder } from "../support/temporary-folder.js";

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly datasource?: { readonly uid: string };
  readonly targets?: readonly { readonly expr: string; readonly datasource: { readonly uid: string } }[];
}
interface Board {
  readonly schemaVersion: number;
  readonly panels: readonly Panel[];
  readonly templating: {
    readonly list: readonly { readonly name: string; readonly type: string; readonly query: unknown }[];
  };
  readonly annotations: { readonly list: readonly { readonly expr: string }[] };
}
interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly annotations: { readonly summary: string; readonly description: string };
}

const FOLDER = join(ROOT, "docs/prometheus");
const read = (path: string): string => readFileSync(join(ROOT, path), "utf8");
const board: Board = JSON.parse(read("docs/grafana/sluice-dashboard.json"));
const rules: Rule[] = parse(read("docs/prometheus/alerts.yml")).groups.flatMap(
  (group: { rules: Rule[] }) => group.rules,
);
/** Made by Prometheus itself, not by who is scraped. */
const OF_PROMETHEUS = ["up"];

/** What Grafana puts in before it asks. */
function withoutVariables(expression: string): string {
  const plain = expression.replaceAll("$__rate_interval", "5m").replace(/\$(instance|listener|pool)/g, ".*");
  assert.doesNotMatch(plain, /\$/, "a variable that the dashboard does not have");
  return plain;
}

const panelExpressions = board.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
const dashboardExpressions = [...panelExpressions, ...board.annotations.list.map(({ expr }) => expr)].map(
  withoutVariables,
);

/** The metrics of a PromQL expression: words before a brace, a bracket or nothing, less those that are its language. */
function metricsOf(expression: string): string[] {
  const bare = expression.replace(/"[^"]*"/g, '""').replace(/\{[^}]*\}/g, "{}");
  const names = [...bare.matchAll(/\b((?:sluice|process|nodejs)_\w+|up)\b/g)].map(([, name]) => name!);
  assert.ok(names.length > 0, expression);
  return names;
}

/** `{a=~"x", b="y"}` and `by (a, b)` of an expression, as label names. */
function labelsOf(expression: string): string[] {
  const matchers = [...expression.matchAll(/(\w+)\s*(?:=~|!~|!=|=)\s*"/g)].map(([, name]) => name!);
  const groups = [...expression.matchAll(/\b(?:by|without|ignoring)\s*\(([^)]*)\)/g)];
  return [...matchers, ...groups.flatMap(([, list]) => list!.split(",").map((name) => name.trim()))];
}

function assertKnown(expression: string, scraped: ReadonlyMap<string, ScrapedMetric>): void {
  const used = metricsOf(expression).filter((name) => !OF_PROMETHEUS.includes(name));
  // Those that Prometheus adds to everything, and a histogram's.
  const labels = new Set(["job", "instance", "le"]);
  for (const name of used) {
    const metric = scraped.get(name) ?? scraped.get(name.replace(/_(bucket|sum|count)$/, ""));
    assert.ok(metric, `${name} is no metric: ${expression}`);
    for (const label of metric.labels ?? []) labels.add(label);
  }
  if (used.length === 0) return;
  for (const label of labelsOf(expression)) assert.ok(labels.has(label), `label ${label}: ${expression}`);
}

async function promtool(...args: string[]): Promise<void> {
  const { code, stdout, stderr } = await runProgram("promtool", args, { cwd: FOLDER });
  assert.equal(code, 0, `${stdout}${stderr}`);
}

test("docs/prometheus: promtool takes the rules and the example config", needs("promtool"), async () => {
  await promtool("check", "rules", "alerts.yml");
  await promtool("check", "config", "--syntax-only", "prometheus.yml");
});

test("docs/prometheus: the alerts fire when they should, and not otherwise", needs("promtool"), () =>
  promtool("test", "rules", "alerts.test.yml"),
);

test("docs/prometheus: each alert is tested both ways, and says what to do", () => {
  const { tests } = parse(read("docs/prometheus/alerts.test.yml"));
  const cases = tests.flatMap((one: { alert_rule_test: object[] }) => one.alert_rule_test) as {
    alertname: string;
    exp_alerts?: object[];
  }[];
  assert.ok(rules.length >= 15);
  for (const { alert, annotations } of rules) {
    const ours = cases.filter(({ alertname }) => alertname === alert);
    assert.ok(
      ours.some(({ exp_alerts = [] }) => exp_alerts.length > 0),
      `${alert} never fires`,
    );
    assert.ok(
      ours.some(({ exp_alerts = [] }) => exp_alerts.length === 0),
      `${alert} always fires`,
    );
    assert.ok(annotations.summary && annotations.description, alert);
  }
  assert.deepEqual(
    cases.filter(({ alertname }) => !rules.some(({ alert }) => alert === alertname)),
    [],
  );
});

test("docs/prometheus, docs/grafana: every metric and label is one of a real /metrics", async (t) => {
  const scraped = await scrapeEverything(t);
  for (const expression of [...rules.map(({ expr }) => expr), ...dashboardExpressions]) {
    assertKnown(expression, scraped);
  }
});

test("docs/grafana: the dashboard shows every metric of sluice", async (t) => {
  const shown = new Set(dashboardExpressions.flatMap(metricsOf));
  for (const name of (await scrapeEverything(t)).keys()) {
    if (!name.startsWith("sluice_")) continue;
    assert.ok(shown.has(name) || shown.has(`${name}_bucket`), name);
  }
});

async function checkAsRules(t: TestContext, expressions: readonly string[]): Promise<void> {
  const file = join(
    createTemporaryFolder((remove) => t.after(remove)),
    "rules.json",
  );
  const recordings = expressions.map((expr, i) => ({ record: `expression_${i}`, expr }));
  // JSON is YAML.
  writeFileSync(file, JSON.stringify({ groups: [{ name: "dashboard", rules: recordings }] }));
  await promtool("check", "rules", file);
}

test("docs/grafana: every expression of the dashboard is PromQL", needs("promtool"), async (t) => {
  assert.ok(dashboardExpressions.length > 40);
  await checkAsRules(t, dashboardExpressions);
  await assert.rejects(checkAsRules(t, ["rate(sluice_flows_limit[5m]"]));
});

test("docs/grafana: a data source to choose, panels with ids of their own that do not cover each other", () => {
  assert.ok(board.schemaVersion >= 39);
  const [source, ...others] = board.templating.list;
  assert.deepEqual([source?.name, source?.type, source?.query], ["datasource", "datasource", "prometheus"]);
  assert.deepEqual(
    others.map(({ name }) => name),
    ["instance", "listener", "pool"],
  );
  const panels = board.panels;
  assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
  const cells = new Set<string>();
  for (const { title, type, targets = [], gridPos: at } of panels) {
    assert.ok(title, "a panel without a title");
    assert.ok(type === "row" || targets.length > 0, `${title} asks nothing`);
    for (const { datasource } of targets) assert.match(datasource.uid, /^\$\{datasource\}$/, title);
    assert.ok(at.x + at.w <= 24, `${title} is too wide`);
    for (let cell = 0; cell < at.w * at.h; cell++) {
      const place = `${at.x + (cell % at.w)} ${at.y + Math.floor(cell / at.w)}`;
      assert.ok(!cells.has(place), `${title} covers another panel`);
      cells.add(place);
    }
  }
});

test("docs/grafana: the rows that people look for are there", () => {
  const rows = board.panels.filter(({ type }) => type === "row").map(({ title }) => title);
  assert.deepEqual(rows, ["Traffic", "Backends", "Health", "Drops", "Reply time", "Flows", "Process"]);
});
