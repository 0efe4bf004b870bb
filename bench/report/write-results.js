// Where results go: latest.json and latest.md in a folder, and the table between two marks in the README.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { formatResults, formatTable } from "./markdown.js";

const README = new URL("../../README.md", import.meta.url);
const [BEGIN, END] = ["<!-- bench:begin -->", "<!-- bench:end -->"];

/** @param {string} folder @param {object} results */
export function writeResults(folder, results) {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "latest.json"), `${JSON.stringify(results, roundNumber, 1)}\n`);
  writeFileSync(join(folder, "latest.md"), formatResults(results));
}

/** The last results there, or undefined. @param {string} folder */
export function readResults(folder) {
  const path = join(folder, "latest.json");
  return existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : undefined;
}

/** Answers whether the README has the marks and was written. @param {object} results */
export function writeReadme(results) {
  if (!existsSync(README)) return false;
  const text = readFileSync(README, "utf8");
  const begin = text.indexOf(BEGIN);
  const end = text.indexOf(END);
  if (begin < 0 || end < begin) return false;
  writeFileSync(
    README,
    `${text.slice(0, begin + BEGIN.length)}\n${formatTable(results)}\n${text.slice(end)}`,
  );
  return true;
}

/** Six digits are more than any of these figures has. */
function roundNumber(_key, value) {
  if (typeof value !== "number" || Number.isInteger(value)) return value;
  return Number(value.toPrecision(6));
}
