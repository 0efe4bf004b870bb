/**
 * Receives a client's replies and judges each: answered, late, duplicate, another client's (crossed), or bad. Hot.
 */
import { record } from "../core/histogram.js";
import { CONTROL_SEGMENT, CONTROL_WORDS } from "../linux/control.js";
import { EAGAIN, ECONNREFUSED, EINTR } from "../linux/errno.js";
import type { Arena } from "../linux/memory.js";
import { createReceiveBatch, type ReceiveBatch, receiveBatchBytes } from "../linux/receive-batch.js";
import { isDnsAnswer } from "./dns.js";
import type { InFlight } from "./in-flight.js";
import { counterWord, type LoadMemory, MAX_TAGS } from "./load-memory.js";
import { BATCH, type CompletePlan, payloadOffset } from "./load-options.js";
import { hasHead, NO_TAG, readClient, readDueMs, readSequence, readSlot, readTag } from "./payload.js";

const [ANSWERED, LATE, DUPLICATE] = [counterWord("answered"), counterWord("late"), counterWord("duplicate")];
const [CROSSED, BAD, REFUSED] = [counterWord("crossed"), counterWord("bad"), counterWord("refused")];

const SEVERAL = -1;

/** One byte more than wanted shows a datagram that is too long; GRO needs room for a whole burst. */
function batchOptions(plan: CompletePlan) {
  const bufferBytes = plan.gso ? 65_535 : plan.sizeBytes + 1;
  return { slots: BATCH, bufferBytes, names: false, ...(plan.gso ? {} : { controlBytes: 0 }) };
}

/** Bytes of arena that a receiver takes. */
export function receiverBytes(plan: CompletePlan): number {
  return receiveBatchBytes(batchOptions(plan));
}

export class LoadReceiver {
  readonly #batch: ReceiveBatch;
  readonly #view: DataView;
  readonly #size: number;
  readonly #gro: boolean;
  readonly #dns: boolean;
  readonly #head: number;
  readonly #lossTimeoutMs: number;
  readonly #inFlight: InFlight;
  readonly #memory: LoadMemory;
  readonly #counters: Float64Array;
  readonly #control = new Uint32Array(CONTROL_WORDS);
  /** By client: the tag of its first tagged reply, NO_TAG before that, SEVERAL once another tag came. */
  readonly #tagOf: Int32Array;

  constructor(arena: Arena, plan: CompletePlan, inFlight: InFlight, memory: LoadMemory) {
    this.#batch = createReceiveBatch(arena, batchOptions(plan));
    this.#view = new DataView(arena.u8.buffer);
    this.#size = plan.sizeBytes;
    this.#gro = plan.gso;
    this.#dns = plan.dns;
    this.#head = payloadOffset(plan);
    this.#lossTimeoutMs = plan.lossTimeoutMs;
    this.#tagOf = new Int32Array(plan.clients).fill(NO_TAG);
    this.#inFlight = inFlight;
    this.#memory = memory;
    this.#counters = memory.counters;
  }

  /** Clients that more than one server answered, by its tag. */
  clientsOnSeveralServers(): number {
    return this.#tagOf.reduce((count, tag) => count + (tag === SEVERAL ? 1 : 0), 0);
  }

  /** Takes what has come for `client`, one call's worth. Answers how many of its datagrams are now answered. */
  receive(client: number, fd: number): number {
    const count = this.#batch.receive(fd, BATCH);
    if (count < 0) {
      if (count === -ECONNREFUSED) this.#counters[REFUSED]++;
      else if (count !== -EAGAIN && count !== -EINTR) this.#counters[BAD]++;
      return 0;
    }
    const nowMs = performance.now();
    const before = this.#counters[ANSWERED];
    for (let slot = 0; slot < count; slot++) this.#judgeMessage(client, slot, nowMs);
    return this.#counters[ANSWERED] - before;
  }

  #judgeMessage(client: number, slot: number, nowMs: number): void {
    const offset = this.#batch.dataOffset(slot);
    const length = this.#batch.length(slot);
    let segment = 0;
    if (this.#gro) {
      this.#batch.parseControl(slot, this.#control);
      segment = this.#control[CONTROL_SEGMENT];
    }
    if (segment === 0) {
      this.#judge(client, offset, length, nowMs);
      return;
    }
    for (let at = 0; at < length; at += segment) {
      this.#judge(client, offset + at, Math.min(segment, length - at), nowMs);
    }
  }

  #judge(client: number, start: number, length: number, nowMs: number): void {
    const view = this.#view;
    const counters = this.#counters;
    const offset = start + this.#head;
    const isReply = length === this.#size && hasHead(view, offset, length - this.#head);
    if (!isReply || (this.#dns && !isDnsAnswer(view, start, length))) {
      counters[BAD]++;
      return;
    }
    if (readClient(view, offset) !== client) {
      counters[CROSSED]++;
      return;
    }
    const slot = readSlot(view, offset);
    if (!this.#inFlight.has(slot, client, readSequence(view, offset))) {
      // Slots are freed by a reply, or by loss after the timeout: what is younger had its reply already.
      counters[nowMs - readDueMs(view, offset) < this.#lossTimeoutMs ? DUPLICATE : LATE]++;
      return;
    }
    counters[ANSWERED]++;
    const tag = readTag(view, offset);
    if (tag < MAX_TAGS) this.#noteTag(client, tag);
    record(this.#memory.histogram, 0, nowMs - this.#inFlight.dueMs(slot));
    this.#inFlight.release(slot);
  }

  #noteTag(client: number, tag: number): void {
    this.#memory.tags[tag]++;
    const earlier = this.#tagOf[client];
    if (earlier === NO_TAG) this.#tagOf[client] = tag;
    else if (earlier !== tag) this.#tagOf[client] = SEVERAL;
  }
}
