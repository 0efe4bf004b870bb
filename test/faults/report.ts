/** Results as text: a line while it runs, a table for docs/faults.md. */
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { cpus, release } from "node:os";
import { join } from "node:path";
import { ROOT } from "../support/markdown.js";
import type { Contestant } from "./contestants/contestant.js";
import { FAULTS, type FaultName } from "./faults.js";
import type { FaultResult } from "./run-fault.js";

const PAGE = join(ROOT, "docs/faults.md");
const BEGIN = "<!-- faults:begin -->";
const END = "<!-- faults:end -->";

export interface Row {
  readonly fault: FaultName;
  readonly contestant: Contestant;
  /** Or why there is none. */
  readonly result: FaultResult | string;
}

export function formatRow({ fault, contestant, result }: Row): string {
  if (typeof result === "string") return `${fault}, ${contestant.name}: left out: ${result}`;
  const { sent, answered, late, lost } = result;
  const last = result.lastMissMs === undefined ? "" : `, the last after ${formatMs(result.lastMissMs)}`;
  const wrong = formatWrong(result);
  return `${fault}, ${contestant.name}: ${sent} sent, ${answered} answered, ${late} late, ${lost} lost${last}; wrong ${wrong}; ${formatDrops(result)}`;
}

/** Puts the table into the page, between its markers. */
export function writePage(rows: readonly Row[]): void {
  const page = readFileSync(PAGE, "utf8");
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`docs/faults.md has no ${BEGIN} and ${END}`);
  const text = `${page.slice(0, begin + BEGIN.length)}\n\n${createTable(rows)}\n${page.slice(end)}`;
  writeFileSync(PAGE, text);
}

function createTable(rows: readonly Row[]): string {
  const contestants = [...new Map(rows.map(({ contestant }) => [contestant.name, contestant])).values()];
  return [
    describeMachine(),
    "",
    "| contestant | version | settings |",
    "| --- | --- | --- |",
    ...contestants.map(({ name, version, settings }) => `| ${name} | ${version} | ${settings} |`),
    "",
    "| fault | balancer | sent | answered | late | lost | last miss after | empty / doubled / misdelivered / bad | it says it dropped |",
    "| --- | --- | --: | --: | --: | --: | --: | --- | --- |",
    ...rows.map(tableRow),
    "",
  ].join("\n");
}

function tableRow({ fault, contestant, result }: Row, index: number, rows: readonly Row[]): string {
  const title = rows[index - 1]?.fault === fault ? "" : FAULTS[fault].title;
  if (typeof result === "string")
    return `| ${title} | ${contestant.name} | – | – | – | – | – | – | left out: ${result} |`;
  const counts = [result.sent, result.answered, result.late, result.lost].map((count) =>
    count.toLocaleString("en"),
  );
  const last = result.lastMissMs === undefined ? "–" : formatMs(result.lastMissMs);
  return `| ${title} | ${contestant.name} | ${[...counts, last, formatWrong(result), formatDrops(result)].join(" | ")} |`;
}

function formatWrong({ empty, doubled, misdelivered, bad }: FaultResult): string {
  return `${empty} / ${doubled} / ${misdelivered} / ${bad}`;
}

function formatDrops({ drops }: FaultResult): string {
  if (drops === undefined) return "does not say";
  const reasons = Object.entries(drops).map(([reason, count]) => `${count} ${reason}`);
  return reasons.length === 0 ? "nothing" : reasons.join(", ");
}

function formatMs(ms: number): string {
  return ms < 0 ? "0 ms" : `${Math.round(ms).toLocaleString("en")} ms`;
}

function describeMachine(): string {
  const commit = spawnSync("git", ["rev-parse", "--short=10", "HEAD"], {
    cwd: ROOT,
    encoding: "utf8",
  }).stdout.trim();
  return `${cpus().length} × ${cpus()[0]?.model.trim()}, Linux ${release()}, Node.js ${process.versions.node}, sluice at ${commit || "no commit"}.`;
}
