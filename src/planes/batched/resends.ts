/**
 * Requests that a backend had taken and not answered when refusals or silence took it down. Where its pool wants them sent again
 * (`failover.unanswered: resend`), they go to the backend that is next for their client, in the order in which they came.
 */
import type { Forwarder } from "../../core/forwarder.js";
import type { Snapshot } from "../../core/snapshot.js";
import { RESENT_WITHIN_MS, resentBackends, takenDown } from "../../core/taken-down.js";
import type { RequestPath } from "./request-path.js";
import type { SentCopies } from "./sent-copies.js";
import { SENT_ENTRIES, type SentLog } from "./sent-log.js";
import type { Upstreams } from "./upstreams.js";

export interface ResendParts {
  readonly forwarder: Forwarder;
  readonly upstreams: Upstreams;
  readonly sent: SentLog;
  readonly copies: SentCopies;
  readonly requests: RequestPath;
}

export class Resends {
  readonly #parts: ResendParts;
  #snapshot: Snapshot;

  /** @param snapshot the one in force */
  constructor(parts: ResendParts, snapshot: Snapshot) {
    this.#parts = parts;
    this.#snapshot = snapshot;
    parts.copies.copyFor(resentBackends(snapshot));
  }

  /** A snapshot is in force. Not while requests or replies wait to be sent. */
  apply(snapshot: Snapshot, nowMs: number): void {
    const down = takenDown(this.#snapshot, snapshot);
    this.#snapshot = snapshot;
    this.#parts.copies.copyFor(resentBackends(snapshot));
    for (const backend of down) this.#resendAll(backend, nowMs);
  }

  #resendAll(backend: number, nowMs: number): void {
    const { forwarder, upstreams, sent } = this.#parts;
    const resent = new Set<number>();
    sent.setTime(nowMs);
    const oldest = sent.next;
    for (let i = 0; i < SENT_ENTRIES; i++) {
      const entry = (oldest + i) % SENT_ENTRIES;
      const upstream = sent.upstream[entry];
      if (upstream < 0 || upstreams.backend[upstream] !== backend) continue;
      if (nowMs - sent.atMs[entry] <= RESENT_WITHIN_MS && this.#resend(entry, nowMs)) resent.add(upstream);
    }
    for (const upstream of resent) {
      const flow = upstreams.flow[upstream];
      if (flow >= 0 && upstreams.backend[upstream] === backend) forwarder.refusals.endResent(flow);
    }
  }

  /** False where it was answered, may not leave its backend, or has no copy any more. */
  #resend(entry: number, nowMs: number): boolean {
    const { forwarder, upstreams, sent, copies, requests } = this.#parts;
    const upstream = sent.upstream[entry];
    const [bytes, segment] = [sent.bytes[entry], sent.segment[entry]];
    const copy = copies.offset(entry, upstreams.uses[upstream]);
    let flow = upstreams.flow[upstream];
    if (copy < 0 || flow < 0 || !forwarder.refusals.isUnanswered(flow, sent.atMs[entry])) return false;
    sent.forget(entry);
    for (let at = 0; (at < bytes || at === 0) && flow >= 0; at += segment) {
      const length = Math.min(segment, bytes - at);
      const next = forwarder.refusals.reforward(flow, length, nowMs);
      if (next >= 0) requests.resend(next, copy + at, length);
      if (segment === 0) break;
      flow = upstreams.flow[upstream];
    }
    return true;
  }
}
