/**
 * A tolerant view of a config that may still be wrong elsewhere, so that problems which span several keys are
 * found together with those of single keys. What cannot be read is undefined here: the schema reports it.
 */
import { AddressError, type Endpoint, parseEndpoint } from "../core/address.js";
import { createDefaultNames } from "./default-names.js";
import type { KeyPath } from "./key-path.js";

/** Something with a name and an address. */
export interface DraftEntry {
  readonly path: KeyPath;
  /** As written; undefined when it is left out or not text. */
  readonly writtenName: string | undefined;
  /** The written name, or else the default: the text of the address. */
  readonly name: string | undefined;
  readonly addressPath: KeyPath;
  readonly addressText: string | undefined;
  readonly address: Endpoint | undefined;
}

export interface DraftListener extends DraftEntry {
  readonly ipv6Only: boolean;
  /** As written; undefined when it is left out or not text. */
  readonly pool: string | undefined;
  /** Whether the key is there at all. */
  readonly hasPool: boolean;
}

export interface DraftPool {
  readonly path: KeyPath;
  readonly name: string | undefined;
  readonly hasName: boolean;
  readonly policy: unknown;
  readonly maglevTableSize: unknown;
  readonly backends: readonly DraftEntry[];
}

export interface Draft {
  readonly listeners: readonly DraftListener[];
  readonly pools: readonly DraftPool[];
}

/** The name of the only pool when it has none. */
export const DEFAULT_POOL = "default";

/** A map with any values. */
export type Fields = Readonly<Record<string, unknown>>;

/** Reads what can be read of a full form. */
export function createDraft(input: unknown): Draft {
  const fields = asFields(input);
  // Array.from fills the holes of a sparse array, which map would leave.
  const pools = Array.from(asList(fields.pools));
  const defaultName = createDefaultNames();
  return {
    listeners: Array.from(asList(fields.listeners), (item, i) =>
      draftListener(asFields(item), ["listeners", i], defaultName),
    ),
    pools: pools.map((item, i) => draftPool(asFields(item), ["pools", i], pools.length === 1)),
  };
}

function draftListener(
  fields: Fields,
  path: KeyPath,
  defaultName: (addressText: string) => string,
): DraftListener {
  const entry = draftEntry(fields, path);
  const isNameless = fields.name === undefined && entry.addressText !== undefined;
  return {
    ...entry,
    name: isNameless ? defaultName(entry.addressText) : entry.name,
    ipv6Only: fields.ipv6Only === true,
    pool: asText(fields.pool),
    hasPool: fields.pool !== undefined,
  };
}

function draftPool(fields: Fields, path: KeyPath, only: boolean): DraftPool {
  const hasName = fields.name !== undefined;
  return {
    path,
    name: hasName || !only ? asText(fields.name) : DEFAULT_POOL,
    hasName,
    policy: fields.policy,
    maglevTableSize: fields.maglevTableSize,
    backends: Array.from(asList(fields.backends), (item, i) => draftBackend(item, [...path, "backends", i])),
  };
}

function draftBackend(item: unknown, path: KeyPath): DraftEntry {
  if (typeof item !== "string") return draftEntry(asFields(item), path);
  return { ...draftEntry({ address: item }, path), addressPath: path };
}

function draftEntry(fields: Fields, path: KeyPath): DraftEntry {
  const addressText = asText(fields.address);
  const writtenName = asText(fields.name);
  return {
    path,
    writtenName,
    name: writtenName ?? (fields.name === undefined ? addressText : undefined),
    addressPath: [...path, "address"],
    addressText,
    address: addressText === undefined ? undefined : readEndpoint(addressText),
  };
}

function readEndpoint(text: string): Endpoint | undefined {
  try {
    return parseEndpoint(text);
  } catch (error) {
    if (error instanceof AddressError) return undefined;
    throw error;
  }
}

/** The value as a map; an empty one when it is none. */
export function asFields(value: unknown): Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

/** The value as a list; an empty one when it is none. */
export function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function asText(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
