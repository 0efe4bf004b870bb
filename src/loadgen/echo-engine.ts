/**
 * The loop of the echo servers, in one thread that blocks: every datagram goes back to where it came from. Hot.
 * With GSO, datagrams in a row of one client and one size go back as one message.
 */
import { CONTROL_LOCAL, CONTROL_SEGMENT, CONTROL_WORDS } from "../linux/control.js";
import { toSocketAddress } from "../linux/endpoint.js";
import { type Epoll, epollBytes, openEpoll } from "../linux/epoll.js";
import { EINTR } from "../linux/errno.js";
import type { Libc } from "../linux/libc.js";
import { type Arena, openArena } from "../linux/memory.js";
import { createReceiveBatch, type ReceiveBatch, receiveBatchBytes } from "../linux/receive-batch.js";
import { createSendBatch, type SendBatch, sendBatchBytes } from "../linux/send-batch.js";
import { SOCKADDR_WORDS, type SocketAddress } from "../linux/sockaddr.js";
import { addressFamily, openUdpSocket, type UdpSocket } from "../linux/socket.js";
import { check } from "../linux/syscall-error.js";
import { markDnsAnswer } from "./dns.js";
import { COUNT_WORDS, type EchoPlan } from "./echo-server.js";
import { MAX_PAYLOAD_BYTES, payloadOffset } from "./load-options.js";
import { hasHead, writeTag } from "./payload.js";

const BATCH = 64;
const MAX_EVENTS = 64;
const BUFFER_BYTES = 4 << 20;
const RECEIVING = { slots: BATCH, bufferBytes: 65_535 };
const SENDING = { messages: BATCH, iovecsPerMessage: BATCH };
/** How soon a stop is noticed when nothing comes. */
const WAIT_MS = 100;

/** Opens a socket for each address; `counts` is written as `EchoWorkerData` says. @throws SyscallError */
export function openEchoEngine(libc: Libc, plan: EchoPlan, counts: Float64Array): EchoEngine {
  const arena = openArena(
    libc,
    receiveBatchBytes(RECEIVING) + sendBatchBytes(SENDING) + epollBytes(MAX_EVENTS),
  );
  const sockets: UdpSocket[] = [];
  try {
    for (const endpoint of plan.addresses)
      sockets.push(openSocket(libc, toSocketAddress(libc, endpoint), plan));
    return new EchoEngine(arena, plan, sockets, counts);
  } catch (error) {
    for (const socket of sockets) socket.close();
    arena.close();
    throw error;
  }
}

function openSocket(libc: Libc, address: SocketAddress, plan: EchoPlan): UdpSocket {
  const socket = openUdpSocket(libc, {
    family: addressFamily(address),
    // Receiving asks not to wait each time; sending may wait for room, so that no reply is lost here.
    nonBlocking: false,
    gro: plan.gso,
    packetInfo: isWildcard(address),
    receiveBufferBytes: BUFFER_BYTES,
    sendBufferBytes: BUFFER_BYTES,
  });
  try {
    socket.bind(address);
    return socket;
  } catch (error) {
    socket.close();
    throw error;
  }
}

function isWildcard({ words }: SocketAddress): boolean {
  return words[0] === 0 && words[1] === 0 && words[3] === 0;
}

export class EchoEngine {
  readonly #arena: Arena;
  readonly #plan: EchoPlan;
  readonly #sockets: readonly UdpSocket[];
  readonly #counts: Float64Array;
  readonly #head: number;
  readonly #marks: boolean;
  readonly #epoll: Epoll;
  readonly #incoming: ReceiveBatch;
  readonly #outgoing: SendBatch;
  readonly #view: DataView;
  readonly #control = new Uint32Array(CONTROL_WORDS);
  readonly #name = new Uint32Array(SOCKADDR_WORDS);
  readonly #lastName = new Uint32Array(SOCKADDR_WORDS);
  #messages = 0;
  /** Bytes of each datagram of the last message; 0 when nothing may be added to it. */
  #lastSegment = 0;

  constructor(arena: Arena, plan: EchoPlan, sockets: readonly UdpSocket[], counts: Float64Array) {
    this.#arena = arena;
    this.#plan = plan;
    this.#sockets = sockets;
    this.#counts = counts;
    this.#head = payloadOffset(plan);
    this.#marks = plan.tag || plan.dns;
    this.#epoll = openEpoll(arena, MAX_EVENTS);
    for (const [i, socket] of sockets.entries()) check(this.#epoll.add(socket.fd, i), "epoll_ctl");
    this.#incoming = createReceiveBatch(arena, RECEIVING);
    this.#outgoing = createSendBatch(arena, SENDING);
    this.#view = new DataView(arena.u8.buffer);
  }

  /** The addresses really bound. */
  localAddresses(): SocketAddress[] {
    return this.#sockets.map((socket) => socket.localAddress());
  }

  /** Echoes until `isStopped` says so. */
  run(isStopped: () => boolean): void {
    while (!isStopped()) {
      const ready = this.#epoll.wait(WAIT_MS);
      for (let event = 0; event < ready; event++) this.#serve(this.#epoll.data(event));
    }
  }

  close(): void {
    for (const socket of this.#sockets) socket.close();
    this.#epoll.close();
    this.#arena.close();
  }

  #serve(index: number): void {
    const { fd, family } = this.#sockets[index];
    const count = this.#incoming.receive(fd, BATCH);
    this.#messages = 0;
    this.#lastSegment = 0;
    for (let slot = 0; slot < count; slot++) this.#take(slot, index, family);
    this.#flush(fd);
  }

  /** Counts a received message, and puts it on its way back. */
  #take(slot: number, index: number, family: number): void {
    const length = this.#incoming.length(slot);
    this.#incoming.parseControl(slot, this.#control);
    const segment = this.#control[CONTROL_SEGMENT] || length;
    this.#counts[index * COUNT_WORDS] += length > segment ? Math.ceil(length / segment) : 1;
    this.#counts[index * COUNT_WORDS + 1] += length;
    if (this.#plan.sink) return;
    if (this.#marks) this.#markAll(this.#incoming.dataOffset(slot), length, segment, index);
    this.#reply(slot, family, length, segment);
  }

  /** Adds a received message to the last reply, or begins a new one. */
  #reply(slot: number, family: number, length: number, segment: number): void {
    const offset = this.#incoming.dataOffset(slot);
    if (this.#plan.gso) {
      this.#incoming.readName(slot, this.#name, 0);
      if (this.#join(offset, length, segment)) return;
      this.#lastName.set(this.#name);
    }
    const message = this.#messages++;
    this.#outgoing.reset(message);
    this.#outgoing.append(message, offset, length);
    this.#outgoing.setNameAt(message, this.#incoming.nameOffset(slot), this.#incoming.nameLength(slot));
    if (this.#hasLocal()) this.#outgoing.setSource(message, this.#control, CONTROL_LOCAL, 0, family);
    if (length > segment) this.#outgoing.setSegmentSize(message, segment);
    // A source or segment size is already written for this one; only plain datagrams are put together here.
    this.#lastSegment = length === segment && length > 0 && !this.#hasLocal() ? segment : 0;
  }

  /** Adds a datagram to the last message when it is its client's next of the same size. */
  #join(offset: number, length: number, segment: number): boolean {
    if (length !== segment || length !== this.#lastSegment || !this.#sameName()) return false;
    const last = this.#messages - 1;
    if (this.#outgoing.bytes(last) + length > MAX_PAYLOAD_BYTES) return false;
    if (!this.#outgoing.append(last, offset, length)) return false;
    if (this.#outgoing.pieces(last) === 2) this.#outgoing.setSegmentSize(last, segment);
    return true;
  }

  #sameName(): boolean {
    for (let i = 0; i < SOCKADDR_WORDS; i++) if (this.#name[i] !== this.#lastName[i]) return false;
    return true;
  }

  #hasLocal(): boolean {
    return this.#control[CONTROL_LOCAL + 3] !== 0;
  }

  #markAll(offset: number, length: number, segment: number, tag: number): void {
    for (let at = offset; at < offset + length; at += segment) {
      const left = offset + length - at;
      if (this.#plan.dns) markDnsAnswer(this.#view, at, left);
      if (this.#plan.tag && hasHead(this.#view, at + this.#head, left - this.#head)) {
        writeTag(this.#view, at + this.#head, tag);
      }
    }
  }

  /** Sends every reply; one that the kernel refuses is passed over, as a real server would lose it. */
  #flush(fd: number): void {
    let at = 0;
    while (at < this.#messages) {
      const sent = this.#outgoing.send(fd, at, this.#messages - at, 0);
      if (sent > 0) at += sent;
      else if (sent !== -EINTR) at++;
    }
  }
}
