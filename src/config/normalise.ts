/** From the schema's output to a `Config`: fills in the defaults that depend on other keys, and freezes it. */
import { dirname, resolve } from "node:path";
import { type BackendConfig, CHECKED, type Config, type ListenerConfig, type PoolConfig } from "./config.js";
import { createDefaultNames } from "./default-names.js";
import type { SourceConfig } from "./discover.js";
import { DEFAULT_POOL } from "./draft.js";
import { type NetworkFiles, toGuard } from "./guard-config.js";
import type { SchemaOutput } from "./schema.js";
import { normaliseAdmin, normaliseFlowLog, normaliseMetrics } from "./schema-admin.js";
import { normaliseHealth } from "./schema-health.js";

type ParsedListener = SchemaOutput["listeners"][number];
type ParsedPool = SchemaOutput["pools"][number];
type ParsedBackend = NonNullable<ParsedPool["backends"]>[number];
type ParsedSource = NonNullable<ParsedPool["discover"]>[number];

/**
 * The input must have passed all checks.
 * @param file the config's own, which relative paths in it are relative to; without it the working directory
 */
export function normalise(parsed: SchemaOutput, files: NetworkFiles, file?: string): Config {
  const { listeners, pools, limits, shutdown, plane, workers, admin, flowLog, metrics } = parsed;
  const folder = file === undefined ? "." : dirname(file);
  const named = pools.map((pool) => toPool(pool, folder));
  const defaultName = createDefaultNames();
  return deepFreeze({
    [CHECKED]: true as const,
    listeners: listeners.map((listener) => ({
      name: listener.name ?? defaultName(listener.address.text),
      ...toListener(listener, named[0].name, files, folder),
    })),
    pools: named,
    limits,
    shutdown: { graceMs: shutdown.grace },
    plane,
    workers,
    ...(admin !== undefined && { admin: normaliseAdmin(admin, folder) }),
    ...(flowLog !== undefined && { flowLog: normaliseFlowLog(flowLog, folder) }),
    ...(metrics !== undefined && { metrics: normaliseMetrics(metrics) }),
  });
}

function toListener(
  listener: ParsedListener,
  onlyPool: string,
  files: NetworkFiles,
  folder: string,
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
    guard: toGuard(listener.guard, files, folder),
    receiveBufferBytes: listener.receiveBuffer,
    sendBufferBytes: listener.sendBuffer,
  };
}

function toPool({ health, slowStart, passive, ...pool }: ParsedPool, folder: string): PoolConfig {
  return {
    ...pool,
    passive: toPassive(passive),
    slowStartMs: slowStart,
    name: pool.name ?? DEFAULT_POOL,
    ...(health === undefined ? {} : { health: normaliseHealth(health, folder) }),
    backends: (pool.backends ?? []).map(toBackend),
    discover: (pool.discover ?? []).map((source) => toSource(source, folder)),
  };
}

function toPassive({ enabled = true, ...passive }: ParsedPool["passive"]): PoolConfig["passive"] {
  return enabled ? passive : { ...passive, refusals: false, silence: "off" };
}

function toBackend({ address, name = address.text, ...rest }: ParsedBackend): BackendConfig {
  return { name, address: address.endpoint, addressText: address.text, ...rest };
}

function toSource(source: ParsedSource, folder: string): SourceConfig {
  const { dns, srv, file, family, weight, backup, namePrefix = "" } = source;
  if (file !== undefined) return { kind: "file", path: resolve(folder, file) };
  const shared = {
    family,
    resolvers: (source.resolvers ?? []).map(({ text }) => text),
    minIntervalMs: source.minInterval,
    maxIntervalMs: source.maxInterval,
    namePrefix,
  };
  if (dns !== undefined) return { kind: "dns", name: dns.host, port: dns.port, weight, backup, ...shared };
  if (srv !== undefined) return { kind: "srv", name: srv, ...shared };
  throw new TypeError("a source without a kind: the config was not checked");
}

/** All but what arrays of numbers hold: that cannot be frozen. */
function deepFreeze<T extends object>(value: T): T {
  if (ArrayBuffer.isView(value)) return value;
  for (const inner of Object.values(value)) {
    if (typeof inner === "object" && inner !== null) deepFreeze(inner);
  }
  return Object.freeze(value);
}
