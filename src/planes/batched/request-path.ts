/**
 * Requests: from a listener's socket through the forwarder to upstream sockets. One receive a turn and listener; the
 * datagrams of each flow leave together.
 */
import { type Counters, LISTENER, listenerAt } from "../../core/counters.js";
import { BACKEND, KEY_PORT, KEY_SCOPE, RECORD_WORDS } from "../../core/flow-record.js";
import type { Forwarder } from "../../core/forwarder.js";
import type { Taps } from "../../core/taps.js";
import { reasonOf } from "../../core/verdict.js";
import { MSG_DONTWAIT } from "../../linux/constants.js";
import { CONTROL_OVERFLOW, CONTROL_SEGMENT, CONTROL_WORDS } from "../../linux/control.js";
import type { Arena } from "../../linux/memory.js";
import { createReceiveBatch, type ReceiveBatch } from "../../linux/receive-batch.js";
import { Bursts } from "./bursts.js";
import { reasonOfResult, tellsOfEarlier } from "./errno-reasons.js";
import { FlowGroups, type Pieces } from "./flow-groups.js";
import type { WorkerListener } from "./messages.js";
import type { Scopes } from "./scopes.js";
import type { SegmentLimits } from "./segment-limits.js";
import type { SentCopies } from "./sent-copies.js";
import type { SentLog } from "./sent-log.js";
import { SingleFile } from "./single-file.js";
import { copyPiece } from "./tapped.js";
import type { Upstreams } from "./upstreams.js";

/** A listener as a worker has it open. */
export interface OpenListener extends WorkerListener {
  /** Datagrams that the kernel had dropped on this socket when it last said so. */
  overflow: number;
  /** Whether the engine waits for its requests. */
  receiving: boolean;
  /** The turn in which it was last ready. */
  turn: number;
}

export interface RequestPathParts {
  readonly arena: Arena;
  readonly forwarder: Forwarder;
  readonly counters: Counters;
  readonly upstreams: Upstreams;
  /** By flow: its upstream. */
  readonly upstreamOf: Int32Array;
  readonly scopes: Scopes;
  readonly taps: Taps;
  readonly limits: SegmentLimits;
  readonly sent: SentLog;
  readonly copies: SentCopies;
  readonly maxSegments: number;
  readonly capacity: number;
  /** A new upstream for a live flow that has none any more; or a drop verdict. */
  readonly reopen: (flow: number) => number;
  /** A request could not be sent to a backend: a call's negative result. */
  readonly sendFailed: (backendSlot: number, result: number) => void;
}

export const REQUEST_SLOTS = 256;
/** 64 KiB for what GRO puts together, and a cache line, so that slots do not all fall into the same cache sets. */
export const SLOT_BYTES = 65_536 + 64;
const MOST_PIECES = REQUEST_SLOTS * 128;
const MESSAGES = 64;
const PIECES_PER_MESSAGE = 128;
/** Sends that only told of what became of an earlier datagram are made again so often. */
const REFUSALS = 3;

export class RequestPath {
  readonly #parts: RequestPathParts;
  readonly #batch: ReceiveBatch;
  readonly #groups: FlowGroups;
  readonly #bursts: Bursts;
  /** By message in `#bursts`: its first piece. */
  readonly #firstPiece = new Int32Array(MESSAGES);
  readonly #singleFile = new SingleFile();
  #received = 0;
  #nowMs = 0;
  readonly #control = new Uint32Array(CONTROL_WORDS);

  constructor(parts: RequestPathParts) {
    this.#parts = parts;
    this.#batch = createReceiveBatch(parts.arena, { slots: REQUEST_SLOTS, bufferBytes: SLOT_BYTES });
    this.#groups = new FlowGroups(parts.capacity, MOST_PIECES);
    const size = { messages: MESSAGES, iovecsPerMessage: PIECES_PER_MESSAGE };
    this.#bursts = new Bursts(parts.arena, size, parts.maxSegments);
  }

  /** Receives one batch on a listener and sends it on. */
  receive(listener: OpenListener, turn: number, nowMs: number): void {
    const again = listener.turn === turn - 1;
    listener.turn = turn;
    this.#nowMs = nowMs;
    this.#parts.sent.nextBatch(nowMs);
    const received = this.#batch.receive(listener.fd, this.#singleFile.ask(REQUEST_SLOTS, again));
    if (received <= 0) return;
    this.#singleFile.got(received);
    this.#received += received;
    const { key } = this.#parts.forwarder;
    for (let slot = 0; slot < received; slot++) {
      if (!this.#batch.readName(slot, key, 0)) continue;
      const bytes = this.#batch.length(slot);
      let segment = 0;
      let local = 0;
      if (this.#batch.hasControl(slot)) {
        this.#batch.parseControl(slot, this.#control);
        segment = this.#control[CONTROL_SEGMENT];
        if (this.#control[CONTROL_OVERFLOW] !== 0) this.#countOverflow(listener);
        if (listener.wildcard) local = this.#parts.scopes.localNumber(this.#control);
      }
      const zone = key[KEY_SCOPE] === 0 ? 0 : this.#parts.scopes.zoneNumber(key[KEY_SCOPE]);
      key[KEY_SCOPE] = (zone << 16) | local;
      this.#judge(listener.slot, slot, bytes, segment > 0 && segment < bytes ? segment : bytes, nowMs);
    }
    this.#flush();
  }

  /** Messages received since the last call. */
  takeReceived(): number {
    const received = this.#received;
    this.#received = 0;
    return received;
  }

  /** Sends one datagram that lies in the arena on a flow's upstream, outside any batch. */
  resend(flow: number, offset: number, bytes: number): void {
    const upstream = this.#upstreamFor(flow);
    if (upstream >= 0) this.#sendOne(upstream, offset, bytes, -1);
    else this.#unsent(flow, bytes, 1, upstream);
  }

  /** The pieces of the last batch: what lies there stays until the next. */
  get pieces(): Pieces {
    return this.#groups;
  }

  /** Sends what is grouped for a flow that is about to end. */
  flushFlow(flow: number): void {
    const group = this.#groups.of(flow);
    if (group >= 0) this.#send(group);
  }

  /** One message: a datagram, or the datagrams of one client that came as a burst. */
  #judge(listener: number, slot: number, bytes: number, segment: number, nowMs: number): void {
    const { forwarder } = this.#parts;
    const start = this.#batch.dataOffset(slot);
    for (let at = 0; at < bytes || at === 0; at += segment) {
      const length = Math.min(segment, bytes - at);
      const flow = forwarder.fromClient(listener, length, nowMs);
      const rest = bytes - at - length;
      if (flow >= 0 && rest > 0 && forwarder.keepsBursts(listener)) {
        forwarder.restOfBurst(listener, flow, Math.ceil(rest / segment), rest, nowMs);
        this.#group(flow, start + at, bytes - at, segment, nowMs);
        return;
      }
      if (flow >= 0) this.#group(flow, start + at, length, segment, nowMs);
      if (segment === 0) return;
    }
  }

  #group(flow: number, offset: number, bytes: number, segment: number, nowMs: number): void {
    if (this.#groups.full) {
      this.#flush();
      this.#parts.sent.nextBatch(nowMs);
    }
    this.#groups.add(flow, offset, bytes, segment);
    if (this.#parts.taps.isOn) copyPiece(this.#parts, false, flow, offset, bytes, segment);
  }

  #flush(): void {
    for (let group = 0; group < this.#groups.count; group++) this.#send(group);
    this.#groups.clear();
  }

  #send(group: number): void {
    const flow = this.#groups.flow[group];
    if (flow < 0) return;
    this.#groups.take(group);
    const { upstreams, limits } = this.#parts;
    const upstream = this.#upstreamFor(flow);
    const { offset, bytes, segment, next } = this.#groups;
    const first = this.#groups.first[group];
    if (upstream < 0) {
      for (let piece = first; piece >= 0; piece = next[piece])
        this.#unsent(
          flow,
          bytes[piece],
          bytes[piece] <= segment[piece] ? 1 : Math.ceil(bytes[piece] / segment[piece]),
          upstream,
        );
      return;
    }
    if (next[first] < 0 && bytes[first] <= segment[first]) {
      this.#sendOne(upstream, offset[first], bytes[first], first);
      return;
    }
    const largest = limits.largest(upstreams.backend[upstream], this.#nowMs);
    const bursts = this.#bursts;
    for (let piece = first; piece >= 0; piece = next[piece]) {
      if (bytes[piece] > segment[piece] && segment[piece] > largest) {
        this.#sendBursts(upstream);
        this.#sendApart(upstream, offset[piece], bytes[piece], segment[piece]);
        continue;
      }
      const last = bursts.count - 1;
      if (last >= 0 && bursts.join(last, offset[piece], bytes[piece], segment[piece])) continue;
      if (bursts.full) this.#sendBursts(upstream);
      this.#firstPiece[bursts.count] = piece;
      bursts.begin(offset[piece], bytes[piece], segment[piece], upstream, largest);
    }
    this.#sendBursts(upstream);
  }

  #upstreamFor(flow: number): number {
    const upstream = this.#parts.upstreamOf[flow];
    return upstream >= 0 ? upstream : this.#parts.reopen(flow);
  }

  /** Requests of a flow that has no upstream and gets none. */
  #unsent(flow: number, bytes: number, count: number, verdict: number): void {
    const { forwarder } = this.#parts;
    const at = flow * RECORD_WORDS;
    const { u32 } = forwarder.table;
    forwarder.requestFailed(u32[at + KEY_PORT] >>> 16, u32[at + BACKEND], bytes, reasonOf(verdict), count);
  }

  #sendBursts(upstream: number): void {
    const bursts = this.#bursts;
    const fd = this.#parts.upstreams.fd(upstream);
    bursts.seal(0);
    for (let message = 0, refusals = 0; message < bursts.count; ) {
      const sent = bursts.batch.send(fd, message, bursts.count - message);
      if (sent > 0) {
        for (const end = message + sent; message < end; message++) this.#noteBurst(upstream, message);
      } else if (tellsOfEarlier(sent) && refusals < REFUSALS) {
        refusals++;
      } else {
        this.#burstFailed(upstream, message, sent);
        message++;
      }
    }
    bursts.clear();
  }

  #noteBurst(upstream: number, message: number): void {
    const { datagrams, segment, batch } = this.#bursts;
    const bytes = batch.bytes(message);
    const each = datagrams[message] > 1 ? segment[message] : bytes;
    const { sent, copies } = this.#parts;
    const entry = sent.note(upstream, bytes, each, this.#firstPiece[message], batch.pieceOffset(message, 0));
    if (datagrams[message] > 1) {
      for (let piece = 0; piece < batch.pieces(message); piece++)
        sent.print(batch.pieceOffset(message, piece), batch.pieceLength(message, piece), each);
    }
    if (!copies.isOn) return;
    this.#beginCopy(entry, upstream, bytes);
    for (let piece = 0; piece < batch.pieces(message); piece++)
      copies.add(batch.pieceOffset(message, piece), batch.pieceLength(message, piece));
  }

  #beginCopy(entry: number, upstream: number, bytes: number): void {
    const { copies, upstreams } = this.#parts;
    copies.begin(entry, upstreams.backend[upstream], upstreams.uses[upstream], bytes);
  }

  #burstFailed(upstream: number, message: number, result: number): void {
    const { upstreams, limits } = this.#parts;
    const { batch, datagrams, segment } = this.#bursts;
    const backend = upstreams.backend[upstream];
    if (datagrams[message] > 1 && limits.learn(backend, segment[message], result, this.#nowMs)) {
      for (let piece = 0; piece < batch.pieces(message); piece++) {
        this.#sendApart(
          upstream,
          batch.pieceOffset(message, piece),
          batch.pieceLength(message, piece),
          segment[message],
        );
      }
      return;
    }
    this.#failed(upstream, batch.bytes(message), result, datagrams[message]);
  }

  #failed(upstream: number, bytes: number, result: number, count: number): void {
    const { upstreams, forwarder, sendFailed } = this.#parts;
    const backend = upstreams.backend[upstream];
    forwarder.requestFailed(upstreams.listener[upstream], backend, bytes, reasonOfResult(result), count);
    sendFailed(backend, result);
  }

  /** Datagram by datagram. */
  #sendApart(upstream: number, offset: number, bytes: number, segment: number): void {
    for (let at = 0; at < bytes; at += segment)
      this.#sendOne(upstream, offset + at, Math.min(segment, bytes - at), -1);
  }

  /** @param piece what is sent where that is a whole piece of this batch, else -1 */
  #sendOne(upstream: number, offset: number, bytes: number, piece: number): void {
    const { arena, upstreams, sent, copies } = this.#parts;
    const fd = upstreams.fd(upstream);
    let result = arena.libc.send(fd, arena.address + offset, bytes, MSG_DONTWAIT);
    for (let refusals = 0; tellsOfEarlier(result) && refusals < REFUSALS; refusals++) {
      result = arena.libc.send(fd, arena.address + offset, bytes, MSG_DONTWAIT);
    }
    if (result >= 0) {
      const entry = sent.note(upstream, bytes, bytes, piece, offset);
      if (copies.isOn) {
        this.#beginCopy(entry, upstream, bytes);
        copies.add(offset, bytes);
      }
      return;
    }
    this.#failed(upstream, bytes, result, 1);
  }

  #countOverflow(listener: OpenListener): void {
    const overflow = this.#control[CONTROL_OVERFLOW];
    this.#parts.counters[listenerAt(listener.slot) + LISTENER.queueDrops] +=
      (overflow - listener.overflow) >>> 0;
    listener.overflow = overflow;
  }
}
