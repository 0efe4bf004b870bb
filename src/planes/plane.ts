/**
 * What a plane is: an engine that moves datagrams as the core's forwarder says. The balancer starts one and talks to it
 * only through this contract; the conformance suite in test/conformance runs against every plane.
 *
 * - `apply` puts a snapshot in force. It first opens every listener that is new; if one cannot be opened it closes
 *   those it opened, changes nothing else and rejects with ListenError. Then it swaps, and then it closes the sockets of
 *   listeners that are gone. A listener whose slot is in both snapshots keeps its socket throughout: no datagram is lost.
 *   One `apply` at a time; the caller waits for each.
 * - The plane owns all its sockets: listeners and upstreams. Nobody else reads, writes or closes them. An inherited socket
 *   becomes the plane's with the first listener that has its address.
 * - Figures are read at any moment, without asking the engine: `counters` has one array for each worker.
 * - A plane whose place another process takes ends in two steps: `retire`, then `rested`, then `close`. Ports of flows that ended rest
 *   meanwhile as they always do, so that the other process is not given them while replies may still come.
 * - After `close` nothing but reading figures is legal. `close` ends every flow and resolves when all sockets are closed.
 */
import type { Endpoint } from "../core/address.js";
import type { Counters } from "../core/counters.js";
import type { EndedFlow } from "../core/ended-flow.js";
import type { FlowId } from "../core/flow-id.js";
import type { FlowPlace, FlowQuery, ListedFlow } from "../core/list-flows.js";
import type { RefusalKind } from "../core/refusal-kind.js";
import type { Snapshot } from "../core/snapshot.js";
import type { TapCopy } from "../core/tap-ring.js";
import type { TapFilter } from "../core/taps.js";
import type { InheritedSockets } from "./inherited-sockets.js";

export interface BoundListener {
  readonly slot: number;
  /** The port really bound. */
  readonly port: number;
}

/** The sockets of a listener that share one address; descriptors are numbers of this process. */
export interface ListenerDescriptors {
  readonly slot: number;
  /** Really bound. */
  readonly address: Endpoint;
  readonly fds: readonly number[];
}

/** However short another process is of ports: so long a port rests to which replies may come. */
export const MADE_ROOM_AFTER_MS = 10_000;

export interface Plane {
  readonly name: string;
  /** The most flows that it can hold: a flow costs a descriptor. The default of `limits.maxFlows`. */
  readonly maxFlows: number;
  readonly counters: readonly Counters[];
  apply(snapshot: Snapshot): Promise<readonly BoundListener[]>;
  /** Live flows, in the order of their workers and numbers. */
  flows(query: FlowQuery): ListedFlow[];
  /** How many live flows there are on each listener and backend. */
  flowPlaces(): FlowPlace[];
  /** Flows that have ended since this was last called; only while the snapshot has a `logSample`. */
  endedFlows(): EndedFlow[];
  /** Flows that ended too fast for `endedFlows`, ever. */
  readonly lostEndedFlows: number;
  /** Ends a live flow, which is then counted as `operator`. False when it is over already. */
  endFlow(id: FlowId): Promise<boolean>;
  /** Sees to it that datagrams that match are copied, or no longer; `tap` from 0 below MAX_TAPS. Resolves when it is so. */
  setTap(tap: number, filter: TapFilter | undefined): Promise<void>;
  /** By worker: what was copied since this was last called, and how many were lost by tap, ever. */
  takeTapped(): { readonly copies: readonly TapCopy[]; readonly lost: readonly number[] }[];
  /** Its threads, the main thread where it has none of its own. */
  workers(): readonly WorkerFigures[];
  /** Milliseconds since a datagram last passed; Infinity when none ever did. */
  quietMs(): number;
  /** Of all listeners in force, to pass on to another process. @throws NotSupportedError where that cannot be done */
  descriptors(): readonly ListenerDescriptors[];
  /**
   * Begins or stops to receive requests; replies go on. When it resolves after a stop, every request that was received has
   * been forwarded, and further ones wait in the sockets for whoever shares them. Not while an `apply` runs.
   * @param bindings live flows of a former process: core/inherited-bindings.ts
   */
  receive(on: boolean, bindings?: Uint32Array): Promise<void>;
  /** Ends every flow and closes the listeners; what must rest rests, and late replies are counted. Afterwards only `rested`, `makeRoom`, `close`. */
  retire(): Promise<void>;
  /** After `retire`: resolves when nothing rests any more, at once when the signal is aborted. */
  rested(signal: AbortSignal): Promise<void>;
  /** Another process is short of ports: gives up ports that have rested for MADE_ROOM_AFTER_MS, or had every reply. */
  makeRoom(): void;
  close(): Promise<void>;
  /** What fault tests may break. Only planes with workers have it. */
  readonly faults?: PlaneFaults;
}

export interface WorkerFigures {
  readonly state: "running" | "restarting";
  readonly restarts: number;
  /** Processor time of its thread; undefined where it cannot be told. */
  readonly cpuMs: number | undefined;
}

export interface PlaneFaults {
  readonly workers: number;
  /** Makes a worker die as by a defect. */
  crashWorker(index: number): void;
  /** Whether it runs: not from its death until it is back. */
  isUp(index: number): boolean;
}

/** What a plane is given at its start. */
export interface PlaneContext {
  /** Something an operator should know; the receiver limits the rate. */
  readonly warn: (code: string, message: string) => void;
  /** A datagram did not get to a backend. Told at once, though not for every datagram. */
  readonly refused: (backendSlot: number, kind: RefusalKind) => void;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** How many workers a plane with workers should have; 0 leaves it to the plane. */
  readonly workers: number;
  /** Sockets that are bound already: listeners with their addresses use them. */
  readonly inherited: InheritedSockets;
  /** False where it is to receive requests only when `receive` says so. */
  readonly receiving: boolean;
}
