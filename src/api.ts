/**
 * The types a user of the library sees: a balancer, its figures, its events.
 * Who makes them: `balancer.ts`. Who reads them: programs, and every command in `cli/`.
 */
import type { FlowEnd } from "./core/counters.js";
import type { DropReason } from "./core/drop-reason.js";
import type { HealthState } from "./core/health-state.js";
import type { RefusalKind } from "./core/refusal-kind.js";
import type { AdminState } from "./core/snapshot.js";

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
  readonly openedFlows: number;
  /** Times a client went on with another backend in the middle of its flow. */
  readonly movedFlows: number;
  /** Why its flows ended. */
  readonly ended: Readonly<Record<FlowEnd, number>>;
  /** Datagrams the kernel dropped: the receive queue was full, or a checksum wrong. 0 where the plane cannot tell. */
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
  /** All samples together; 0 when there are none. */
  readonly sumMs: number;
  /**
   * Cumulative counts, at bounds from 0.1 ms to 10 s: samples up to each bound, as exact as the histogram's buckets. Those
   * above the last are `samples` less its count.
   */
  readonly buckets: readonly { readonly upToMs: number; readonly samples: number }[];
}

export interface BackendStats {
  readonly pool: string;
  readonly name: string;
  readonly address: string;
  readonly weight: number;
  readonly admin: AdminState;
  readonly health: HealthState;
  /** Why it is in this state, for people, and for how long it has been. What `health` says is in force on the plane. */
  readonly reason: string;
  readonly stateForMs: number;
  /** The part of its weight that it gets: less than 1 while half-open and in a slow start. */
  readonly share: number;
  readonly backup: boolean;
  readonly requests: Traffic;
  readonly replies: Traffic;
  readonly activeFlows: number;
  readonly openedFlows: number;
  /** Requests of live flows that have had no reply yet. */
  readonly outstanding: number;
  /** Datagrams that did not get there: ICMP destination unreachable of any kind, or no route from here. */
  readonly refused: number;
  /** The same by kind: `port` is nobody listening there. */
  readonly refusedBy: Readonly<Record<RefusalKind, number>>;
  /** Replies the kernel dropped: a flow's receive queue was full, or a checksum wrong. 0 where the plane cannot tell. */
  readonly queueDrops: number;
  readonly replyTime: ReplyTime;
  /** What its probes found; undefined where its pool has no health check. */
  readonly probes: ProbeStats | undefined;
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
  /** How many of them the pool did not take: for want of room, or because they would loop or stand for no server. */
  readonly leftOut: number;
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
  readonly ready: Readiness;
  readonly workers: readonly WorkerStats[];
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
  /** Lines of the flow log, written and lost; undefined where there is none. */
  readonly flowLog: { readonly lines: number; readonly dropped: number } | undefined;
}

/** Whether it may be sent traffic, and if not yet, what it waits for. */
export interface Readiness {
  readonly isReady: boolean;
  /** For people, such as `listener dns`, `first probe of web/a`, `pool web: no backend is up: a is failing (refused: …)`. */
  readonly awaiting: readonly string[];
}

export interface FlowInfo {
  /** Never given to another flow in one process's life. Its form may change. */
  readonly id: string;
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
  /** Somebody changed something at run time, and who. */
  operator: [action: OperatorAction];
  /** Everything is closed. */
  close: [];
}

export interface BackendStateChange {
  readonly pool: string;
  readonly backend: string;
  readonly admin: AdminState;
  readonly health: HealthState;
  readonly weight: number;
  /** The part of its weight that it gets: less than 1 while half-open and in a slow start. */
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
  drain(name: string, options?: { readonly deadlineMs?: number | undefined }, actor?: Actor): void;
  enable(name: string, actor?: Actor): void;
  /** Out at once; its flows follow `failover.removed`. */
  disable(name: string, actor?: Actor): void;
  /** 0 to 65,535; 0 takes no new keys. @throws SluiceError with code `ARGUMENT_INVALID` */
  weight(name: string, weight: number, actor?: Actor): void;
}

export interface CloseOptions {
  /**
   * Milliseconds to keep forwarding for flows that are still active (a datagram within the last second).
   * Default: the config's `shutdown.grace`. 0 closes at once.
   */
  readonly graceMs?: number;
}

/** Who asked for a change: `by` is a token, a socket or a program, `from` an address where there is one. */
export interface Actor {
  readonly by: "token" | "local" | "socket" | "program";
  readonly from?: string;
}

/** A change that somebody made while the balancer runs, told after it happened. */
export interface OperatorAction {
  readonly action: "drain" | "enable" | "disable" | "weight" | "reload" | "end-flow" | "tap";
  /** What was changed: `pool/backend`, a flow's id; empty for a reload. */
  readonly target: string;
  readonly by: Actor["by"];
  readonly from: string | undefined;
  /** Such as `weight 5`, `deadline 30000 ms`. */
  readonly detail: string;
}

/** The config in force. */
export interface ConfigInForce {
  readonly version: number;
  /** Where it came from: a file, the admin API, or the program that embeds the balancer. */
  readonly source: "file" | "api" | "program";
  /** As a config file in full form would say it: plain JSON, units as text, defaults filled in. Secrets are left out. */
  readonly document: Readonly<Record<string, unknown>>;
}

/** What a reload with a config would do. */
export interface ConfigPlan {
  readonly listeners: Changes;
  readonly pools: Changes;
  /** Backends as `pool/backend`. */
  readonly backends: Changes;
  /** Of the flows that are live now. `moved` and `ended`: at their next datagram, or at once where their listener goes. */
  readonly flows: {
    readonly live: number;
    readonly kept: number;
    readonly moved: number;
    readonly ended: number;
  };
  /** The part of all affinity keys, 0 to 1, that a consistent policy would send elsewhere; undefined for other policies. */
  readonly keys: readonly { readonly pool: string; readonly share: number | undefined }[];
  /** Keys of the config that only a restart puts in force, such as `plane`. */
  readonly restartNeeded: readonly string[];
}

/** One backend as `explain` sees it. */
export interface ExplainedBackend {
  readonly name: string;
  readonly admin: AdminState;
  readonly health: HealthState;
  readonly weight: number;
  readonly share: number;
  readonly backup: boolean;
  /** Whether a new key may go there now. */
  readonly takesKeys: boolean;
  /** Why, or why not, for people. */
  readonly why: string;
  /** How likely a new key goes there, 0 to 1; undefined where that depends on the load. */
  readonly chance: number | undefined;
}

/** Where a datagram of a client would go now, and why. */
export interface Explanation {
  readonly client: string;
  readonly listener: string;
  readonly pool: string;
  /** As a config writes it, such as `client-ip/24,56`. */
  readonly affinity: string;
  /** The affinity key, such as `192.0.2.0/24`; empty with affinity `none`. */
  readonly key: string;
  readonly policy: string;
  /** What a consistent policy hashed the key to. */
  readonly hash: number | undefined;
  /**
   * `flow`: a live flow holds the client. `binding`: its affinity key is bound. `chosen`: the policy gives this key
   * always the same backend. `next`: the policy decides at the moment. `dropped`: it would not be forwarded.
   */
  readonly verdict: "flow" | "binding" | "chosen" | "next" | "dropped";
  /** Undefined for `next` with several candidates, and for `dropped`. */
  readonly backend: string | undefined;
  /** For people; with `dropped`, begins with the drop reason. */
  readonly reason: string;
  readonly dropReason: DropReason | undefined;
  readonly candidates: readonly ExplainedBackend[];
  /** The live flow's id. */
  readonly flow: string | undefined;
  readonly notes: readonly string[];
}

export interface TapOptions {
  /** An address, or an address and port. At least one of `client`, `flow` and `listener` must be given. */
  readonly client?: string;
  /** A flow's id. */
  readonly flow?: string;
  readonly listener?: string;
  /** Most bytes kept of each payload. Default 65,535. */
  readonly snapBytes?: number;
  /** The tap ends after so many. Default 10,000. */
  readonly maxDatagrams?: number;
}

/** Read it once, in one loop; leaving the loop ends it. */
export interface Tap extends AsyncIterable<TappedDatagram> {
  /** Resolves when it sees every matching datagram. */
  readonly opened: Promise<void>;
}

/** A copy of one datagram, as the client sees it. */
export interface TappedDatagram {
  /** Milliseconds since 1970. */
  readonly atMs: number;
  readonly direction: "request" | "reply";
  readonly client: string;
  /** The listener's address, or on a wildcard listener the local one that the client wrote to where it is known. */
  readonly local: string;
  readonly listener: string;
  readonly backend: string;
  /** Its true length; `payload` may be cut. */
  readonly length: number;
  readonly payload: Uint8Array;
  /** Matching datagrams that were not copied since the last one, because the reader was slow. */
  readonly missed: number;
}

/** Which live flows `flows` lists. */
export interface FlowFilter {
  /** At most so many. Default 1,000. */
  readonly limit?: number;
  /** An address, an address and port, or a prefix such as 192.0.2.0/24. */
  readonly client?: string;
  readonly listener?: string;
  readonly pool?: string;
  /** By name, or as `pool/backend`. */
  readonly backend?: string;
  /** The id of the last flow of the page before. */
  readonly after?: string;
}

/** A worker thread of the plane, or the main thread where the plane has none. */
export interface WorkerStats {
  readonly index: number;
  readonly state: "running" | "restarting";
  readonly restarts: number;
  /** Processor time of its thread; undefined where it cannot be told. */
  readonly cpuMs: number | undefined;
}

/** What a backend's probes found; only where its pool has a health check. */
export interface ProbeStats {
  readonly ok: number;
  readonly failed: number;
  /** How long the last one took. */
  readonly lastMs: number | undefined;
  readonly lastError: string | undefined;
  /** Since the last one ended; undefined before the first. */
  readonly sinceMs: number | undefined;
}

/** A running balancer, as `createBalancer` gives it. */
export interface Balancer extends AsyncDisposable {
  /** Listeners and the addresses really bound. */
  readonly listeners: readonly { readonly name: string; readonly address: string }[];
  readonly plane: string;
  readonly planeNotes: readonly string[];
  /** Backends at run time: drain, enable, disable, weight. */
  readonly backends: BackendControl;
  /** The config in force, as a file would say it. */
  readonly config: ConfigInForce;
  stats(): Stats;
  /**
   * Live flows, in a fixed order.
   * @throws SluiceError with code `ARGUMENT_INVALID` when a filter cannot be read
   */
  flows(filter?: FlowFilter): FlowInfo[];
  /** Ends a live flow; false when it is over already. Its end is counted as `operator`. @throws SluiceError `ARGUMENT_INVALID` */
  endFlow(id: string, actor?: Actor): Promise<boolean>;
  /** Where a datagram would go. @throws SluiceError `ARGUMENT_INVALID`, `LISTENER_UNKNOWN` or `LISTENER_AMBIGUOUS` (more than one, and none named) */
  explain(datagram: { readonly client: string; readonly listener?: string }): Explanation;
  /**
   * What `reload` with this config would do, without doing it.
   * @throws ConfigError when it is not valid; SluiceError with code `TOKEN_NEEDED` when the actor may not do it
   */
  plan(config: unknown, actor?: Actor): Promise<ConfigPlan>;
  /**
   * Copies of datagrams from now on, until the signal aborts or `maxDatagrams` came.
   * @throws SluiceError `TAP_LIMIT` when too many taps are open, `ARGUMENT_INVALID`, `LISTENER_UNKNOWN`
   */
  tap(options: TapOptions, signal?: AbortSignal, actor?: Actor): Tap;
  /**
   * Puts a new config in force. Listeners that did not change keep their sockets.
   * @throws ConfigError when it is not valid, ListenError when a new listener cannot be opened; the old one stays.
   */
  reload(config: unknown, actor?: Actor): Promise<ReloadResult>;
  on<E extends keyof BalancerEvents>(event: E, listener: (...args: BalancerEvents[E]) => void): this;
  off<E extends keyof BalancerEvents>(event: E, listener: (...args: BalancerEvents[E]) => void): this;
  /** Stops; resolves when every socket is closed. A second call with `graceMs: 0` cuts a waiting one short. */
  close(options?: CloseOptions): Promise<void>;
}
