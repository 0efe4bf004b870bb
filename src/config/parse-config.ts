/** Unknown value to `Config`: the one way in, for files, the library and the command line alike. */
import { dirname } from "node:path";
import { checkAddresses } from "./check-addresses.js";
import { checkAdmin, findAdminWarnings } from "./check-admin.js";
import { checkCounts } from "./check-counts.js";
import { checkDiscover } from "./check-discover.js";
import { checkNames, type Finding } from "./check-names.js";
import { checkMaglevTables, findOldKeys, findWarnings } from "./check-pools.js";
import { type BackendConfig, type Config, isConfig } from "./config.js";
import { ConfigError, type Problem } from "./config-error.js";
import { createDraft } from "./draft.js";
import { checkNetworkFiles, type NetworkFiles, readNetworkFiles } from "./guard-config.js";
import { formatPath, type KeyPath } from "./key-path.js";
import { normalise } from "./normalise.js";
import { type OwnAddresses, readOwnAddresses } from "./own-addresses.js";
import { configSchema, type SchemaOutput } from "./schema.js";
import { countIssues, toFindings } from "./schema-findings.js";
import { expandFields, fromFullPath, isShortForm, listUnknownKeys, refuseUnknownKey } from "./short-form.js";

/** Where the value at `path` was written, or its key, or else the nearest place around it. */
export type Locate = (
  path: KeyPath,
  target?: "key" | "value",
) => { readonly line: number; readonly column: number } | undefined;

/** As many are put in the order of the text; of those the first 20 are told. */
const MAX_FINDINGS = 1_000;

/** A config that may be used, and what an operator should look at. */
export interface CheckedConfig {
  readonly config: Config;
  readonly warnings: readonly Problem[];
}

/**
 * Checks a config in the full or the short form and fills in the defaults. One that was checked already stays as it is.
 * @throws ConfigError with the first 20 problems, and how many more there are
 */
export function parseConfig(input: unknown, locate?: Locate, file?: string): Config {
  if (isConfig(input)) return input;
  return checkConfig(input, locate, file).config;
}

/**
 * Like `parseConfig`, with warnings.
 * @param own the addresses of this machine, which tell what would loop
 * @throws ConfigError with the first 20 problems, and how many more there are
 */
export function checkConfig(
  input: unknown,
  locate?: Locate,
  file?: string,
  own: OwnAddresses = readOwnAddresses(),
): CheckedConfig {
  const toProblem = ({ path, message, target }: Finding): Problem => {
    const place = locate?.(path, target);
    return { file, line: place?.line, column: place?.column, path: formatPath(path), message };
  };
  const short = isShortForm(input);
  const written = (finding: Finding) =>
    short ? { ...finding, path: fromFullPath(finding.path, input) } : finding;

  const unknown = short ? listUnknownKeys(input) : [];
  const { parsed, files, findings, left } = checkFullForm(short ? expandFields(input) : input, file, own);
  const found = withoutRepetitions([
    ...unknown.slice(0, MAX_FINDINGS).map(refuseUnknownKey),
    ...findings.map(written),
  ]);
  const all = found.slice(0, MAX_FINDINGS);
  if (parsed === undefined || all.length > 0) {
    const more = left + Math.max(0, unknown.length - MAX_FINDINGS) + found.length - all.length;
    throw new ConfigError(inTextOrder(all.map(toProblem)), { more });
  }
  const config = normalise(parsed, files, file);
  const warnings = [...findWarnings(config), ...findOldKeys(parsed), ...findAdminWarnings(config)];
  return { config, warnings: warnings.map(written).map(toProblem) };
}

/** What a list of backends has around it to be checked as the config that it is a part of. */
const BACKENDS_PATH = ["pools", 0, "backends"];

/**
 * Checks a list of backends in the form of `pools[].backends`; paths of problems begin inside it, such as `[2].weight`.
 * @throws ConfigError with the first 20 problems, and how many more there are
 */
export function parseBackends(input: unknown, locate?: Locate, file?: string): readonly BackendConfig[] {
  const around = { listeners: [{ address: "127.0.0.1:0" }], pools: [{ backends: input ?? null }] };
  try {
    return checkConfig(around, (path, target) => locate?.(path.slice(BACKENDS_PATH.length), target), file)
      .config.pools[0].backends;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const prefix = formatPath(BACKENDS_PATH);
    throw error.with((problem) => ({
      ...problem,
      path: problem.path.startsWith(prefix) ? problem.path.slice(prefix.length) : "",
    }));
  }
}

interface CheckedForm {
  readonly parsed: SchemaOutput | undefined;
  readonly files: NetworkFiles;
  readonly findings: Finding[];
  /** How many more there are. */
  readonly left: number;
}

function checkFullForm(input: unknown, file: string | undefined, own: OwnAddresses): CheckedForm {
  const tooMany = checkCounts(input);
  if (tooMany.length > 0) return { parsed: undefined, files: new Map(), findings: tooMany, left: 0 };
  const result = configSchema.safeParse(input, { reportInput: true });
  const draft = createDraft(input);
  const listeners = result.data?.listeners ?? [];
  const files = readNetworkFiles(listeners, file);
  const issues = result.error?.issues ?? [];
  const ofSchema = toFindings(issues.slice(0, MAX_FINDINGS), MAX_FINDINGS);
  const count = countIssues(issues);
  const findings = [
    ...ofSchema,
    ...checkNames(draft),
    ...checkAddresses(draft, own),
    ...checkMaglevTables(draft),
    ...checkNetworkFiles(listeners, files),
    ...checkDiscover(input),
    ...checkAdmin(result.data?.admin, file === undefined ? "." : dirname(file)),
  ];
  return { parsed: result.data, files, findings, left: count > MAX_FINDINGS ? count - ofSchema.length : 0 };
}

/** Several listeners of a short form report the same key once. */
function withoutRepetitions(findings: readonly Finding[]): Finding[] {
  const unique = new Map(
    findings.map((finding) => [`${formatPath(finding.path)}\n${finding.message}`, finding]),
  );
  return [...unique.values()];
}

/** By place where it is known, else as found. */
function inTextOrder(problems: readonly Problem[]): Problem[] {
  return [...problems].sort((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0));
}
