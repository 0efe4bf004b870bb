/**
 * The types a user of the library sees: a balancer, its figures, its events.
 * Who makes them: `balancer.ts`. Who reads them: programs, and every command in `cli/`.
 */
import type { FlowEnd } from "./core/counters.js";
import type { DropReason } from "./core/drop-reason.js";
import type { AdminState, HealthState } from "./core/snapshot.js";

/** Datagrams and bytes (UDP payload) of one direction. */
export interface Traffic {
  readonly datagrams: number;
  readonly bytes: number;
}

/** Drop counts by reason; a reason that has not happened is 0. */
export type Drops = Readonly<Record<DropReason, number>>;

export interface ListenerStats {
  readonly name: string;
  /** The address really bound: where the config says port 0, the port that the system chose. */
  readonly address: string;
  readonly pool: string;
  readonly requests: Traffic;
  readonly replies: Traffic;
  readonly activeFlows: number;
  /** Datagrams the kernel dropped because the receive queue was full; 0 where the plane cannot tell. */
  readonly queueDrops: number;
  /** Requests that were not forwarded. `requests` counts them too: requests = forwarded + drops. */
  readonly drops: Drops;
  /** Replies that were not delivered. `replies` does not count them. */
  readonly replyDrops: Drops;
}

/** Reply times in milliseconds, from a histogram with buckets 6 % wide or less. NaN when there are no samples. */
export interface ReplyTime {
  readonly samples: number;
  readonly meanMs: number;
  readonly p50Ms: number;
  readonly p90Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

export interface BackendStats {
  readonly pool: string;
  readonly name: string;
  readonly address: string;
  readonly weight: number;
  readonly admin: AdminState;
  readonly health: HealthState;
  /** Why it is in this state, for people, and for how long it has been. */
  readonly reason: string;
  readonly stateForMs: number;
  /** The part of its weight that it gets: less than 1 on trial and in a slow start. */
  readonly share: number;
  readonly backup: boolean;
  readonly requests: Traffic;
  readonly replies: Traffic;
  readonly activeFlows: number;
  readonly openedFlows: number;
  /** Requests of live flows that have had no reply yet. */
  readonly outstanding: number;
  /** Times the backend's host answered ICMP port unreachable (ECONNREFUSED). */
  readonly refused: number;
  /** Replies the kernel dropped because a flow's receive queue was full; 0 where the plane cannot tell. */
  readonly queueDrops: number;
  readonly replyTime: ReplyTime;
}

/** One source that a pool takes backends from: an entry of `pools[].discover`. */
export interface SourceStats {
  readonly pool: string;
  /** Such as `dns game.example.org:27015`. */
  readonly source: string;
  /** `failing`: the last attempt failed, and the last answer stays. `waiting`: there was no answer and no failure yet. */
  readonly state: "ok" | "failing" | "waiting";
  /** Backends in the last answer. */
  readonly backends: number;
  /** Why the last attempt failed; undefined when it did not. */
  readonly lastError: string | undefined;
  /** Since the answer last changed; undefined when there was none. */
  readonly sinceChangeMs: number | undefined;
  /** Until it is asked again; undefined while it is asked, and for files, which tell by themselves. */
  readonly nextRefreshMs: number | undefined;
}

export interface Stats {
  readonly plane: string;
  /** Why each better plane was not chosen; empty when the best one runs. */
  readonly planeNotes: readonly string[];
  readonly configVersion: number;
  readonly uptimeMs: number;
  readonly flows: {
    readonly active: number;
    readonly opened: number;
    readonly moved: number;
    readonly max: number;
    readonly ended: Readonly<Record<FlowEnd, number>>;
  };
  /** Dropped requests of all listeners together. */
  readonly drops: Drops;
  /** Dropped replies of all listeners together. */
  readonly replyDrops: Drops;
  readonly listeners: readonly ListenerStats[];
  readonly backends: readonly BackendStats[];
  readonly sources: readonly SourceStats[];
}

export interface FlowInfo {
  readonly client: string;
  readonly listener: string;
  readonly pool: string;
  readonly backend: string;
  readonly requests: Traffic;
  readonly replies: Traffic;
  readonly ageMs: number;
  readonly idleMs: number;
  /** False once the flow takes no more requests (limit reached, or moved away) and only waits for replies. */
  readonly open: boolean;
}

/** What a reload changed, by name. */
export interface ReloadResult {
  readonly version: number;
  readonly listeners: Changes;
  readonly pools: Changes;
  /** Backends as `pool/backend`. */
  readonly backends: Changes;
}
export interface Changes {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly changed: readonly string[];
}

/** Event name → arguments. */
export interface BalancerEvents {
  /** All listeners of a new config are open. For the first one `createBalancer` tells, by resolving. */
  listening: [listeners: readonly { readonly name: string; readonly address: string }[]];
  /** A new config is in force. */
  reload: [result: ReloadResult];
  /** A source's answer changed, and the change is in force. Backends by name. */
  discovery: [change: { readonly pool: string; readonly source: string } & Changes];
  /** A reload was refused; the running config is untouched. */
  reloadFailed: [error: Error];
  /**
   * Something an operator should know; traffic goes on. At most one a second for each code, except that
   * code `discovery` comes once for each source that begins to fail. Warnings from the start of
   * the balancer reach the first subscriber.
   */
  warning: [warning: { readonly code: string; readonly message: string }];
  /** A backend's state changed, and why. */
  backend: [change: BackendStateChange];
  /** Everything is closed. */
  close: [];
}

export interface BackendStateChange {
  readonly pool: string;
  readonly backend: string;
  readonly admin: AdminState;
  readonly health: HealthState;
  readonly weight: number;
  /** The part of its weight that it gets: less than 1 on trial and in a slow start. */
  readonly share: number;
  readonly reason: string;
}

/**
 * What an operator may do to a backend, named `pool/backend`, or by its own name where only one pool has it. What is done
 * outlives reloads, until one changes that backend's own state or weight.
 * @throws SluiceError with code `BACKEND_UNKNOWN` or `BACKEND_AMBIGUOUS`
 */
export interface BackendControl {
  /** No new keys; its flows follow `failover.draining`. After `deadlineMs` (default: never) it is disabled. */
  drain(name: string, options?: { readonly deadlineMs?: number }): void;
  enable(name: string): void;
  /** Out at once; its flows follow `failover.removed`. */
  disable(name: string): void;
  /** 0 to 65,535; 0 takes no new keys. @throws SluiceError with code `ARGUMENT_INVALID` */
  weight(name: string, weight: number): void;
}

export interface CloseOptions {
  /**
   * Milliseconds to keep forwarding for flows that are still active (a datagram within the last second).
   * Default: the config's `shutdown.grace`. 0 closes at once.
   */
  readonly graceMs?: number;
}

/** A running balancer, as `createBalancer` gives it. */
export interface Balancer extends AsyncDisposable {
  /** Listeners and the addresses really bound. */
  readonly listeners: readonly { readonly name: string; readonly address: string }[];
  readonly plane: string;
  readonly planeNotes: readonly string[];
  /** Backends at run time: drain, enable, disable, weight. */
  readonly backends: BackendControl;
  stats(): Stats;
  /** Live flows, at most `limit` (default 1,000). */
  flows(options?: { readonly limit?: number }): FlowInfo[];
  /**
   * Puts a new config in force. Listeners that did not change keep their sockets.
   * @throws ConfigError when it is not valid, ListenError when a new listener cannot be opened; the old one stays.
   */
  reload(config: unknown): Promise<ReloadResult>;
  on<E extends keyof BalancerEvents>(event: E, listener: (...args: BalancerEvents[E]) => void): this;
  off<E extends keyof BalancerEvents>(event: E, listener: (...args: BalancerEvents[E]) => void): this;
  /** Stops; resolves when every socket is closed. A second call with `graceMs: 0` cuts a waiting one short. */
  close(options?: CloseOptions): Promise<void>;
}
