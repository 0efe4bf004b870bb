/** What a balancer may be started with, and what `sluice run` and tests get besides the public API. */
import type { Actor, Balancer, CloseOptions, ReloadResult } from "./api.js";
import type { Clock } from "./core/clock.js";
import type { Handover } from "./handover.js";
import type { CreateProbe } from "./health-control.js";
import type { InheritedSockets } from "./planes/inherited-sockets.js";
import type { Plane, PlaneContext, PlaneFaults } from "./planes/plane.js";

export interface CreateOptions {
  /** Aborting it closes the balancer at once. */
  readonly signal?: AbortSignal;
  /** Where `admin.token: { env: … }` is looked up, such as `process.env`. Default: nothing is there. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** What `sluice run` may ask for besides: not part of the public API. */
export interface StartOptions extends CreateOptions {
  /** Bound sockets for listeners to use. */
  readonly inherited?: InheritedSockets;
  /** Listening sockets of the admin API, by the address as the config writes it. */
  readonly inheritedAdmin?: ReadonlyMap<string, number>;
  /** False where requests are received only when `[HANDOVER].receive` says so. Default true. */
  readonly receiving?: boolean;
  /** Reads the config file again and puts it in force; undefined where there is none. */
  readonly reloadFile?: ((actor: Actor) => Promise<ReloadResult>) | undefined;
  /** What the control plane decides by. Default: the machine's own. Data planes that use sockets have a clock of their own. */
  readonly clock?: Clock;
  /** Runs on this plane, whatever the config says. */
  readonly openPlane?: (context: PlaneContext) => Plane;
  /** Makes the probes of a config. Default: those of src/health, which use sockets and the machine's clock. */
  readonly createProbe?: CreateProbe;
}

/** Where a balancer keeps what fault tests may break: not part of the public API. */
export const FAULTS = Symbol("sluice.faults");

/** Where a balancer keeps what it takes to go on in another process: not part of the public API. */
export const HANDOVER = Symbol("sluice.handover");

/** Opens the flow log's file anew, whatever becomes of a reload: not part of the public API. */
export const REOPEN_LOGS = Symbol("sluice.reopen-logs");

/** Makes the flow log's file another user's, if this process has made it: not part of the public API. */
export const GIVE_LOGS = Symbol("sluice.give-logs");

/** A balancer as `startBalancer` gives it. */
export interface StartedBalancer extends Balancer {
  readonly [FAULTS]: PlaneFaults | undefined;
  readonly [HANDOVER]: Handover;
  [REOPEN_LOGS](): void;
  /** @throws the system's error */
  [GIVE_LOGS](uid: number, gid: number): Promise<void>;
  /** Addresses of the admin API, as really bound. */
  readonly adminAddresses: readonly string[];
  close(options?: StartedCloseOptions): Promise<void>;
}

export interface StartedCloseOptions extends CloseOptions {
  /**
   * Another process has taken this one's place: when the flows have ended, their ports stay taken for as long as replies may come. It
   * is called when that begins. A later call of `close` without it gives them up at once.
   */
  readonly rest?: () => void;
}
