// Test runner: runs the built tests with node's own runner and ends in one summary of them all.
//
//   node scripts/run-tests.js             the tests: dist/**/*.test.js and dist-test/**/*.test.js
//   node scripts/run-tests.js --system    the measurements: dist-test/system/**/*.test.js
//   node scripts/run-tests.js --all       both
//   node scripts/run-tests.js cli lab     of the tests, only files whose path contains `cli` or `lab`
//
// Test files run side by side, each in a process of its own. Measurements run after them, one at a time: each wants
// the machine for itself.
import { existsSync, readdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join, sep } from "node:path";
import { Readable } from "node:stream";
import { spec } from "node:test/reporters";
import { fileURLToPath } from "node:url";
import { runInTurn } from "./test-phases.js";

const SYSTEM = "dist-test/system/";
/** What many tests do is wait, so one more than there are processors. */
const SIDE_BY_SIDE = Math.max(2, availableParallelism()) + 1;

const root = fileURLToPath(new URL("../", import.meta.url));
const options = process.argv.slice(2).filter((word) => word.startsWith("--"));
const filters = process.argv.slice(2).filter((word) => !word.startsWith("--"));
process.exitCode = await main();

async function main() {
  const unknown = options.filter((option) => option !== "--system" && option !== "--all");
  if (unknown.length > 0) return fail(`unknown option ${unknown[0]}: expected --system or --all`);
  const phases = findPhases().filter(({ files }) => files.length > 0);
  if (phases.length === 0) {
    if (filters.length > 0) return fail(`no test file matches ${filters.join(" ")}`);
    return fail("no tests found: run `npm run build` first");
  }
  const outcome = { failed: 1 };
  process.chdir(root);
  Readable.from(runInTurn(phases, outcome)).compose(new spec()).pipe(process.stdout);
  return new Promise((resolve) => process.once("beforeExit", () => resolve(outcome.failed > 0 ? 1 : 0)));
}

/** Long files are in dist-test; they begin first, so that the short ones fill what is left at the end. */
function findPhases() {
  const files = ["dist-test", "dist"].flatMap(findTests).filter(matchesFilters);
  const tests = { files: files.filter((path) => !path.startsWith(SYSTEM)), concurrency: SIDE_BY_SIDE };
  const system = { files: files.filter((path) => path.startsWith(SYSTEM)), concurrency: 1 };
  if (options.includes("--all")) return [tests, system];
  return options.includes("--system") ? [system] : [tests];
}

/** Test files below a folder of the project, as paths from the root with forward slashes. */
function findTests(folder) {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: false })
    .map((path) => `${folder}/${path.split(sep).join("/")}`)
    .filter((path) => path.endsWith(".test.js") && existsSync(join(root, sourceOf(path))))
    .sort();
}

/** A test that was moved or removed is left in what an earlier build wrote. */
function sourceOf(path) {
  const source = path.replace(/\.js$/, ".ts").replace(/^dist-test\/dashboard\//, "dashboard/");
  return source.replace(/^dist-test\//, "test/").replace(/^dist\//, "src/");
}

function matchesFilters(path) {
  return filters.length === 0 || filters.some((filter) => path.includes(filter));
}

function fail(message) {
  console.error(message);
  return 1;
}
