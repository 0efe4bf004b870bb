/**
 * Requests that a backend's host refused, or that could not get there (ICMP destination unreachable): no program has seen them, so they go to the backend
 * that is next for their client. What the kernel kept of them is in the upstream's error queue.
 */
import type { Forwarder } from "../../core/forwarder.js";
import { kindOfIcmp, NO_KIND } from "../../core/refusal-kind.js";
import { MAX_BACKENDS } from "../../core/snapshot.js";
import { reasonNumber } from "../../core/verdict.js";
import {
  createErrorQueue,
  type ErrorQueue,
  errorQueueBytes,
  IS_IPV6,
  NO_ERROR,
} from "../../linux/error-queue.js";
import type { Arena } from "../../linux/memory.js";
import type { RequestPath } from "./request-path.js";
import type { SentCopies } from "./sent-copies.js";
import { CUT_BURST, NOTHING, type SentLog, WHOLE, WHOLE_BURST } from "./sent-log.js";
import type { Upstreams } from "./upstreams.js";

export interface RefusalParts {
  readonly arena: Arena;
  readonly forwarder: Forwarder;
  readonly upstreams: Upstreams;
  readonly sent: SentLog;
  readonly copies: SentCopies;
  readonly requests: RequestPath;
  /** A backend refused something; called at most once for each in 100 ms. */
  readonly tell: (backendSlot: number, kind: number) => void;
}

/** Linux quotes so much payload that its answer has 576 bytes, over IPv6 1,280: from here on a quote may be cut. */
const CUT_AT_4 = 520;
const CUT_AT_6 = 1184;
const TELL_EVERY_MS = 100;
/** Most batches of errors read from one socket at a time. */
const ROUNDS = 64;
const REFUSED = reasonNumber("backend_refused");

export class Refusals {
  readonly #parts: RefusalParts;
  readonly #queue: ErrorQueue;
  readonly #toldAtMs = new Float64Array(MAX_BACKENDS).fill(Number.NEGATIVE_INFINITY);
  #nowMs = 0;

  constructor(parts: RefusalParts) {
    this.#parts = parts;
    this.#queue = createErrorQueue(parts.arena);
  }

  static arenaBytes(): number {
    return errorQueueBytes();
  }

  /** Empties an upstream's error queue. Not while requests or replies wait to be sent. */
  drain(upstream: number, nowMs: number): void {
    const fd = this.#parts.upstreams.fd(upstream);
    this.#nowMs = nowMs;
    this.#parts.sent.setTime(nowMs);
    for (let round = 0; round < ROUNDS && fd >= 0; round++) {
      const count = this.#queue.receive(fd);
      for (let slot = 0; slot < count; slot++) {
        const icmp = this.#queue.icmpOf(slot);
        const kind = kindOfIcmp((icmp & IS_IPV6) !== 0, (icmp >>> 8) & 0xff, icmp & 0xff);
        if (icmp !== NO_ERROR && kind !== NO_KIND) this.#refused(upstream, slot, kind);
      }
      if (count < this.#queue.slots) return;
    }
  }

  #refused(upstream: number, slot: number, kind: number): void {
    const { forwarder, upstreams, sent } = this.#parts;
    const backend = upstreams.backend[upstream];
    this.accuse(backend, kind, this.#nowMs);
    const quoted = this.#queue.length(slot);
    const cutAt = upstreams.isIpv6(upstream) ? CUT_AT_6 : CUT_AT_4;
    const mayBeCut = quoted === 0 || quoted >= cutAt || this.#queue.isTruncated(slot);
    const entry = this.#atHand(upstream, slot, mayBeCut);
    if (entry >= 0) this.#forwardEntry(upstream, entry);
    else {
      const quote = this.#queue.dataOffset(slot);
      this.#forwardQuote(upstream, slot, sent.match(upstream, quote, quoted, mayBeCut, this.#nowMs));
    }
    const flow = upstreams.flow[upstream];
    if (flow >= 0) forwarder.refusals.endFlowIfAll(flow);
  }

  /** What was refused where it still lies as it was received; -1 when it does not, or when it is not the only match. */
  #atHand(upstream: number, slot: number, mayBeCut: boolean): number {
    const { sent } = this.#parts;
    const quoted = this.#queue.length(slot);
    let found = -1;
    for (let entry = sent.olderAtHand(upstream, -1); entry >= 0; entry = sent.olderAtHand(upstream, entry)) {
      const bytes = sent.bytes[entry];
      if ((bytes !== quoted && !(mayBeCut && bytes > quoted)) || !this.#isQuoted(entry, slot)) continue;
      if (found >= 0) return -1;
      found = entry;
    }
    return found;
  }

  /** Whether an entry's bytes begin with what was quoted. */
  #isQuoted(entry: number, slot: number): boolean {
    const { sent, requests, arena } = this.#parts;
    const { offset, bytes, next } = requests.pieces;
    const length = this.#queue.length(slot);
    let quote = this.#queue.dataOffset(slot);
    const end = quote + length;
    for (let piece = sent.piece[entry]; piece >= 0 && quote < end; piece = next[piece]) {
      const stop = Math.min(end, quote + bytes[piece]);
      for (let at = offset[piece]; quote < stop; at++, quote++)
        if (arena.u8[at] !== arena.u8[quote]) return false;
    }
    return quote === end;
  }

  #forwardEntry(upstream: number, entry: number): void {
    const { sent, requests } = this.#parts;
    const { offset, bytes, segment, next } = requests.pieces;
    sent.forget(entry);
    let left = sent.bytes[entry];
    let piece = sent.piece[entry];
    do {
      this.#forward(upstream, offset[piece], bytes[piece], segment[piece]);
      left -= bytes[piece];
      piece = next[piece];
    } while (left > 0 && piece >= 0);
  }

  #forwardQuote(upstream: number, slot: number, kind: number): void {
    const { sent, copies } = this.#parts;
    const quoted = this.#queue.length(slot);
    const start = this.#queue.dataOffset(slot);
    const entry = sent.found;
    // Made up, or too late: it must not take anything back from the counts.
    if (kind === NOTHING) return;
    if (kind === WHOLE) {
      this.#forward(upstream, start, quoted, quoted);
      if (sent.bytes[entry] === quoted) sent.forget(entry);
      // One of a burst: which of it were not refused, nobody says.
      else copies.forget(entry);
      return;
    }
    if (kind !== WHOLE_BURST && kind !== CUT_BURST) {
      this.#lose(upstream, quoted, 1);
      return;
    }
    const segment = sent.segment[entry];
    const bytes = sent.bytes[entry];
    const whole = kind === WHOLE_BURST ? bytes : quoted - (quoted % segment);
    sent.forget(entry);
    this.#forward(upstream, start, whole, segment);
    if (bytes > whole) this.#lose(upstream, bytes - whole, Math.ceil((bytes - whole) / segment));
  }

  /** Sends datagrams of `segment` bytes, the last may be shorter, each to where it now belongs. */
  #forward(upstream: number, offset: number, bytes: number, segment: number): void {
    const { forwarder, upstreams, requests } = this.#parts;
    for (let at = 0; at < bytes || at === 0; at += segment) {
      const length = Math.min(segment, bytes - at);
      const flow = upstreams.flow[upstream];
      if (flow < 0) this.#lose(upstream, length, 1);
      else {
        const next = forwarder.refusals.reforward(flow, length, this.#nowMs);
        if (next >= 0) requests.resend(next, offset + at, length);
      }
      if (segment === 0) return;
    }
  }

  #lose(upstream: number, bytes: number, count: number): void {
    const { forwarder, upstreams } = this.#parts;
    const flow = upstreams.flow[upstream];
    if (flow >= 0) forwarder.refusals.drop(flow, bytes, count);
    else {
      const { listener, backend } = upstreams;
      forwarder.requestFailed(listener[upstream], backend[upstream], bytes, REFUSED, count);
    }
  }

  /** Something did not get to a backend. Not while a request is decided on. */
  accuse(backend: number, kind: number, nowMs: number): void {
    this.#parts.forwarder.refused(backend, nowMs, kind);
    if (nowMs - this.#toldAtMs[backend] < TELL_EVERY_MS) return;
    this.#toldAtMs[backend] = nowMs;
    this.#parts.tell(backend, kind);
  }
}
