// Runs the built tests (dist/**/*.test.js and dist-test/**/*.test.js) with node's test runner and passes on its exit
// code. `node scripts/run-tests.js cli lab` runs only the files whose path contains `cli` or `lab`.
import { spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join, sep } from "node:path";
import { fileURLToPath } from "node:url";

/** Longest time one test file may take; a hanging test must not hang the whole run. */
const FILE_TIMEOUT_MS = 300_000;

const root = fileURLToPath(new URL("../", import.meta.url));
const filters = process.argv.slice(2);
const files = ["dist", "dist-test"].flatMap(findTests).filter(matchesFilters).sort();

if (files.length === 0) {
  console.error(
    filters.length > 0
      ? `no test file matches ${filters.join(" ")}`
      : "no tests found: run `npm run build` first",
  );
  process.exitCode = 1;
} else {
  process.exitCode = await runNodeTest(files);
}

/** Test files below a folder of the project, as paths from the root with forward slashes. */
function findTests(folder) {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: false })
    .map((path) => `${folder}/${path.split(sep).join("/")}`)
    .filter((path) => path.endsWith(".test.js"));
}

function matchesFilters(path) {
  return filters.length === 0 || filters.some((filter) => path.includes(filter));
}

/** Node >= 20 runs the files it is given, each in a process of its own. */
function runNodeTest(testFiles) {
  const options = ["--test", "--test-reporter=spec", `--test-timeout=${FILE_TIMEOUT_MS}`];
  const child = spawn(process.execPath, [...options, ...testFiles], { cwd: root, stdio: "inherit" });
  return new Promise((resolve) => {
    child.on("error", (error) => {
      console.error(`cannot start node: ${error.message}`);
      resolve(1);
    });
    child.on("exit", (code) => resolve(code ?? 1));
  });
}
