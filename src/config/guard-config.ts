/** The guard of a listener in a config: as people write it, as the rest of sluice reads it, and from one to the other. */
import { dirname, resolve } from "node:path";
import type { Prefix } from "../core/address.js";
import { limitsAnything } from "../core/guard/guard.js";
import { createPrefixSet } from "../core/guard/prefix-set.js";
import type { GuardEntry } from "../core/snapshot.js";
import type { Finding } from "./check-names.js";
import { type NetworkFile, readNetworkFile } from "./networks.js";
import type { SchemaOutput } from "./schema.js";

/** What a listener lets in and out. docs/guard.md explains it. */
export interface GuardInput {
  /** Networks such as `10.0.0.0/8`, or addresses. */
  readonly deny?: readonly string[] | undefined;
  readonly allow?: readonly string[] | undefined;
  readonly exempt?: readonly string[] | undefined;
  /** Path of a file with one network a line, or `none`. */
  readonly denyFile?: string | undefined;
  readonly allowFile?: string | undefined;
  readonly perClient?: GuardRatesInput | undefined;
  readonly perNetwork?: GuardRatesInput | undefined;
  readonly amplification?: number | "none" | undefined;
  readonly maxTracked?: number | undefined;
}

/** Rates such as `1000/s` and `1MiB/s`, or `none`. */
export interface GuardRatesInput {
  readonly prefix4?: number | undefined;
  readonly prefix6?: number | undefined;
  readonly datagrams?: string | undefined;
  readonly bytes?: string | undefined;
  readonly newFlows?: string | undefined;
  /** A duration such as `1s`. */
  readonly burst?: string | undefined;
}

export interface GuardConfig extends Omit<GuardEntry, "shared"> {
  /** The lists as they were written, paths made absolute; `prefixes` is what they and the files come to. */
  readonly written: GuardLists;
}

export interface GuardLists {
  readonly deny: readonly string[];
  readonly allow: readonly string[];
  readonly exempt: readonly string[];
  readonly denyFile: string;
  readonly allowFile: string;
}

type ParsedGuard = SchemaOutput["listeners"][number]["guard"];
type ParsedRates = ParsedGuard["perClient"];

/** By path as written: what the files of networks say. */
export type NetworkFiles = ReadonlyMap<string, NetworkFile>;

export const NO_FILE = "none";
const FILE_KEYS = ["denyFile", "allowFile"] as const;

/**
 * Reads every file of networks that the listeners name, each once.
 * @param configFile where the config comes from: paths are relative to its folder, else to the current one
 */
export function readNetworkFiles(
  listeners: SchemaOutput["listeners"],
  configFile: string | undefined,
): NetworkFiles {
  const folder = configFile === undefined ? "." : dirname(configFile);
  const paths = new Set(listeners.flatMap(({ guard }) => FILE_KEYS.map((key) => guard[key])));
  paths.delete(NO_FILE);
  return new Map([...paths].map((path) => [path, readNetworkFile(resolve(folder, path))]));
}

/** Finds files that cannot be read or have bad lines, and allow lists that would let nobody in. */
export function checkNetworkFiles(listeners: SchemaOutput["listeners"], files: NetworkFiles): Finding[] {
  return listeners.flatMap(({ guard }, i) =>
    FILE_KEYS.flatMap((key): Finding[] => {
      const path = ["listeners", i, "guard", key];
      const file = files.get(guard[key]);
      if (file === undefined) return [];
      const isEmpty = file.networks.length === 0 && file.problems.length === 0;
      if (key === "allowFile" && isEmpty && guard.allow.length === 0) {
        return [{ path, message: "the file has no network and would let nobody in, expected at least one" }];
      }
      return file.problems.map((message) => ({ path, message }));
    }),
  );
}

/**
 * The guard of one listener; undefined when it limits nothing.
 * @param folder what relative paths are relative to
 */
export function toGuard(guard: ParsedGuard, files: NetworkFiles, folder: string): GuardConfig | undefined {
  const inFile = (path: string): readonly Prefix[] => files.get(path)?.networks ?? [];
  const listed = (list: ParsedGuard["deny"]) => list.map(({ prefix }) => prefix);
  const deny = [...listed(guard.deny), ...inFile(guard.denyFile)];
  const allow = [...listed(guard.allow), ...inFile(guard.allowFile)];
  const exempt = listed(guard.exempt);
  const perClient = toRates(guard.perClient);
  const perNetwork = toRates(guard.perNetwork);
  const { amplification, maxTracked, denyFile, allowFile } = guard;
  const hasLists = deny.length + allow.length + exempt.length > 0;
  const hasFiles = denyFile !== NO_FILE || allowFile !== NO_FILE;
  if (!hasLists && !hasFiles && !amplification && !limitsAnything(perClient) && !limitsAnything(perNetwork)) {
    return undefined;
  }
  const texts = (list: ParsedGuard["deny"]) => list.map(({ text }) => text);
  return {
    prefixes: hasLists ? createPrefixSet([deny, allow, exempt]) : undefined,
    allowOnly: allow.length > 0,
    perClient,
    perNetwork,
    amplification,
    maxTracked,
    written: {
      deny: texts(guard.deny),
      allow: texts(guard.allow),
      exempt: texts(guard.exempt),
      denyFile: toPath(denyFile, folder),
      allowFile: toPath(allowFile, folder),
    },
  };
}

function toPath(file: string, folder: string): string {
  return file === NO_FILE ? NO_FILE : resolve(folder, file);
}

function toRates({ prefix4, prefix6, datagrams, bytes, newFlows, burst }: ParsedRates) {
  return {
    prefix4,
    prefix6,
    datagramsPerS: datagrams,
    bytesPerS: bytes,
    newFlowsPerS: newFlows,
    burstMs: burst,
  };
}
