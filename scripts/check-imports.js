// Holds the import directions of the table "Rooms" in ARCHITECTURE.md, and keeps `console`, `process.exit` and
// `process.env` inside src/cli. Prints each violation as file:line and exits 1 when there is one.
// `node scripts/check-imports.js FOLDER` checks FOLDER/src instead of this project's. Tests (*.test.ts) are free.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { blankSource } from "./blank-source.js";

/**
 * What each room may import, besides itself. An entry names a room, or one file as `room/file`; `type:` in front
 * allows only `import type`, and `dynamic:` only `import()` (types are free there: they vanish).
 */
const MAY_IMPORT = {
  api: ["core"],
  core: [],
  config: ["core"],
  "planes/shared": ["core"],
  "planes/select": ["core", "planes/shared", "planes/portable", "dynamic:planes/batched"],
  "planes/portable": ["core", "planes/shared"],
  "planes/memory": ["core", "planes/shared"],
  "planes/batched": ["core", "planes/shared", "linux"],
  linux: ["core/errors"],
  health: ["core", "type:config"],
  lab: ["core"],
  loadgen: ["core", "linux"],
  discovery: ["core", "config"],
  admin: ["api", "core", "config"],
  balancer: [
    "api",
    "core",
    "config",
    "health",
    "discovery",
    "planes",
    "lab",
    "loadgen",
    "dynamic:planes/batched",
    "dynamic:linux",
    "dynamic:admin",
  ],
  index: [
    "api",
    "balancer",
    "core/errors",
    "config/config-error",
    "config/load-config",
    "type:config",
    "type:core",
  ],
  cli: [
    "api",
    "balancer",
    "core",
    "config",
    "health",
    "discovery",
    "planes",
    "lab",
    "loadgen",
    "index",
    "dynamic:planes/batched",
    "dynamic:linux",
    "dynamic:admin",
  ],
};

/**
 * Rooms below which foreign function calls are loaded, which a machine without them must never reach by accident, and
 * the one with the web server, which only those pay for who ask for it.
 */
const ONLY_ON_DEMAND = ["linux", "planes/batched", "admin"];

const IMPORT = /\b(?:import|export)\b(\s+type\b)?[^;'"()]*?\bfrom\s*$|\bimport(\s*)$|\bimport(\s*\(\s*)$/;
const FORBIDDEN = /\bconsole\s*\.|\bprocess\s*\.\s*(?:exit|env)\b/g;
const FORBIDDEN_NAMES = /\b(?:exit|env)\b/;

const root = resolve(process.argv[2] ?? fileURLToPath(new URL("../", import.meta.url)));
const violations = listSources(join(root, "src")).flatMap((file) => checkFile(file));
for (const violation of violations) console.error(violation);
process.exitCode = violations.length > 0 ? 1 : 0;

/** Source files as paths from `src`, forward slashes, sorted. */
function listSources(folder) {
  return readdirSync(folder, { recursive: true })
    .map((path) => path.split(sep).join("/"))
    .filter((path) => path.endsWith(".ts") && !path.endsWith(".test.ts"))
    .sort();
}

function checkFile(file) {
  const source = readFileSync(join(root, "src", file), "utf8");
  const code = blankSource(source);
  const room = roomOf(file);
  const found = MAY_IMPORT[room] === undefined ? [{ at: 0, text: `room "${room}" is not in the table` }] : [];
  for (const statement of findImports(source, code)) {
    const text = checkImport(file, room, statement);
    if (text !== undefined) found.push({ at: statement.at, text });
  }
  if (room !== "cli") found.push(...findForbidden(code));
  return found.map(({ at, text }) => `src/${file}:${source.slice(0, at).split("\n").length}: ${text}`);
}

/**
 * The room of a file, by its path from `src`: its first folder; below `planes` the engine, where the files
 * directly in `planes`, such as the contract, are shared by all but for the choice, `select.ts`. A file directly in
 * `src` belongs to the balancer, except the two that other rooms or users see.
 */
function roomOf(file) {
  const parts = file.replace(/\.(ts|js)$/, "").split("/");
  if (parts.length === 1 && parts[0] !== "api" && parts[0] !== "index") return "balancer";
  if (parts[0] !== "planes") return parts[0];
  const isShared = parts.length === 2 && parts[1] !== "select";
  return isShared ? "planes/shared" : `planes/${parts[1]}`;
}

/** Every import of a file: its specifier, its offset, and whether it is dynamic or of types only. */
function findImports(source, code) {
  const imports = [];
  for (const quoted of source.matchAll(/(["'])([^"'\n]+)\1/g)) {
    const before = code.slice(0, quoted.index);
    if (code[quoted.index] !== " ") continue;
    const match = IMPORT.exec(
      before.slice(Math.max(0, before.lastIndexOf(";", quoted.index), quoted.index - 4000)),
    );
    if (match === null) continue;
    const isDynamic = match[3] !== undefined;
    imports.push({
      specifier: quoted[2],
      at: quoted.index,
      names: match[0],
      isDynamic,
      isType: match[1] !== undefined,
    });
  }
  return imports;
}

/** What is wrong with one import, or undefined. */
function checkImport(file, room, { specifier, names, isDynamic, isType }) {
  if (/^(node:)?process$/.test(specifier)) {
    return room !== "cli" && FORBIDDEN_NAMES.test(names)
      ? "only src/cli may import exit or env of process"
      : undefined;
  }
  if (specifier === "koffi" && room !== "linux" && !isType) return 'only src/linux may import "koffi"';
  const target = resolveInside(file, specifier);
  if (target === undefined) return undefined;
  const targetRoom = roomOf(target);
  if (targetRoom === room) return undefined;
  const how = isType ? "type" : isDynamic ? "dynamic" : "static";
  const rules = (MAY_IMPORT[room] ?? [])
    .map(parseRule)
    .filter((rule) => rule.to === targetRoom || covers(rule.to, target));
  if (rules.length === 0) return `src/${room} may not import src/${target}`;
  const isLazy = ONLY_ON_DEMAND.some((lazy) => covers(lazy, target));
  if (rules.some((rule) => ruleAllows(rule, how, isLazy))) return undefined;
  return isLazy
    ? `src/${room} may load src/${target} only with import()`
    : `src/${room} may import only types of src/${target}`;
}

/** A file of ours as its path from `src` without extension, or undefined for a package. */
function resolveInside(file, specifier) {
  if (specifier.startsWith("#src/")) return specifier.slice(5).replace(/\.(ts|js)$/, "");
  if (!specifier.startsWith(".")) return undefined;
  return posix.join(dirname(file), specifier).replace(/\.(ts|js)$/, "");
}

function parseRule(text) {
  const [kind, to] = text.includes(":") ? text.split(":") : ["any", text];
  return { kind, to };
}

function covers(room, target) {
  return target === room || target.startsWith(`${room}/`);
}

/** A room loaded on demand needs a rule of its own: being inside an allowed folder is not enough. */
function ruleAllows(rule, how, isLazy) {
  if (how === "type") return true;
  if (rule.kind === "type") return false;
  if (rule.kind === "dynamic") return how === "dynamic";
  return !isLazy || ONLY_ON_DEMAND.includes(rule.to);
}

function findForbidden(code) {
  return [...code.matchAll(FORBIDDEN)].map((match) => ({
    at: match.index,
    text: `only src/cli may use ${match[0].replaceAll(/\s/g, "").replace(/\.$/, "")}`,
  }));
}
