/**
 * Replies: from upstream sockets through the forwarder to clients. What all ready upstreams of a turn have received leaves
 * together, in one send for each listener; the replies to one client in one burst, whichever backend they came from.
 */
import { BACKEND, backendAt, type Counters } from "../../core/counters.js";
import * as R from "../../core/flow-record.js";
import type { Forwarder } from "../../core/forwarder.js";
import type { Taps } from "../../core/taps.js";
import { FORWARD_LAST } from "../../core/verdict.js";
import { CONTROL_OVERFLOW, CONTROL_SEGMENT, CONTROL_WORDS } from "../../linux/control.js";
import { EAGAIN } from "../../linux/errno.js";
import type { Arena } from "../../linux/memory.js";
import { createReceiveBatch, type ReceiveBatch } from "../../linux/receive-batch.js";
import { Bursts } from "./bursts.js";
import type { DestinationLimits } from "./destination-limits.js";
import { reasonOfResult } from "./errno-reasons.js";
import { type OpenListener, SLOT_BYTES } from "./request-path.js";
import type { Scopes } from "./scopes.js";
import { SingleFile } from "./single-file.js";
import { copyPiece } from "./tapped.js";
import type { Upstreams } from "./upstreams.js";

export interface ReplyPathParts {
  readonly arena: Arena;
  readonly forwarder: Forwarder;
  readonly counters: Counters;
  readonly upstreams: Upstreams;
  /** By listener slot. */
  readonly listeners: readonly (OpenListener | undefined)[];
  readonly scopes: Scopes;
  readonly taps: Taps;
  readonly limits: DestinationLimits;
  readonly maxSegments: number;
}

export const REPLY_SLOTS = 256;
/** Most messages received from one upstream a turn. */
const PER_UPSTREAM = 32;
/** Clients are told apart by so many bits before their addresses are compared. */
const HOME_BITS = 9;
const MESSAGES = REPLY_SLOTS;
const PIECES_PER_MESSAGE = 128;

export class ReplyPath {
  readonly #parts: ReplyPathParts;
  readonly #batch: ReceiveBatch;
  readonly #bursts: Bursts;
  readonly #single: Bursts;
  readonly #singleFile = new SingleFile();
  #received = 0;
  readonly #control = new Uint32Array(CONTROL_WORDS);
  /** Flows whose last reply is among what waits to be sent. */
  readonly #answered = new Int32Array(REPLY_SLOTS * 128);
  #answeredCount = 0;
  /** Hash of a client → number of the last message to it, + 1; checked before use, so never cleared. */
  readonly #messages = new Int32Array(1 << HOME_BITS);
  #used = 0;
  #listener = -1;
  #nowMs = 0;

  constructor(parts: ReplyPathParts) {
    const { arena } = parts;
    this.#parts = parts;
    this.#batch = createReceiveBatch(arena, { slots: REPLY_SLOTS, bufferBytes: SLOT_BYTES, names: false });
    this.#bursts = new Bursts(
      arena,
      { messages: MESSAGES, iovecsPerMessage: PIECES_PER_MESSAGE },
      parts.maxSegments,
    );
    this.#single = new Bursts(arena, { messages: 1, iovecsPerMessage: 1 }, 1);
  }

  /**
   * Receives from one upstream; what passes waits for `flush`. True when the socket had an error to tell, so that there
   * may be something in its error queue.
   */
  receive(upstream: number, turn: number, nowMs: number): boolean {
    const { upstreams } = this.#parts;
    this.#nowMs = nowMs;
    if (REPLY_SLOTS - this.#used < PER_UPSTREAM) this.flush();
    const first = this.#used;
    const ask = this.#singleFile.ask(PER_UPSTREAM, upstreams.turn[upstream] === turn - 1);
    upstreams.turn[upstream] = turn;
    const fd = upstreams.fd(upstream);
    if (upstreams.fresh[upstream] !== 0) return this.#receiveFirst(upstream, fd, first, nowMs);
    const received =
      ask === 1 && upstreams.bursts[upstream] === 0
        ? this.#batch.receiveOne(fd, first)
        : this.#batch.receive(fd, ask, undefined, first);
    if (received > 1) upstreams.expectBursts(upstream);
    if (received <= 0) return received < 0 && received !== -EAGAIN;
    this.#singleFile.got(received);
    this.#judgeAll(upstream, first, received, nowMs);
    return false;
  }

  /** The first of its backend ends the search: the queue keeps its order, so nothing from before the connect is behind it. */
  #receiveFirst(upstream: number, fd: number, slot: number, nowMs: number): boolean {
    const { upstreams, forwarder } = this.#parts;
    const received = this.#batch.receiveOneWithName(fd, slot);
    if (received < 0) return received !== -EAGAIN;
    if (upstreams.isBackend(upstream, this.#batch.nameOffset(slot), this.#batch.nameLength(slot))) {
      upstreams.fresh[upstream] = 0;
      this.#judgeAll(upstream, slot, 1, nowMs);
    } else {
      this.#received++;
      forwarder.strayReply(upstreams.listener[upstream]);
    }
    return false;
  }

  #judgeAll(upstream: number, first: number, received: number, nowMs: number): void {
    this.#received += received;
    this.#used += received;
    const flow = this.#parts.upstreams.flow[upstream];
    if (flow < 0) this.#late(upstream, first, received);
    else for (let slot = first; slot < first + received; slot++) this.#judge(upstream, flow, slot, nowMs);
  }

  /** Messages received since the last call. */
  takeReceived(): number {
    const received = this.#received;
    this.#received = 0;
    return received;
  }

  /** Sends what waits. */
  flush(): void {
    if (this.#bursts.count > 0) this.#send();
    this.#used = 0;
    for (let i = 0; i < this.#answeredCount; i++) this.#parts.forwarder.endAnswered(this.#answered[i]);
    this.#answeredCount = 0;
  }

  #judge(upstream: number, flow: number, slot: number, nowMs: number): void {
    const { forwarder } = this.#parts;
    const bytes = this.#batch.length(slot);
    const segment = this.#segment(upstream, slot, bytes);
    const start = this.#batch.dataOffset(slot);
    if (segment < bytes && forwarder.takesReplyBursts(flow)) {
      const count = Math.ceil(bytes / segment);
      if (forwarder.burstFromBackend(flow, count, bytes, nowMs) >= 0)
        this.#pass(upstream, flow, start, bytes, segment);
      return;
    }
    for (let at = 0; at < bytes || at === 0; at += segment) {
      const length = Math.min(segment, bytes - at);
      const verdict = forwarder.fromBackend(flow, length, nowMs);
      if (verdict >= 0) this.#pass(upstream, flow, start + at, length, segment);
      if (verdict === FORWARD_LAST) this.#answered[this.#answeredCount++] = flow;
      if (segment === 0) return;
    }
  }

  #pass(upstream: number, flow: number, offset: number, bytes: number, segment: number): void {
    if (this.#parts.taps.isOn) copyPiece(this.#parts, true, flow, offset, bytes, segment);
    this.#add(upstream, flow, offset, bytes, segment);
  }

  #add(upstream: number, flow: number, offset: number, bytes: number, segment: number): void {
    const { upstreams, limits, forwarder } = this.#parts;
    const listener = upstreams.listener[upstream];
    const largest = limits.largest(forwarder.table.u32, flow * R.RECORD_WORDS, this.#nowMs);
    if (listener !== this.#listener && this.#bursts.count > 0) this.#send();
    this.#listener = listener;
    if (bytes > segment && segment > largest) {
      for (let at = 0; at < bytes; at += segment) {
        this.#add(upstream, flow, offset + at, Math.min(segment, bytes - at), segment);
      }
      return;
    }
    const home = this.#homeOf(flow);
    const message = this.#messages[home] - 1;
    if (this.#isOfClient(message, flow) && this.#bursts.join(message, offset, bytes, segment)) return;
    if (this.#bursts.full) this.#send();
    this.#bursts.begin(offset, bytes, segment, flow, largest);
    this.#messages[home] = this.#bursts.count;
    this.#address(this.#bursts, this.#bursts.count - 1, flow);
  }

  /** Where the last message to a flow's client would be noted. */
  #homeOf(flow: number): number {
    const { u32 } = this.#parts.forwarder.table;
    const at = flow * R.RECORD_WORDS;
    return (
      Math.imul(u32[at + 3] ^ Math.imul(u32[at + R.KEY_PORT], 0x9e3779b1), 0x85ebca6b) >>> (32 - HOME_BITS)
    );
  }

  /** Whether a message goes to the flow's client, though maybe for another of its flows. */
  #isOfClient(message: number, flow: number): boolean {
    if (message < 0 || message >= this.#bursts.count) return false;
    const other = this.#bursts.owner[message];
    if (other === flow) return true;
    const { u32 } = this.#parts.forwarder.table;
    const a = flow * R.RECORD_WORDS;
    const b = other * R.RECORD_WORDS;
    for (let i = 0; i <= R.KEY_PORT; i++) if (u32[a + i] !== u32[b + i]) return false;
    return true;
  }

  /** Writes the client's address, and on a wildcard listener the local one, into a message. */
  #address(bursts: Bursts, message: number, flow: number): void {
    const { forwarder, scopes, listeners } = this.#parts;
    const { u32 } = forwarder.table;
    const at = flow * R.RECORD_WORDS;
    const listener = listeners[this.#listener];
    if (listener === undefined) return;
    const scope = u32[at + R.KEY_SCOPE];
    const port = u32[at + R.KEY_PORT] & 0xffff;
    const zone = scope === 0 ? 0 : scopes.zone(scope >>> 16);
    bursts.batch.setName(message, u32, at, zone, port, listener.family);
    const local = scope & 0xffff;
    if (local > 0) {
      bursts.batch.setSource(message, scopes.local(local), 0, scopes.localInterface(local), listener.family);
    }
  }

  #send(): void {
    const bursts = this.#bursts;
    const listener = this.#parts.listeners[this.#listener];
    bursts.seal(0);
    for (let message = 0; listener !== undefined && message < bursts.count; ) {
      const sent = bursts.batch.send(listener.fd, message, bursts.count - message);
      if (sent > 0) message += sent;
      else this.#failed(listener, message++, sent);
    }
    bursts.clear();
  }

  #failed(listener: OpenListener, message: number, result: number): void {
    const { limits, forwarder } = this.#parts;
    const { batch, datagrams, segment, owner } = this.#bursts;
    const { u32 } = forwarder.table;
    const at = owner[message] * R.RECORD_WORDS;
    if (
      datagrams[message] > 1 &&
      limits.learn(listener.slot, u32, at, segment[message], result, this.#nowMs)
    ) {
      for (let piece = 0; piece < batch.pieces(message); piece++) this.#sendApart(listener, message, piece);
      return;
    }
    forwarder.replyFailed(listener.slot, batch.bytes(message), reasonOfResult(result), datagrams[message]);
  }

  /** One piece of a refused burst, datagram by datagram, to the address of that burst. */
  #sendApart(listener: OpenListener, message: number, piece: number): void {
    const { batch, segment, owner } = this.#bursts;
    const single = this.#single;
    const start = batch.pieceOffset(message, piece);
    const length = batch.pieceLength(message, piece);
    for (let at = 0; at < length; at += segment[message]) {
      const bytes = Math.min(segment[message], length - at);
      single.clear();
      single.begin(start + at, bytes, bytes, owner[message], 0);
      this.#address(single, 0, owner[message]);
      const sent = single.batch.send(listener.fd, 0, 1);
      if (sent < 0) this.#parts.forwarder.replyFailed(listener.slot, bytes, reasonOfResult(sent));
    }
  }

  /** Replies whose flow is over go to nobody. */
  #late(upstream: number, first: number, received: number): void {
    const { upstreams, forwarder } = this.#parts;
    for (let slot = first; slot < first + received; slot++) {
      const bytes = this.#batch.length(slot);
      const segment = this.#segment(upstream, slot, bytes);
      const count = segment > 0 ? Math.ceil(bytes / segment) : 1;
      forwarder.lateReply(upstreams.listener[upstream], upstreams.backend[upstream], count);
    }
  }

  /** Bytes of each datagram in a message; those of the message when it is one. */
  #segment(upstream: number, slot: number, bytes: number): number {
    if (!this.#batch.hasControl(slot)) return bytes;
    this.#batch.parseControl(slot, this.#control);
    if (this.#control[CONTROL_OVERFLOW] !== 0) this.#countOverflow(upstream);
    const segment = this.#control[CONTROL_SEGMENT];
    return segment > 0 && segment < bytes ? segment : bytes;
  }

  #countOverflow(upstream: number): void {
    const { upstreams, counters } = this.#parts;
    const overflow = this.#control[CONTROL_OVERFLOW];
    counters[backendAt(upstreams.backend[upstream]) + BACKEND.queueDrops] +=
      (overflow - upstreams.overflow[upstream]) >>> 0;
    upstreams.overflow[upstream] = overflow;
  }
}
