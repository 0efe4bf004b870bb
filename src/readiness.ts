/** What a balancer still waits for before traffic should be sent to it. */
import type { ProbeStats, Readiness } from "./api.js";
import { isWell } from "./core/health-state.js";
import type { BackendEntry, PoolEntry, Snapshot } from "./core/snapshot.js";
import { LAST_BACK_OFF_MS } from "./health/backend-record.js";
import type { HealthStatus } from "./health/monitor.js";
import { healthInForce } from "./stats.js";

export interface ReadinessInput {
  readonly snapshot: Snapshot;
  /** Listener slot → address really bound. */
  readonly addresses: ReadonlyMap<number, string>;
  /** Backend slot → what its probes found. */
  readonly probes: ReadonlyMap<number, ProbeStats>;
  /** Backend slot → how it is and why. */
  readonly health: ReadonlyMap<number, HealthStatus>;
  /** False while another process receives the requests. */
  readonly receives: boolean;
  readonly closes: boolean;
}

/** Backends of one pool that are told by name. */
const MOST_NAMED = 3;

export function createReadiness(input: ReadinessInput): Readiness {
  const { snapshot, addresses, probes, receives, closes } = input;
  const unopened = snapshot.listeners.filter(({ slot }) => !addresses.has(slot));
  const unprobed = snapshot.pools.flatMap((pool) =>
    pool.backends
      .filter(({ slot }) => probes.has(slot) && probes.get(slot)?.sinceMs === undefined)
      .map(({ name }) => `first probe of ${pool.name}/${name}`),
  );
  const used = new Set(snapshot.listeners.map(({ poolSlot }) => poolSlot));
  const pools = snapshot.pools.filter(({ slot }) => used.has(slot));
  const awaiting = [
    ...(closes ? ["its end: it is closing"] : []),
    ...(receives ? [] : ["requests: another process receives them"]),
    ...unopened.map(({ name }) => `listener ${name}`),
    ...unprobed,
    ...pools.flatMap((pool) => whyPoolCannot(pool, input)),
  ];
  return { isReady: awaiting.length === 0, awaiting };
}

/** Nothing where a backend takes keys and nothing speaks against it, or where only traffic can tell. */
function whyPoolCannot({ name, backends }: PoolEntry, input: ReadinessInput): string[] {
  if (backends.length === 0) return [`pool ${name}: it has no backends`];
  const taking = backends.filter(({ admin, weight }) => admin === "enabled" && weight > 0);
  if (taking.length === 0) return [`pool ${name}: no backend takes keys: ${list(backends, stateByOperator)}`];
  if (taking.some((backend) => isWell(healthInForce(backend, input.health.get(backend.slot))))) return [];
  if (taking.every((backend) => onlyTrafficCanTell(backend, input))) return [];
  return [`pool ${name}: no backend is up: ${list(taking, (backend) => stateByHealth(backend, input))}`];
}

/** Who asks whether we are ready may send nothing until we are, and without probes there would never be other evidence. */
function onlyTrafficCanTell({ slot }: BackendEntry, { probes, health }: ReadinessInput): boolean {
  return !probes.has(slot) && (health.get(slot)?.badForMs ?? 0) > LAST_BACK_OFF_MS;
}

function stateByOperator({ name, admin }: BackendEntry): string {
  return `${name} ${admin === "enabled" ? "has weight 0" : `is ${admin}`}`;
}

function stateByHealth(backend: BackendEntry, { health }: ReadinessInput): string {
  const status = health.get(backend.slot);
  return `${backend.name} is ${healthInForce(backend, status)} (${status?.reason ?? ""})`;
}

function list(backends: readonly BackendEntry[], describe: (backend: BackendEntry) => string): string {
  const more = backends.length - MOST_NAMED;
  const named = backends.slice(0, MOST_NAMED).map(describe);
  return [...named, ...(more > 0 ? [`and ${more} more`] : [])].join(", ");
}
