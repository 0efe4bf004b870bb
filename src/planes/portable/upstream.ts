/**
 * The connected socket through which one flow talks to its backend. Requests that arrive while it connects are kept in
 * order, up to a bound. It knows its client; what may pass is the forwarder's decision, through `UpstreamEvents`.
 *
 *   opening ──► connected ──► first reply of the backend: from then on all that comes is the backend's
 *      └──────► failed: closed at once, for a socket without a peer takes datagrams from anybody
 */
import type { RemoteInfo, Socket } from "node:dgram";
import { cameFrom } from "../../core/came-from.js";
import { kindOfError, type RefusalKind } from "../../core/refusal-kind.js";
import type { BackendEntry } from "../../core/snapshot.js";
import { reasonNumber } from "../../core/verdict.js";
import type { LocalAddress } from "../address-watch.js";
import type { ListenerSocket } from "./listener-sockets.js";
import { createUdpSocket, hostText, setBuffers } from "./open-socket.js";
import { reasonOfError } from "./send-errors.js";

/** A request that left on an upstream. */
export interface KeptRequest {
  readonly message: Buffer;
  readonly atMs: number;
}

/** What an upstream reports to the plane. */
export interface UpstreamEvents {
  reply(upstream: Upstream, message: Buffer): void;
  /** Something that came before the socket was connected, from somebody else. */
  strayReply(upstream: Upstream): void;
  requestFailed(upstream: Upstream, length: number, reason: number): void;
  /** A datagram did not get to the backend. */
  refused(upstream: Upstream, kind: RefusalKind): void;
  /** A request could not be sent, or its socket not be connected. */
  sendFailed(upstream: Upstream, error: NodeJS.ErrnoException): void;
  /** The socket is of no more use. */
  broken(upstream: Upstream): void;
}

const PENDING_DATAGRAMS = 64;
const PENDING_FULL = reasonNumber("pending_full");
const SEND_FAILED = reasonNumber("send_failed");
/** Requests kept at most, for `failover.unanswered`. */
const KEPT_REQUESTS = 64;
const RECEIVE_BYTES = 1_048_576;

export class Upstream {
  readonly backend: BackendEntry;
  /** Where the client's datagrams came in, and so where its replies go out. */
  readonly from: ListenerSocket;
  readonly clientAddress: string;
  readonly clientPort: number;
  /** The flow that it serves, or -1 once that has ended. */
  flow: number;
  /** When it may be closed, once the flow has ended. */
  restUntilMs = 0;
  /** Whether what it had not answered has gone to another backend. */
  resent = false;

  readonly #socket: Socket;
  readonly #events: UpstreamEvents;
  /** Whether the backend has sent nothing yet: what came before the socket was connected lies ahead of its first reply. */
  #isFresh = true;
  #isClosed = false;
  #pending: Buffer[] | undefined = [];
  #kept: KeptRequest[] = [];
  /** Why it could not be opened at all. */
  #openError: NodeJS.ErrnoException | undefined;

  constructor(
    flow: number,
    backend: BackendEntry,
    client: { from: ListenerSocket; address: string; port: number },
    events: UpstreamEvents,
    createSocket: typeof createUdpSocket = createUdpSocket,
  ) {
    this.flow = flow;
    this.backend = backend;
    this.from = client.from;
    this.clientAddress = client.address;
    this.clientPort = client.port;
    this.#events = events;
    this.#socket = createSocket(backend.address.ip.family);
    this.#socket.on("error", (error: NodeJS.ErrnoException) => this.#failed(error));
    this.#socket.on("message", (message, from) => this.#received(message, from));
    const onConnect = (error?: NodeJS.ErrnoException | null) =>
      error ? this.#failed(error) : this.#connected();
    // The types leave out that the callback gets the error.
    this.#socket.connect(backend.address.port, hostText(backend.address.ip), onConnect as () => void);
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Set when the system refused the socket: no descriptor, which is known as soon as the constructor returns; no route. */
  get openError(): NodeJS.ErrnoException | undefined {
    return this.#openError;
  }

  /** Whether it sends from one of these addresses, which are gone, or to its interface by a number that is over. */
  comesFromOneOf(gone: readonly LocalAddress[]): boolean {
    if (this.#pending !== undefined || this.#isClosed) return false;
    const local = this.#localAddress();
    if (local === undefined) return true;
    const [address, zone = ""] = local.split("%");
    return gone.some((one) => {
      if (one.scope === 0) return one.text === address;
      const { zone: to } = this.backend.address.ip;
      return to === one.zone || to === `${one.scope}` || (one.text === address && zone === one.zone);
    });
  }

  send(message: Buffer): void {
    if (this.#pending === undefined) this.#send(message, true);
    else if (this.#isClosed)
      this.#lose(message, this.#openError ? reasonOfError(this.#openError) : SEND_FAILED);
    else if (this.#pending.length < PENDING_DATAGRAMS) this.#pending.push(message);
    else this.#lose(message, PENDING_FULL);
  }

  /** Keeps a request that is about to be sent, until that fails, a reply comes, or others take its place. */
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

  /** Idempotent. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#socket.close();
  }

  /** Undefined where its interface is gone: the system then has no name for its zone (ENXIO). */
  #localAddress(): string | undefined {
    try {
      return this.#socket.address().address;
    } catch {
      return undefined;
    }
  }

  #received(message: Buffer, from: RemoteInfo): void {
    if (this.#isFresh) {
      if (!cameFrom(from, this.backend.address)) {
        this.#events.strayReply(this);
        return;
      }
      this.#isFresh = false;
    }
    // What was sent before a reply is not sent again.
    if (this.#kept.length > 0) this.#kept = [];
    this.#events.reply(this, message);
  }

  #connected(): void {
    if (this.#isClosed) return;
    setBuffers(this.#socket, RECEIVE_BYTES, RECEIVE_BYTES);
    const pending = this.#pending ?? [];
    this.#pending = undefined;
    for (const message of pending) this.#send(message, true);
  }

  #send(message: Buffer, again: boolean): void {
    try {
      this.#socket.send(message, (error) => {
        if (error) this.#sendFailed(message, error as NodeJS.ErrnoException, again);
      });
    } catch {
      // The flow has ended and its socket is closed: the datagram was a retry.
      this.#lose(message, SEND_FAILED);
    }
  }

  /** An error that an ICMP message may have caused tells of an earlier datagram; this one did not leave yet and goes out again. */
  #sendFailed(message: Buffer, error: NodeJS.ErrnoException, again: boolean): void {
    const kind = kindOfError(error.code);
    const isOfEarlier = kind !== undefined && (again || kind === "port");
    if (isOfEarlier) this.#events.refused(this, kind);
    // It has gone to another backend, and counts there.
    if (this.resent) return;
    if (isOfEarlier && again) {
      this.#send(message, false);
      return;
    }
    this.#lose(message, reasonOfError(error));
    this.#events.sendFailed(this, error);
  }

  #failed(told: NodeJS.ErrnoException): void {
    const error = this.#pending === undefined ? told : explainZone(told, this.backend.address.ip.zone);
    const kind = kindOfError(error.code);
    if (kind !== undefined && this.#pending === undefined) {
      this.#events.refused(this, kind);
      return;
    }
    if (this.#isClosed) return;
    this.#openError = error;
    const pending = this.#pending;
    if (pending !== undefined) {
      for (const message of pending) this.#lose(message, reasonOfError(error));
      this.#pending = [];
      this.close();
      this.#events.sendFailed(this, error);
    }
    this.#events.broken(this);
  }

  #lose(message: Buffer, reason: number): void {
    if (this.#kept.length > 0) this.#kept = this.#kept.filter((kept) => kept.message !== message);
    this.#events.requestFailed(this, message.length, reason);
  }
}

/** To the system an address whose interface is not there is no address at all. */
function explainZone(error: NodeJS.ErrnoException, zone: string): NodeJS.ErrnoException {
  if (zone === "" || error.code !== "EINVAL") return error;
  return Object.assign(new Error(`no interface ${zone}`), { code: "ENETUNREACH" });
}
