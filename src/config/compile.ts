/** Config to snapshot: gives everything its slot, and leaves out what planes need not know. */
import { formatEndpoint } from "../core/address.js";
import type { BackendEntry, GuardEntry, ListenerEntry, PoolEntry, Snapshot } from "../core/snapshot.js";
import type { BackendConfig, Config, ListenerConfig, PoolConfig } from "./config.js";
import type { GuardConfig } from "./guard-config.js";
import type { SlotKind, SlotRegistry } from "./slots.js";

/** Gives the slot of an identity. */
type Acquire = (kind: SlotKind, ...identity: string[]) => number;

/**
 * Compiles a config. What has a slot keeps it; under the same name, another address is another identity.
 * @param maxFlows the resolved number: `config.limits.maxFlows`, or what the plane allows when that is 0 (auto)
 * @throws SluiceError with code `TOO_MANY` when the registry is full, which then is as it was before
 */
export function compileSnapshot(
  config: Config,
  registry: SlotRegistry,
  version: number,
  maxFlows: number,
): Snapshot {
  const taken: [SlotKind, number][] = [];
  const acquire: Acquire = (kind, ...identity) => {
    const isNew = !registry.has(kind, identity);
    const slot = registry.acquire(kind, identity);
    if (isNew) taken.push([kind, slot]);
    return slot;
  };
  try {
    const pools = config.pools.map((pool) => compilePool(pool, acquire));
    const listeners = config.listeners.map((listener) => compileListener(listener, pools, acquire));
    const { flowLog } = config;
    const logSample = flowLog && { logSample: flowLog.sample };
    return { version, listeners, pools, limits: { ...config.limits, maxFlows }, ...logSample };
  } catch (error) {
    for (const [kind, slot] of taken) registry.release(kind, slot);
    throw error;
  }
}

function compileListener(
  listener: ListenerConfig,
  pools: readonly PoolEntry[],
  acquire: Acquire,
): ListenerEntry {
  const { addressText, pool: poolName, guard, ...same } = listener;
  const pool = pools.find(({ name }) => name === poolName);
  if (pool === undefined)
    throw new TypeError(`no pool ${JSON.stringify(poolName)}: the config was not checked`);
  const slot = acquire("listener", ...listenerIdentity(listener));
  return { ...same, slot, poolSlot: pool.slot, ...(guard && { guard: compileGuard(guard) }) };
}

function compileGuard({ written, ...guard }: GuardConfig): GuardEntry {
  return guard;
}

/** A listener is its address, whatever its name: renamed, it keeps socket and flows. With port 0 only the name tells. */
function listenerIdentity({ name, address }: ListenerConfig): string[] {
  return address.port === 0 ? [formatEndpoint(address), name] : [formatEndpoint(address)];
}

function compilePool(pool: PoolConfig, acquire: Acquire): PoolEntry {
  const { health, discover, slowStartMs, ...same } = pool;
  const slot = acquire("pool", pool.name);
  return {
    ...same,
    slot,
    backends: pool.backends.map((backend) => compileBackend(backend, pool.name, acquire)),
  };
}

function compileBackend(backend: BackendConfig, poolName: string, acquire: Acquire): BackendEntry {
  const { name, address, weight, state, backup } = backend;
  const slot = acquire("backend", poolName, name, formatEndpoint(address));
  // What the health monitor knows of it comes on top.
  return { slot, name, address, weight, admin: state, admitted: true, backup };
}
