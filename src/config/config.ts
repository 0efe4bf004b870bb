/**
 * The types of a config: `ConfigInput` as people write it, `Config` as the rest of sluice reads it. They are
 * spelled out so that editors show them plainly; `schema.ts` holds the rules, and the compiler checks in
 * `schema.test.ts` that both say the same.
 */
import type { Endpoint } from "../core/address.js";
import type {
  AdminState,
  Affinity,
  FailoverAction,
  FlowLimits,
  PassiveLimits,
  PolicyName,
  SessionLimits,
  SilenceAction,
  UnansweredAction,
} from "../core/snapshot.js";
import type {
  AdminConfig,
  AdminInput,
  FlowLogConfig,
  FlowLogInput,
  MetricsConfig,
  MetricsInput,
} from "./admin-config.js";
import type { DiscoverInput, SourceConfig } from "./discover.js";
import type { GuardConfig, GuardInput } from "./guard-config.js";
import type { HealthConfig, HealthInput } from "./health-config.js";

export const PLANE_CHOICES = ["auto", "portable", "batched"] as const;
/** Which plane to run on; `auto` takes the best that the machine has. */
export type PlaneChoice = (typeof PLANE_CHOICES)[number];

/** A config as people write it. docs/config-reference.md has the meaning, bounds and default of every key. */
export interface ConfigInput {
  readonly listeners: readonly ListenerInput[];
  readonly pools: readonly PoolInput[];
  readonly limits?: LimitsInput | undefined;
  readonly shutdown?: ShutdownInput | undefined;
  readonly plane?: PlaneChoice | undefined;
  readonly workers?: number | "auto" | undefined;
  readonly admin?: AdminInput | undefined;
  readonly flowLog?: FlowLogInput | undefined;
  readonly metrics?: MetricsInput | undefined;
}

export interface ListenerInput {
  readonly name?: string | undefined;
  /** IP address and port, such as `0.0.0.0:53` or `[::]:53`. Port 0 takes any free port. */
  readonly address: string;
  readonly pool?: string | undefined;
  readonly ipv6Only?: boolean | undefined;
  readonly session?: SessionInput | undefined;
  readonly guard?: GuardInput | undefined;
  /** A size such as `4MiB`. */
  readonly receiveBuffer?: string | undefined;
  /** A size such as `4MiB`. */
  readonly sendBuffer?: string | undefined;
}

/** When a flow ends. Durations are text such as `120s`. */
export interface SessionInput {
  readonly idleTimeout?: string | undefined;
  /** A duration or `none`. */
  readonly maxLifetime?: string | undefined;
  readonly requests?: number | "none" | undefined;
  readonly responses?: number | "none" | undefined;
}

export interface PoolInput {
  readonly name?: string | undefined;
  readonly policy?: PolicyName | undefined;
  /** `none`, `client`, `client-ip`, `client-ip/24` or `client-ip/24,56`. */
  readonly affinity?: string | undefined;
  readonly maglevTableSize?: number | undefined;
  readonly failOpen?: boolean | undefined;
  readonly failover?: FailoverInput | undefined;
  /** Left out: no probes are sent. */
  readonly health?: HealthInput | undefined;
  readonly passive?: PassiveInput | undefined;
  /** A duration or `none`. */
  readonly slowStart?: string | undefined;
  /** An address alone is short for `{ address }`. */
  readonly backends?: readonly (string | BackendInput)[] | undefined;
  /** Sources of more backends. A pool has `backends`, `discover`, or both. */
  readonly discover?: readonly DiscoverInput[] | undefined;
}

export interface PassiveInput {
  readonly refusals?: boolean | undefined;
  readonly silence?: SilenceAction | undefined;
  /** An older form: false means `refusals: false, silence: "off"`. */
  readonly enabled?: boolean | undefined;
  /** Percent. */
  readonly maxEjected?: number | undefined;
}

export interface FailoverInput {
  readonly unhealthy?: FailoverAction | undefined;
  readonly draining?: FailoverAction | undefined;
  readonly removed?: FailoverAction | undefined;
  readonly unanswered?: UnansweredAction | undefined;
}

export interface BackendInput {
  readonly name?: string | undefined;
  /** IP address and port, such as `192.0.2.1:53`. */
  readonly address: string;
  readonly weight?: number | undefined;
  readonly state?: AdminState | undefined;
  readonly backup?: boolean | undefined;
}

export interface LimitsInput {
  readonly maxFlows?: number | "auto" | undefined;
  readonly maxFlowsPerClientIp?: number | "none" | undefined;
  readonly onFull?: FlowLimits["onFull"] | undefined;
}

export interface ShutdownInput {
  /** A duration such as `5s`. */
  readonly grace?: string | undefined;
}

/** Marks configs that have been checked. No text can say it, so nobody can send one past the checks; a spread keeps it. */
export const CHECKED: unique symbol = Symbol("checked config");

/** A checked config with every default filled in. Frozen through and through. */
export interface Config {
  readonly [CHECKED]: true;
  readonly listeners: readonly ListenerConfig[];
  readonly pools: readonly PoolConfig[];
  /** `maxFlows` is 0 for `auto`: the plane says how many fit. */
  readonly limits: FlowLimits;
  readonly shutdown: { readonly graceMs: number };
  readonly plane: PlaneChoice;
  /** 0 for `auto`: the plane decides. */
  readonly workers: number;
  /** Not there: nothing answers. */
  readonly admin?: AdminConfig;
  readonly flowLog?: FlowLogConfig;
  readonly metrics?: MetricsConfig;
  /** The file that it was read from, as an absolute path. */
  readonly file?: string;
}

export type { AdminAddress, AdminConfig, FlowLogConfig, MetricsConfig, TokenConfig } from "./admin-config.js";

/** Whether a value is a config that has been checked already, rather than one as people write it. */
export function isConfig(value: unknown): value is Config {
  return typeof value === "object" && value !== null && CHECKED in value;
}

export interface ListenerConfig {
  readonly name: string;
  readonly address: Endpoint;
  /** The address as it was written. */
  readonly addressText: string;
  readonly ipv6Only: boolean;
  /** Name of one of the pools. */
  readonly pool: string;
  readonly session: SessionLimits;
  /** Undefined when it limits nothing. */
  readonly guard: GuardConfig | undefined;
  readonly receiveBufferBytes: number;
  readonly sendBufferBytes: number;
}

export interface PoolConfig {
  readonly name: string;
  readonly policy: PolicyName;
  readonly affinity: Affinity;
  readonly maglevTableSize: number;
  readonly failOpen: boolean;
  readonly failover: {
    readonly unhealthy: FailoverAction;
    readonly draining: FailoverAction;
    readonly removed: FailoverAction;
    readonly unanswered: UnansweredAction;
  };
  /** Not there: no probes are sent. */
  readonly health?: HealthConfig;
  readonly passive: PassiveLimits;
  /** 0 for none. */
  readonly slowStartMs: number;
  /** Those the config names; discovery adds its own. */
  readonly backends: readonly BackendConfig[];
  readonly discover: readonly SourceConfig[];
}

export interface BackendConfig {
  readonly name: string;
  readonly address: Endpoint;
  /** The address as it was written. */
  readonly addressText: string;
  readonly weight: number;
  readonly state: AdminState;
  /** Gets keys only while no other backend of the pool is up. */
  readonly backup: boolean;
}
