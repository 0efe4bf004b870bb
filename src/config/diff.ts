/** Which listeners, pools and backends differ between two configs, by name: what a reload reports. */
import { isDeepStrictEqual } from "node:util";
import { formatEndpoint } from "../core/address.js";
import type { Config } from "./config.js";

/** Names in the order of the config they are in. */
export interface NameChanges {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  /** In both, with a difference. */
  readonly changed: readonly string[];
}

export interface ConfigChanges {
  readonly listeners: NameChanges;
  /** A pool is changed when its own keys are; its backends are apart. */
  readonly pools: NameChanges;
  /** Backends as `pool/backend`. */
  readonly backends: NameChanges;
}

/** Compares what configs mean, not how they are written: `[0::1]:53` is `[::1]:53`. */
export function diffConfigs(old: Config, next: Config): ConfigChanges {
  return {
    listeners: diffNames(describeListeners(old), describeListeners(next)),
    pools: diffNames(describePools(old), describePools(next)),
    backends: diffNames(describeBackends(old), describeBackends(next)),
  };
}

/** Name → what is equal when the meaning is. */
type Described = ReadonlyMap<string, unknown>;

function describeListeners({ listeners }: Config): Described {
  return new Map(
    listeners.map(({ addressText, address, guard, ...rest }) => [
      rest.name,
      { ...rest, guard: guard && { ...guard, written: undefined }, address: formatEndpoint(address) },
    ]),
  );
}

function describePools({ pools }: Config): Described {
  return new Map(pools.map(({ backends, ...rest }) => [rest.name, rest]));
}

function describeBackends({ pools }: Config): Described {
  return new Map(
    pools.flatMap((pool) =>
      pool.backends.map(({ name, address, addressText, ...rest }): [string, unknown] => [
        `${pool.name}/${name}`,
        { ...rest, address: formatEndpoint(address) },
      ]),
    ),
  );
}

function diffNames(old: Described, next: Described): NameChanges {
  const isChanged = (name: string) => old.has(name) && !isDeepStrictEqual(old.get(name), next.get(name));
  return {
    added: [...next.keys()].filter((name) => !old.has(name)),
    removed: [...old.keys()].filter((name) => !next.has(name)),
    changed: [...next.keys()].filter(isChanged),
  };
}
