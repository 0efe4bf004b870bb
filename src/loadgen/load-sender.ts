/**
 * Sends a client's datagrams, in one call as many as are asked for: with UDP_SEGMENT as one message, else as many
 * messages. Hot: the messages are laid out once, and only the heads of the payloads are written for each send.
 */
import { ECONNREFUSED, EINTR } from "../linux/errno.js";
import type { Arena } from "../linux/memory.js";
import { createSendBatch, type SendBatch, sendBatchBytes } from "../linux/send-batch.js";
import type { UdpSocket } from "../linux/socket.js";
import { writeDnsHead, writeDnsId } from "./dns.js";
import type { InFlight } from "./in-flight.js";
import { counterWord } from "./load-memory.js";
import { BATCH, type CompletePlan, MAX_PAYLOAD_BYTES, payloadOffset } from "./load-options.js";
import { writeHead } from "./payload.js";

const [SENT, REFUSED, SEND_FAILED] = [counterWord("sent"), counterWord("refused"), counterWord("sendFailed")];

/** Bytes of arena that a sender takes. */
export function senderBytes(plan: CompletePlan): number {
  return BATCH * plan.sizeBytes + 2 * sendBatchBytes({ messages: BATCH, iovecsPerMessage: 1 }) + 64;
}

export class LoadSender {
  /** Most datagrams that one `send` takes. */
  readonly limit: number;
  readonly #sockets: readonly UdpSocket[];
  readonly #inFlight: InFlight | null;
  readonly #counters: Float64Array;
  readonly #view: DataView;
  readonly #data: number;
  readonly #size: number;
  readonly #gso: boolean;
  readonly #dns: boolean;
  readonly #head: number;
  readonly #single: SendBatch;
  readonly #segmented: SendBatch;
  readonly #sequences: Uint32Array;
  readonly #taken = new Int32Array(BATCH);

  /** `inFlight` null: no replies are expected. */
  constructor(
    arena: Arena,
    plan: CompletePlan,
    sockets: readonly UdpSocket[],
    inFlight: InFlight | null,
    counters: Float64Array,
  ) {
    this.#sockets = sockets;
    this.#inFlight = inFlight;
    this.#counters = counters;
    this.#size = plan.sizeBytes;
    this.#gso = plan.gso;
    this.#dns = plan.dns;
    this.#head = payloadOffset(plan);
    const segments = plan.gso ? Math.max(1, Math.floor(MAX_PAYLOAD_BYTES / plan.sizeBytes)) : BATCH;
    this.limit = Math.min(plan.burst, segments);
    this.#view = new DataView(arena.u8.buffer);
    this.#data = arena.allocate(BATCH * plan.sizeBytes);
    for (let i = 0; i < BATCH * plan.sizeBytes; i++) arena.u8[this.#data + i] = i * 7 + 1;
    if (plan.dns) {
      for (let i = 0; i < BATCH; i++)
        writeDnsHead(this.#view, this.#data + i * plan.sizeBytes, plan.sizeBytes);
    }
    this.#single = createSendBatch(arena, { messages: BATCH, iovecsPerMessage: 1 });
    this.#segmented = createSendBatch(arena, { messages: 1, iovecsPerMessage: 1 });
    for (let i = 0; i < BATCH; i++) this.#single.append(i, this.#data + i * plan.sizeBytes, plan.sizeBytes);
    this.#sequences = new Uint32Array(sockets.length);
  }

  /** Sends up to `count` datagrams, due at `dueMs` and then every `stepMs`. Answers how many went out. */
  send(client: number, count: number, dueMs: number, stepMs: number): number {
    const wanted = this.#prepare(client, Math.min(count, this.limit), dueMs, stepMs);
    if (wanted === 0) return 0;
    const result = this.#transmit(this.#sockets[client].fd, wanted);
    const sent = Math.max(result, 0);
    if (result < 0) this.#noteFailure(result);
    this.#counters[SENT] += sent;
    this.#sequences[client] += sent;
    if (this.#inFlight !== null) {
      for (let i = sent; i < wanted; i++) this.#inFlight.release(this.#taken[i]);
    }
    return sent;
  }

  /** Writes the heads; answers how many found a slot. */
  #prepare(client: number, count: number, dueMs: number, stepMs: number): number {
    const first = this.#sequences[client];
    for (let i = 0; i < count; i++) {
      const due = dueMs + i * stepMs;
      const sequence = (first + i) >>> 0;
      const slot = this.#inFlight === null ? 0 : this.#inFlight.take(client, sequence, due);
      if (slot < 0) return i;
      this.#taken[i] = slot;
      const offset = this.#data + i * this.#size;
      if (this.#dns) writeDnsId(this.#view, offset, sequence);
      writeHead(this.#view, offset + this.#head, client, slot, sequence, due);
    }
    return count;
  }

  #transmit(fd: number, count: number): number {
    if (!this.#gso || count === 1) return this.#single.send(fd, 0, count);
    this.#segmented.reset(0);
    this.#segmented.append(0, this.#data, count * this.#size);
    this.#segmented.setSegmentSize(0, this.#size);
    const result = this.#segmented.send(fd, 0, 1);
    return result < 0 ? result : count;
  }

  #noteFailure(result: number): void {
    if (result === -EINTR) return;
    this.#counters[result === -ECONNREFUSED ? REFUSED : SEND_FAILED]++;
  }
}
