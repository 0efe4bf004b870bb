/** The flow socket of the memory plane: through it one flow talks to its backend. It belongs to nobody else until it has rested. */
import type { BackendEntry } from "../../core/snapshot.js";
import type { MemorySocket } from "./memory-network.js";

/** The client whose flow it is, and where its datagrams came in. */
export interface MemoryClient {
  readonly from: MemoryListener;
  readonly address: string;
  /** Where the client wrote to, and so where its replies come from. */
  readonly local: string;
}

export interface MemoryListener {
  readonly slot: number;
  readonly socket: MemorySocket;
}

/** A request that left. */
export interface KeptRequest {
  readonly message: Buffer;
  readonly atMs: number;
}

/** Requests kept at most, for `failover.unanswered`. */
const KEPT_REQUESTS = 64;

export class MemoryUpstream {
  /** The flow that it serves, or -1 once that has ended. */
  flow: number;
  readonly backend: BackendEntry;
  readonly to: string;
  readonly client: MemoryClient;
  readonly socket: MemorySocket;
  #kept: KeptRequest[] = [];

  constructor(flow: number, backend: BackendEntry, to: string, client: MemoryClient, socket: MemorySocket) {
    this.flow = flow;
    this.backend = backend;
    this.to = to;
    this.client = client;
    this.socket = socket;
  }

  keep(message: Buffer, atMs: number): void {
    this.#kept.push({ message, atMs });
    if (this.#kept.length > KEPT_REQUESTS) this.#kept.shift();
  }

  /** What was kept, oldest first; it is kept no longer. */
  takeKept(): readonly KeptRequest[] {
    const kept = this.#kept;
    this.#kept = [];
    return kept;
  }

  /** A request was refused: nobody has seen it. */
  forget(message: Buffer): void {
    this.#kept = this.#kept.filter((kept) => !kept.message.equals(message));
  }
}
