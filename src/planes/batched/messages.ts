/** What the two halves of the batched plane say to each other. An eventfd wakes the worker for each message to it. */
import type { MessagePort } from "node:worker_threads";
import type { FlowRef } from "../../core/flow-id.js";
import type { Snapshot } from "../../core/snapshot.js";
import type { TapFilter } from "../../core/taps.js";
import type { SharedMemory } from "./shared.js";

/** A listener's socket, opened by the main thread for this worker. */
export interface WorkerListener {
  readonly slot: number;
  readonly fd: number;
  readonly family: number;
  /** Replies must name the local address that the client wrote to. */
  readonly wildcard: boolean;
  /** What the kernel has dropped on this socket and is counted already, or before our time: SO_RXQ_OVFL counts from there. */
  readonly dropped: number;
}

/** What the kernel can do: src/linux/features.ts. */
export interface Capabilities {
  readonly gro: boolean;
  /** Most datagrams of one `UDP_SEGMENT` send; 1 without it. */
  readonly maxSegments: number;
}

export interface WorkerSetup {
  readonly port: MessagePort;
  readonly eventFd: number;
  readonly index: number;
  readonly memory: SharedMemory;
  /** Most flows, and most upstream sockets, of this worker. */
  readonly capacity: number;
  readonly capabilities: Capabilities;
  readonly seed: number;
  readonly first: ApplyMessage;
}

export interface ApplyMessage {
  readonly type: "apply";
  readonly snapshot: Snapshot;
  readonly listeners: readonly WorkerListener[];
  /** Interface number for each zone that a backend in the snapshot names; 0 where there is no such interface. */
  readonly zones: ReadonlyMap<string, number>;
  /** Whether to receive requests. */
  readonly receiving: boolean;
  /** Live flows of a former process: core/inherited-bindings.ts. */
  readonly bindings?: Uint32Array | undefined;
}

/** Answered under the same number with whether there was such a flow. */
export interface EndFlowMessage {
  readonly type: "end";
  readonly ask: number;
  readonly flow: FlowRef;
}

/** Sockets of workers that are down, to be served beside its own from now on; none to stop that. */
export interface StandInMessage {
  readonly type: "stand-in";
  readonly listeners: readonly WorkerListener[];
}

/** Answered under the same number when it is so. */
export interface TapMessage {
  readonly type: "tap";
  readonly ask: number;
  readonly tap: number;
  readonly filter: TapFilter | undefined;
  /** core/tap-ring.ts: the same each time. */
  readonly memory: SharedArrayBuffer;
}

/** Addresses of this machine are gone, or interfaces have another number. */
export interface NetworkMessage {
  readonly type: "network";
  /** GONE_WORDS of each: gone-sources.ts. */
  readonly gone: Uint32Array;
  /** As in `ApplyMessage`, from now on. */
  readonly zones: ReadonlyMap<string, number>;
}

/** Answered under the same number when every flow has ended. The worker ends when nothing rests any more. */
export interface RetireMessage {
  readonly type: "retire";
  readonly ask: number;
}

export type ToWorker =
  | ApplyMessage
  | NetworkMessage
  | EndFlowMessage
  | StandInMessage
  | TapMessage
  | RetireMessage
  /** Another process is short of ports: plane.ts. */
  | { readonly type: "make-room" }
  | { readonly type: "close" }
  /** For fault tests: the worker dies as by a defect. */
  | { readonly type: "crash" };

export type FromWorker =
  | { readonly type: "applied"; readonly version: number }
  | { readonly type: "answer"; readonly ask: number; readonly yes: boolean }
  /** A datagram did not get to a backend, by the number of the kind in REFUSAL_KINDS: at most once for each backend in 100 ms. */
  | { readonly type: "refused"; readonly backendSlot: number; readonly kind: number }
  | { readonly type: "warning"; readonly code: string; readonly message: string };
