/**
 * A snapshot made ready for the forwarder: policies over the backends that may take new keys, and for every backend
 * slot what happens to flows that are bound to it. Built whole for each snapshot, then only read.
 */

import type { DropReason } from "./drop-reason.js";
import { createGuard, type Guard } from "./guard/guard.js";
import { createPolicy } from "./policies/create-policy.js";
import type { Candidate, LoadView, Policy } from "./policies/policy.js";
import {
  type Affinity,
  type BackendEntry,
  type FlowLimits,
  type ListenerEntry,
  MAX_BACKENDS,
  MAX_LISTENERS,
  type PoolEntry,
  type Snapshot,
} from "./snapshot.js";
import { Trials } from "./trials.js";
import { reasonNumber } from "./verdict.js";

/** What happens to the next datagram of a flow whose backend is in some state. */
export const KEEP = 1;
export const MOVE = 2;
export const DROP = 3;
/** Where it has been answered it stays, else it moves. */
export const KEEP_ANSWERED = 4;
/** Shares are tenths. */
const SHARE_SCALE = 10;
const ACTIONS = { keep: KEEP, move: MOVE, drop: DROP, keepAnswered: KEEP_ANSWERED } as const;

export type AffinityKind = Affinity["kind"];

/** A pool as one listener uses it. */
export interface Route {
  readonly listener: ListenerEntry;
  readonly poolSlot: number;
  readonly affinity: AffinityKind;
  readonly prefix4: number;
  readonly prefix6: number;
  readonly policy: Policy;
  /** Undefined unless a backend of the pool is half-open. */
  readonly trials: Trials | undefined;
  readonly guard: Guard | undefined;
  /** Whether the policy looks at the hash of the key. */
  readonly hashed: boolean;
  /** What happens to flows of this listener whose backend is no longer in its pool. */
  readonly removedAction: number;
  readonly idleTimeoutMs: number;
  readonly maxLifetimeMs: number;
  readonly requests: number;
  readonly responses: number;
  /** A flow moves to the end of its use list when it was last moved there this long ago. */
  readonly relistAfterMs: number;
}

export interface Routing {
  readonly version: number;
  readonly limits: FlowLimits;
  /** By listener slot. */
  readonly routes: readonly (Route | undefined)[];
  readonly backends: readonly (BackendEntry | undefined)[];
  /** By backend slot: the pool it is in, or -1. */
  readonly poolOf: Int16Array;
  /** By backend slot: KEEP, MOVE, DROP or KEEP_ANSWERED, and the drop reason that goes with it. */
  readonly actions: Uint8Array;
  readonly reasons: Uint8Array;
  /** By backend slot: 1 where a key that is bound to it brings its further flows there too. */
  readonly holdsBindings: Uint8Array;
  readonly policies: ReadonlyMap<number, Policy>;
}

export interface RoutingInput {
  readonly load: LoadView;
  readonly random: () => number;
  /** 32 bits that clients cannot guess. */
  readonly seed: number;
  readonly previous: Routing | undefined;
}

export function createRouting(snapshot: Snapshot, input: RoutingInput): Routing {
  const routing = {
    version: snapshot.version,
    limits: snapshot.limits,
    routes: new Array<Route | undefined>(MAX_LISTENERS).fill(undefined),
    backends: new Array<BackendEntry | undefined>(MAX_BACKENDS).fill(undefined),
    poolOf: new Int16Array(MAX_BACKENDS).fill(-1),
    actions: new Uint8Array(MAX_BACKENDS).fill(MOVE),
    reasons: new Uint8Array(MAX_BACKENDS).fill(reasonNumber("backend_removed")),
    holdsBindings: new Uint8Array(MAX_BACKENDS),
    policies: new Map<number, Policy>(),
  };
  const pools = new Map<number, PoolEntry>();
  for (const pool of snapshot.pools) {
    pools.set(pool.slot, pool);
    routing.policies.set(pool.slot, createPoolPolicy(pool, input));
    addBackends(pool, routing);
  }
  for (const listener of snapshot.listeners) {
    const pool = pools.get(listener.poolSlot);
    const policy = routing.policies.get(listener.poolSlot);
    if (!pool || !policy) continue;
    const guard = createGuard(listener.guard, input.seed, input.previous?.routes[listener.slot]?.guard);
    routing.routes[listener.slot] = createRoute(listener, pool, policy, guard, createTrials(pool, snapshot));
  }
  return routing;
}

/**
 * Backends that may take new keys: enabled and admitted, backups only when no other is; when nobody is admitted and the pool fails
 * open, all enabled ones that are not backups, or the backups where there are no others.
 */
export function candidatesOf(pool: PoolEntry): readonly BackendEntry[] {
  const enabled = pool.backends.filter(isUsable);
  const admitted = enabled.filter((backend) => backend.admitted);
  return withoutBackups(admitted.length > 0 || !pool.failOpen ? admitted : enabled);
}

function isUsable({ admin, weight }: BackendEntry): boolean {
  return admin === "enabled" && weight > 0;
}

function withoutBackups(backends: readonly BackendEntry[]): readonly BackendEntry[] {
  const primaries = backends.filter((backend) => !backend.backup);
  return primaries.length > 0 ? primaries : backends;
}

/** Weights stay whole numbers: where somebody gets a part of its weight, all are scaled. */
function weighted(backends: readonly BackendEntry[]): readonly Candidate[] {
  if (backends.every(({ share = 1 }) => share === 1)) return backends;
  return backends.map(({ slot, name, weight, share = 1 }) => ({
    slot,
    name,
    weight: Math.max(1, Math.round(weight * share * SHARE_SCALE)),
  }));
}

/** The same with their weights as the policy sees them. */
export function weightedCandidatesOf(pool: PoolEntry): readonly Candidate[] {
  return weighted(candidatesOf(pool));
}

function createPoolPolicy(pool: PoolEntry, input: RoutingInput): Policy {
  return createPolicy(pool.policy, {
    candidates: weightedCandidatesOf(pool),
    maglevTableSize: pool.maglevTableSize,
    load: input.load,
    random: input.random,
    previous: input.previous?.policies.get(pool.slot),
  });
}

function addBackends(
  pool: PoolEntry,
  routing: Omit<Routing, "backends"> & { backends: (BackendEntry | undefined)[] },
): void {
  const candidates = new Set(candidatesOf(pool));
  for (const backend of pool.backends) {
    const [action, reason] = flowActionOf(pool, backend, candidates.has(backend));
    routing.backends[backend.slot] = backend;
    routing.poolOf[backend.slot] = pool.slot;
    routing.actions[backend.slot] = ACTIONS[action];
    routing.reasons[backend.slot] = reasonNumber(reason);
    // A flow may be kept on a disabled backend, but nothing new goes there.
    routing.holdsBindings[backend.slot] = action === "keep" && backend.admin !== "disabled" ? 1 : 0;
  }
}

function createTrials(pool: PoolEntry, { trialTokens }: Snapshot): Trials | undefined {
  const slots = pool.backends.filter((one) => one.onTrial && isUsable(one)).map(({ slot }) => slot);
  return trialTokens === undefined || slots.length === 0 ? undefined : new Trials(slots, trialTokens);
}

/** Disabled means out at once, so its flows fare as if it had been removed. Not admitted outranks draining. */
function flowActionOf(
  pool: PoolEntry,
  backend: BackendEntry,
  candidate: boolean,
): [keyof typeof ACTIONS, DropReason] {
  if (candidate) return ["keep", "backend_removed"];
  if (backend.admin === "disabled") return [pool.failover.removed, "backend_removed"];
  if (!backend.admitted && !backend.onTrial && !failsOpen(pool))
    return [whenOut(pool, backend), "backend_down"];
  if (isUsable(backend)) return ["keep", "backend_removed"]; // a backup whose turn is over
  return [pool.failover.draining, "backend_draining"];
}

function whenOut({ failover }: PoolEntry, { keepsAnswered }: BackendEntry): keyof typeof ACTIONS {
  return keepsAnswered && failover.unhealthy !== "keep" ? "keepAnswered" : failover.unhealthy;
}

function failsOpen(pool: PoolEntry): boolean {
  return pool.failOpen && !pool.backends.some((backend) => isUsable(backend) && backend.admitted);
}

function createRoute(
  listener: ListenerEntry,
  pool: PoolEntry,
  policy: Policy,
  guard: Guard | undefined,
  trials: Trials | undefined,
): Route {
  const { session } = listener;
  return {
    listener,
    poolSlot: pool.slot,
    affinity: pool.affinity.kind,
    prefix4: pool.affinity.kind === "client-ip" ? pool.affinity.prefix4 : 32,
    prefix6: pool.affinity.kind === "client-ip" ? pool.affinity.prefix6 : 128,
    policy,
    trials,
    guard,
    hashed: pool.policy === "maglev",
    removedAction: ACTIONS[pool.failover.removed],
    ...session,
    relistAfterMs: session.idleTimeoutMs / 8,
  };
}
