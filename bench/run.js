// `npm run bench`: measures sluice beside the peers that are installed, and writes what came of it.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { measureRow } from "./measure-row.js";
import { HELP, parseOptions } from "./options.js";
import { findDnsdist } from "./peers/dnsdist.js";
import { findNginx } from "./peers/nginx.js";
import { findPen } from "./peers/pen.js";
import { mostDescriptors } from "./processes/descriptors.js";
import { openNamespace, whyNoNamespace } from "./processes/namespace.js";
import { describeEnvironment } from "./report/environment.js";
import { formatTable } from "./report/markdown.js";
import { readResults, writeReadme, writeResults } from "./report/write-results.js";
import { createRows } from "./rows/rows.js";

const USAGE = 2;
/** What a balancer needs beside the flows of the row many-flows: the flows of its first load, and all else. */
const RESERVED_DESCRIPTORS = 2000;

try {
  await main(process.argv.slice(2));
} catch (error) {
  console.error(`bench: ${error.message}`);
  process.exitCode = 1;
}

async function main(args) {
  const options = readOptions(args);
  if (options.help) return console.log(HELP);
  const installed = { nginx: findNginx(), dnsdist: findDnsdist(), pen: findPen() };
  if (options.list) return listRows(createRows(installed, options));
  const obstacle = whyNoNamespace();
  if (obstacle !== undefined) refuse(obstacle);
  const descriptors = mostDescriptors();
  const sizes = { ...options, flows: Math.min(options.flows, descriptors - RESERVED_DESCRIPTORS) };
  const all = createRows(installed, sizes);
  const rows = chooseRows(all, options.only);
  const results = {
    date: new Date().toISOString(),
    command: ["npm run bench", ...(args.length > 0 ? ["--", ...args] : [])].join(" "),
    environment: describeEnvironment(installed),
    settings: pickSettings(sizes),
    rows: options.keep ? (readResults(options.out)?.rows ?? []) : [],
  };
  await measureAll({ ...options, descriptors }, rows, all, results);
  console.log(formatTable(results));
  const isWhole = all.every(({ id }) => results.rows.some((row) => row.id === id));
  if (isWhole && options.isDefaultOut && writeReadme(results)) console.error("README.md has the new table");
}

function readOptions(args) {
  try {
    return parseOptions(args);
  } catch (error) {
    return refuse(error.message);
  }
}

/** Results are written after each row, so that an hour's work is not lost to the last one. */
async function measureAll(options, rows, all, results) {
  const namespace = openNamespace(options.descriptors);
  const folder = mkdtempSync(join(tmpdir(), "sluice-bench-"));
  const close = () => {
    namespace.close();
    rmSync(folder, { recursive: true, force: true });
  };
  const onSignal = (signal) => process.exit(signal === "SIGINT" ? 130 : 143);
  process.on("exit", close);
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, onSignal);
  try {
    for (const row of rows) {
      const result = await measureRow({ ...options, namespace, folder }, row, tell);
      const others = results.rows.filter(({ id }) => id !== row.id);
      results.rows = [...others, { ...result, date: results.date, commit: results.environment.commit }];
      results.rows.sort(inOrderOf(all));
      writeResults(options.out, results);
    }
  } finally {
    if (process.stderr.isTTY) tell("");
    close();
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.off(signal, onSignal);
  }
}

function inOrderOf(all) {
  const place = ({ id }) => all.findIndex((row) => row.id === id);
  return (one, other) => place(one) - place(other);
}

function chooseRows(all, only) {
  if (only === undefined) return all;
  const unknown = only.find((id) => !all.some((row) => row.id === id));
  if (unknown !== undefined) refuse(`no row "${unknown}": there are ${all.map(({ id }) => id).join(", ")}`);
  return all.filter(({ id }) => only.includes(id));
}

function pickSettings({ runs, durationMs, warmupMs, tries, cpus, flows, datagrams }) {
  return { runs, durationMs, warmupMs, tries, cpus, flows, datagrams };
}

function listRows(rows) {
  for (const { id, title, contestants } of rows) {
    console.log(`${id.padEnd(18)}${title}: ${contestants.map(({ name }) => name).join(", ")}`);
  }
}

/** One line that is written anew on a terminal, a line each elsewhere. */
function tell(text) {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
  else console.error(text);
}

function refuse(message) {
  console.error(`bench: ${message}`);
  process.exit(USAGE);
}
