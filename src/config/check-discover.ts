/** Checks of the sources of pools: exactly one kind each, only keys that go with it, and a pool with neither is refused. */
import type { Finding } from "./check-names.js";
import { SOURCE_KINDS, type SourceKind } from "./discover.js";
import { asFields, asList, type Fields } from "./draft.js";
import type { KeyPath } from "./key-path.js";
import { formatDuration, parseDuration, UnitError } from "./units.js";

/** With which kinds a key goes; keys not here go with all. */
const GOES_WITH: Readonly<Record<string, readonly SourceKind[]>> = {
  family: ["dns", "srv"],
  resolvers: ["dns", "srv"],
  minInterval: ["dns", "srv"],
  maxInterval: ["dns", "srv"],
  namePrefix: ["dns", "srv"],
  weight: ["dns"],
  backup: ["dns"],
};
const DEFAULT_MIN = "5s";
const DEFAULT_MAX = "5m";

/** Finds pools without any backend or source, and sources that do not add up. */
export function checkDiscover(input: unknown): Finding[] {
  return Array.from(asList(asFields(input).pools)).flatMap((pool, i) => {
    if (typeof pool !== "object" || pool === null || Array.isArray(pool)) return [];
    return checkPool(asFields(pool), ["pools", i]);
  });
}

function checkPool({ backends, discover }: Fields, path: KeyPath): Finding[] {
  const sources = Array.from(asList(discover));
  const findings = sources.flatMap((source, i) =>
    typeof source === "object" && source !== null && !Array.isArray(source)
      ? checkSource(asFields(source), [...path, "discover", i])
      : [],
  );
  if (discover !== undefined && (!Array.isArray(discover) || sources.length > 0)) return findings;
  if (backends === undefined) {
    findings.push({ path: [...path, "backends"], message: "missing, expected a list of backends" });
  } else if (Array.isArray(backends) && backends.length === 0) {
    const message = "found an empty list, expected at least one backend";
    findings.push({ path: [...path, "backends"], message });
  }
  return findings;
}

function checkSource(source: Fields, path: KeyPath): Finding[] {
  const kinds = SOURCE_KINDS.filter((kind) => source[kind] !== undefined);
  if (kinds.length === 0) return [{ path, message: "missing, expected one of dns, srv, file" }];
  if (kinds.length > 1) {
    const message = `found ${kinds.join(" and ")} in one source, expected one of them`;
    return [{ path: [...path, kinds[1]], message, target: "key" }];
  }
  return [...strayKeys(source, kinds[0], path), ...checkIntervals(source, path)];
}

function strayKeys(source: Fields, kind: SourceKind, path: KeyPath): Finding[] {
  return Object.entries(GOES_WITH)
    .filter(([key, allowed]) => source[key] !== undefined && !allowed.includes(kind))
    .map(([key, allowed]) => ({
      path: [...path, key],
      message: `does not go with ${kind}, only with ${allowed.join(" and ")}`,
      target: "key",
    }));
}

function checkIntervals(source: Fields, path: KeyPath): Finding[] {
  const minMs = readDuration(source.minInterval ?? DEFAULT_MIN);
  const maxMs = readDuration(source.maxInterval ?? DEFAULT_MAX);
  if (minMs === undefined || maxMs === undefined || minMs <= maxMs) return [];
  const key = source.maxInterval === undefined ? "minInterval" : "maxInterval";
  const [found, bound] = key === "maxInterval" ? [maxMs, minMs] : [minMs, maxMs];
  const than = key === "maxInterval" ? "at least minInterval" : "at most maxInterval";
  const message = `found ${formatDuration(found)}, expected ${than} (${formatDuration(bound)})`;
  return [{ path: [...path, key], message }];
}

/** Undefined for what the schema reports. */
function readDuration(value: unknown): number | undefined {
  try {
    return typeof value === "string" ? parseDuration(value) : undefined;
  } catch (error) {
    if (error instanceof UnitError) return undefined;
    throw error;
  }
}
