/** From the schema's output to a `Config`: fills in the defaults that depend on other keys, and freezes it. */
import type { BackendConfig, Config, ListenerConfig, PoolConfig } from "./config.js";
import { createDefaultNames } from "./default-names.js";
import { DEFAULT_POOL } from "./draft.js";
import { type NetworkFiles, toGuard } from "./guard-config.js";
import type { SchemaOutput } from "./schema.js";
import { normaliseHealth } from "./schema-health.js";

type ParsedListener = SchemaOutput["listeners"][number];
type ParsedPool = SchemaOutput["pools"][number];
type ParsedBackend = ParsedPool["backends"][number];

/** The input must have passed all checks. */
export function normalise(parsed: SchemaOutput, files: NetworkFiles): Config {
  const { listeners, pools, limits, shutdown, plane, workers } = parsed;
  const named = pools.map(toPool);
  const defaultName = createDefaultNames();
  return deepFreeze({
    listeners: listeners.map((listener) => ({
      name: listener.name ?? defaultName(listener.address.text),
      ...toListener(listener, named[0].name, files),
    })),
    pools: named,
    limits,
    shutdown: { graceMs: shutdown.grace },
    plane,
    workers,
  });
}

function toListener(
  listener: ParsedListener,
  onlyPool: string,
  files: NetworkFiles,
): Omit<ListenerConfig, "name"> {
  const { address, session } = listener;
  return {
    address: address.endpoint,
    addressText: address.text,
    ipv6Only: listener.ipv6Only,
    pool: listener.pool ?? onlyPool,
    session: {
      idleTimeoutMs: session.idleTimeout,
      maxLifetimeMs: session.maxLifetime,
      requests: session.requests,
      responses: session.responses,
    },
    guard: toGuard(listener.guard, files),
    receiveBufferBytes: listener.receiveBuffer,
    sendBufferBytes: listener.sendBuffer,
  };
}

function toPool({ health, ...pool }: ParsedPool): PoolConfig {
  return {
    ...pool,
    name: pool.name ?? DEFAULT_POOL,
    ...(health === undefined ? {} : { health: normaliseHealth(health) }),
    backends: pool.backends.map(toBackend),
  };
}

function toBackend({ name, address, weight, state }: ParsedBackend): BackendConfig {
  return { name: name ?? address.text, address: address.endpoint, addressText: address.text, weight, state };
}

/** All but what arrays of numbers hold: that cannot be frozen. */
function deepFreeze<T extends object>(value: T): T {
  if (ArrayBuffer.isView(value)) return value;
  for (const inner of Object.values(value)) {
    if (typeof inner === "object" && inner !== null) deepFreeze(inner);
  }
  return Object.freeze(value);
}
