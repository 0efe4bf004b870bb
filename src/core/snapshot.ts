/**
 * The snapshot: the immutable compiled routing state that planes run on. The slow world makes a new one for every
 * change; a plane swaps to it whole. Plain data only, so that it can be posted to a worker thread.
 */
import type { Endpoint } from "./address.js";
import type { HealthState } from "./health-state.js";

/** How a pool chooses a backend for a new affinity key. */
export const POLICIES = ["round-robin", "random", "least-flows", "least-outstanding", "maglev"] as const;
export type PolicyName = (typeof POLICIES)[number];

/** What the operator asked of a backend. Draining and disabled backends take no new keys. */
export type AdminState = "enabled" | "draining" | "disabled";
/** What happens to a live flow when its backend leaves: see docs/live-flows.md. */
export type FailoverAction = "move" | "keep" | "drop";
/** What becomes of requests that a backend had taken and not answered when refusals or silence took it down. */
export type UnansweredAction = "lose" | "resend";

/** Which part of a datagram decides that it belongs with earlier ones. */
export type Affinity =
  | { readonly kind: "none" }
  | { readonly kind: "client" }
  | { readonly kind: "client-ip"; readonly prefix4: number; readonly prefix6: number };

/** One backend. `slot` indexes every per-backend array and counter block, and stays the same across snapshots. */
export interface BackendEntry {
  readonly slot: number;
  readonly name: string;
  readonly address: Endpoint;
  /** 0 to 65,535; 0 takes no new keys. */
  readonly weight: number;
  readonly admin: AdminState;
  /** Whether its health lets it take keys. Where nobody of a pool that fails open is admitted, all are asked. */
  readonly admitted: boolean;
  /** What people see of its health; planes do not read it. Default `untried`. */
  readonly health?: HealthState;
  /** Gets keys only while no other backend of the pool is admitted. Default false. */
  readonly backup?: boolean;
  /** The part of its weight that it gets, above 0 to 1: less in a slow start. Default 1. */
  readonly share?: number;
  /** Half-open: not admitted, but tried by single requests; flows that are bound to it stay. Default false. */
  readonly onTrial?: boolean;
  /** Not admitted, but flows that it has answered stay. Default false. */
  readonly keepsAnswered?: boolean;
  /** Out by passive signals, so it counts towards `passive.maxEjected`. Default false. */
  readonly ejected?: boolean;
}

/**
 * What becomes of a backend that has gone silent: nothing; it gets no new keys but keeps the flows that it has answered, until a probe
 * confirms it; or its flows move as well.
 */
export type SilenceAction = "off" | "keep" | "move";

/** What passive signals (refusals, silence) may do in a pool. */
export interface PassiveLimits {
  readonly refusals: boolean;
  readonly silence: SilenceAction;
  /** The largest part of a pool's backends that they may take down, 0 to 100 percent. */
  readonly maxEjected: number;
}

/** One pool. `slot` stays the same across snapshots; listeners name their pool by it. */
export interface PoolEntry {
  readonly slot: number;
  readonly name: string;
  readonly policy: PolicyName;
  readonly affinity: Affinity;
  /** When no backend is admitted: ask all of them (true) or drop with `no_backend` (false). */
  readonly failOpen: boolean;
  readonly failover: {
    readonly unhealthy: FailoverAction;
    readonly draining: FailoverAction;
    readonly removed: FailoverAction;
    /** Default `lose`. */
    readonly unanswered?: UnansweredAction;
  };
  readonly passive: PassiveLimits;
  readonly backends: readonly BackendEntry[];
  /** Size of the maglev table (a prime); only for the `maglev` policy. */
  readonly maglevTableSize: number;
}

/** Limits of one flow; 0 means no limit, but for the idle timeout, which is at least 1. Times are milliseconds. */
export interface SessionLimits {
  readonly idleTimeoutMs: number;
  readonly maxLifetimeMs: number;
  /** After this many requests the flow takes no more; the next datagram starts a new flow. */
  readonly requests: number;
  /** Replies expected for each request; when all have come the flow ends. */
  readonly responses: number;
}

/** How much the clients that share a prefix may do together, each number a second; 0 for no limit. */
export interface GuardRates {
  /** Bits of an IPv4 and of an IPv6 address that tell clients apart. */
  readonly prefix4: number;
  readonly prefix6: number;
  readonly datagramsPerS: number;
  readonly bytesPerS: number;
  readonly newFlowsPerS: number;
  /** What may come at once: as much as the rates give in this time. */
  readonly burstMs: number;
}

/** What a listener lets in and out: core/guard/guard.ts. */
export interface GuardEntry {
  /** core/guard/prefix-set.ts, with the deny, allow and exempt lists; undefined when all three are empty. */
  readonly prefixes: Int32Array | undefined;
  /** Whether only the networks of the allow list may pass. */
  readonly allowOnly: boolean;
  readonly perClient: GuardRates;
  readonly perNetwork: GuardRates;
  /** Most reply bytes for each request byte until the client has proved its address; 0 for any number. */
  readonly amplification: number;
  /** Clients, and networks, whose rates are known at once. */
  readonly maxTracked: number;
  /** Where workers share what they know of clients: a plane with workers adds it. */
  readonly shared?: GuardMemory | undefined;
}

/** See `TokenBuckets`. */
export interface GuardMemory {
  readonly seed: number;
  readonly clients: SharedArrayBuffer;
  readonly networks: SharedArrayBuffer;
}

/** One listener. `slot` indexes its counter block and stays the same across snapshots. */
export interface ListenerEntry {
  readonly slot: number;
  readonly name: string;
  /** Port 0 asks for any free port. */
  readonly address: Endpoint;
  readonly ipv6Only: boolean;
  readonly poolSlot: number;
  readonly session: SessionLimits;
  /** Bytes of kernel receive buffer to ask for on the listener. */
  readonly receiveBufferBytes: number;
  readonly sendBufferBytes: number;
  /** Undefined when it limits nothing. */
  readonly guard?: GuardEntry | undefined;
}

/** Bounds that keep memory finite whatever the network sends. 0 for `maxFlowsPerClientIp` means none. */
export interface FlowLimits {
  readonly maxFlows: number;
  readonly maxFlowsPerClientIp: number;
  readonly onFull: "drop" | "evict-oldest";
}

export interface Snapshot {
  readonly version: number;
  readonly listeners: readonly ListenerEntry[];
  readonly pools: readonly PoolEntry[];
  readonly limits: FlowLimits;
  /** core/trials.ts; there while a backend is on trial. */
  readonly trialTokens?: Int32Array<SharedArrayBuffer> | undefined;
  /** The part of the flows that is noted when they end, above 0 to 1. Default: none is. */
  readonly logSample?: number;
}

/** Bounds of the slot numbers: what shared counter memory is laid out for. */
export const MAX_LISTENERS = 256;
export const MAX_POOLS = 256;
export const MAX_BACKENDS = 4096;
