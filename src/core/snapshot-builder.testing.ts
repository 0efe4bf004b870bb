/** Builds snapshots for tests, here and in test/: every field has a default, and addresses are texts. */
import { parseEndpoint } from "./address.js";
import type {
  Affinity,
  BackendEntry,
  FlowLimits,
  ListenerEntry,
  PoolEntry,
  SessionLimits,
  Snapshot,
} from "./snapshot.js";

export const NO_LIMITS: SessionLimits = {
  idleTimeoutMs: 120_000,
  maxLifetimeMs: 0,
  requests: 0,
  responses: 0,
};
export const CLIENT: Affinity = { kind: "client" };
export const CLIENT_IP: Affinity = { kind: "client-ip", prefix4: 32, prefix6: 128 };

export function buildBackend(slot: number, overrides: Partial<BackendEntry> = {}): BackendEntry {
  return {
    slot,
    name: `b${slot}`,
    address: parseEndpoint(`127.0.0.1:${9000 + slot}`),
    weight: 1,
    admin: "enabled",
    admitted: true,
    ...overrides,
  };
}

export function buildPool(overrides: Partial<PoolEntry> = {}): PoolEntry {
  return {
    slot: 0,
    name: "default",
    policy: "round-robin",
    affinity: { kind: "none" },
    failOpen: true,
    failover: { unhealthy: "move", draining: "keep", removed: "move" },
    passive: { refusals: true, silence: "keep", maxEjected: 50 },
    backends: [buildBackend(0), buildBackend(1), buildBackend(2)],
    maglevTableSize: 251,
    ...overrides,
  };
}

export function buildListener(
  overrides: Omit<Partial<ListenerEntry>, "session"> & { session?: Partial<SessionLimits> } = {},
): ListenerEntry {
  return {
    slot: 0,
    name: "main",
    address: parseEndpoint("127.0.0.1:0"),
    ipv6Only: false,
    poolSlot: 0,
    receiveBufferBytes: 4_194_304,
    sendBufferBytes: 4_194_304,
    ...overrides,
    session: { ...NO_LIMITS, ...overrides.session },
  };
}

export interface SnapshotParts {
  readonly version?: number;
  readonly listeners?: readonly ListenerEntry[];
  readonly pools?: readonly PoolEntry[];
  readonly limits?: Partial<FlowLimits>;
}

export function buildSnapshot(parts: SnapshotParts = {}): Snapshot {
  return {
    version: parts.version ?? 1,
    listeners: parts.listeners ?? [buildListener()],
    pools: parts.pools ?? [buildPool()],
    limits: { maxFlows: 1000, maxFlowsPerClientIp: 0, onFull: "drop", ...parts.limits },
  };
}
