/** A client that sends bursts as one packet each (UDP_SEGMENT), and receives datagram by datagram. Linux only. */
import { parseEndpoint } from "#src/core/address.js";
import { AF_INET } from "#src/linux/constants.js";
import { toSocketAddress } from "#src/linux/endpoint.js";
import { loadLibc } from "#src/linux/libc.js";
import { openArena } from "#src/linux/memory.js";
import { createReceiveBatch, receiveBatchBytes } from "#src/linux/receive-batch.js";
import { createSendBatch, sendBatchBytes } from "#src/linux/send-batch.js";
import { openUdpSocket } from "#src/linux/socket.js";
import { check } from "#src/linux/syscall-error.js";
import { eventually } from "./waiting.js";

const SEND = { messages: 1, iovecsPerMessage: 1 };
const RECEIVE = { slots: 64, bufferBytes: 65_536 };
const BURST_BYTES = 65_536;

/** Must be closed. */
export function openGsoClient(to: string, ip = "127.0.0.1"): GsoClient {
  return new GsoClient(to, ip);
}

export class GsoClient {
  readonly #arena;
  readonly #socket;
  readonly #sending;
  readonly #receiving;
  readonly #data: number;
  readonly #received: Buffer[] = [];

  constructor(to: string, ip: string) {
    const libc = loadLibc();
    this.#arena = openArena(libc, sendBatchBytes(SEND) + receiveBatchBytes(RECEIVE) + BURST_BYTES + 4096);
    this.#sending = createSendBatch(this.#arena, SEND);
    this.#receiving = createReceiveBatch(this.#arena, RECEIVE);
    this.#data = this.#arena.allocate(BURST_BYTES);
    this.#socket = openUdpSocket(libc, { family: AF_INET, receiveBufferBytes: 2 ** 22 });
    this.#socket.bind(toSocketAddress(libc, parseEndpoint(`${ip}:0`)));
    this.#socket.connect(toSocketAddress(libc, parseEndpoint(to)));
  }

  /** Sends datagrams of equal size, of which the last may be shorter, as one packet. */
  burst(datagrams: readonly Uint8Array[]): void {
    let bytes = 0;
    for (const datagram of datagrams) {
      this.#arena.u8.set(datagram, this.#data + bytes);
      bytes += datagram.length;
    }
    this.#sending.reset(0);
    this.#sending.append(0, this.#data, bytes);
    if (datagrams.length > 1) this.#sending.setSegmentSize(0, datagrams[0].length);
    check(this.#sending.send(this.#socket.fd, 0, 1), "sendmsg");
  }

  /** The next `count` datagrams, in order. */
  async take(count: number): Promise<Buffer[]> {
    await eventually(() => {
      this.#receive();
      if (this.#received.length < count)
        throw new Error(`${this.#received.length} of ${count} datagrams came`);
    });
    return this.#received.splice(0, count);
  }

  close(): void {
    this.#socket.close();
    this.#arena.close();
  }

  #receive(): void {
    for (;;) {
      const count = this.#receiving.receive(this.#socket.fd, RECEIVE.slots);
      for (let slot = 0; slot < count; slot++) {
        const start = this.#receiving.dataOffset(slot);
        this.#received.push(Buffer.from(this.#arena.u8.slice(start, start + this.#receiving.length(slot))));
      }
      if (count <= 0) return;
    }
  }
}
