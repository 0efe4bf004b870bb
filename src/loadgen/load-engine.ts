/**
 * The loop of a load, in one thread that blocks: waits for replies, and sends what is owed (closed loop: a datagram
 * for each one answered or lost) or what is due (open loop: on schedule).
 */
import { type Epoll, epollBytes, openEpoll } from "../linux/epoll.js";
import type { Libc } from "../linux/libc.js";
import { type Arena, openArena } from "../linux/memory.js";
import type { UdpSocket } from "../linux/socket.js";
import { check } from "../linux/syscall-error.js";
import { openClientSockets } from "./client-sockets.js";
import { InFlight } from "./in-flight.js";
import { counterWord, isStopRequested, type LoadMemory, setMeasure } from "./load-memory.js";
import type { CompletePlan } from "./load-options.js";
import { LoadReceiver, receiverBytes } from "./load-receiver.js";
import { LoadSender, senderBytes } from "./load-sender.js";
import { threadCpuMs } from "./thread-cpu.js";

const MAX_EVENTS = 256;
/** How often losses are looked for and what could not be sent is tried again. */
const SWEEP_MS = 10;
const [SENT, ANSWERED, LOST] = [counterWord("sent"), counterWord("answered"), counterWord("lost")];

/** Opens the clients' sockets and the memory for a load. @throws SyscallError */
export function openLoadEngine(libc: Libc, plan: CompletePlan, memory: LoadMemory): LoadEngine {
  const arena = openArena(libc, receiverBytes(plan) + senderBytes(plan) + epollBytes(MAX_EVENTS));
  let sockets: UdpSocket[] = [];
  try {
    sockets = openClientSockets(libc, plan);
    return new LoadEngine(arena, plan, sockets, memory);
  } catch (error) {
    for (const socket of sockets) socket.close();
    arena.close();
    throw error;
  }
}

export class LoadEngine {
  readonly #arena: Arena;
  readonly #plan: CompletePlan;
  readonly #sockets: readonly UdpSocket[];
  readonly #memory: LoadMemory;
  readonly #epoll: Epoll;
  readonly #inFlight: InFlight;
  readonly #sender: LoadSender;
  readonly #receiver: LoadReceiver;
  /** Closed loop: datagrams that each client may send now. */
  readonly #owed: Int32Array;
  readonly #stepMs: number;
  #scheduled = 0;
  #turn = 0;
  #baseline = { ms: 0, sent: 0, answered: 0, cpuMs: 0 };

  constructor(arena: Arena, plan: CompletePlan, sockets: readonly UdpSocket[], memory: LoadMemory) {
    this.#arena = arena;
    this.#plan = plan;
    this.#sockets = sockets;
    this.#memory = memory;
    this.#stepMs = plan.ratePerSecond > 0 ? 1000 / plan.ratePerSecond : 0;
    this.#epoll = openEpoll(arena, MAX_EVENTS);
    // One way nobody listens: what comes back anyway stays in the sockets, and the kernel drops it when they are full.
    const heard = plan.oneWay ? [] : sockets;
    for (const [client, socket] of heard.entries()) check(this.#epoll.add(socket.fd, client), "epoll_ctl");
    this.#inFlight = new InFlight(capacityOf(plan));
    const tracked = plan.oneWay ? null : this.#inFlight;
    this.#sender = new LoadSender(arena, plan, sockets, tracked, memory.counters);
    this.#receiver = new LoadReceiver(arena, plan, this.#inFlight, memory);
    this.#owed = Int32Array.from(sockets, (_, client) => shareOf(plan, client));
  }

  /** Runs the whole load, then waits for what is still on its way. Returns early when a stop is requested. */
  run(): void {
    const startMs = performance.now();
    const measureMs = startMs + this.#plan.warmupMs;
    const endMs = measureMs + this.#plan.durationMs;
    let measuring = false;
    let sweepMs = startMs;
    this.#startMeasuring(startMs);
    for (;;) {
      const nowMs = performance.now();
      if (nowMs >= endMs || isStopRequested(this.#memory)) break;
      if (!measuring && nowMs >= measureMs) {
        measuring = true;
        this.#startMeasuring(nowMs);
      }
      if (nowMs >= sweepMs) {
        this.#sweep(nowMs);
        sweepMs = nowMs + SWEEP_MS;
      }
      this.#poll(Math.max(0, Math.min(sweepMs, this.#sendDue(nowMs, startMs)) - performance.now()), true);
    }
    this.#stopMeasuring(performance.now());
    this.#drain();
  }

  /** Closes sockets and memory; the engine is of no more use. */
  close(): void {
    for (const socket of this.#sockets) socket.close();
    this.#epoll.close();
    this.#arena.close();
  }

  /** Waits at most `waitMs`, takes replies, and in a closed loop sends as many again. */
  #poll(waitMs: number, sendAgain: boolean): void {
    const ready = this.#epoll.waitNs(Math.floor(waitMs * 1e6));
    for (let event = 0; event < ready; event++) {
      const client = this.#epoll.data(event);
      this.#owed[client] += this.#receiver.receive(client, this.#sockets[client].fd);
      if (sendAgain && this.#isClosedLoop) this.#pay(client);
    }
  }

  get #isClosedLoop(): boolean {
    return this.#stepMs === 0 && !this.#plan.oneWay;
  }

  /** Sends what a client owes, as far as the kernel takes it; the next sweep tries the rest. */
  #pay(client: number): void {
    while (this.#owed[client] > 0) {
      const sent = this.#sender.send(client, this.#owed[client], performance.now(), 0);
      if (sent === 0) return;
      this.#owed[client] -= sent;
    }
  }

  /** Writes off what has waited too long, and in a closed loop sends what is owed. */
  #sweep(nowMs: number): void {
    this.#writeOff(nowMs);
    if (!this.#isClosedLoop) return;
    for (let client = 0; client < this.#owed.length; client++) {
      if (this.#owed[client] > 0) this.#pay(client);
    }
  }

  #writeOff(nowMs: number): void {
    const before = nowMs - this.#plan.lossTimeoutMs;
    for (let slot = this.#inFlight.oldest(); slot >= 0; slot = this.#inFlight.oldest()) {
      if (this.#inFlight.dueMs(slot) > before) break;
      this.#owed[this.#inFlight.client(slot)]++;
      this.#inFlight.release(slot);
      this.#memory.counters[LOST]++;
    }
  }

  /** Open loop: sends what is due, spread over the clients. Answers when the next is. */
  #sendDue(nowMs: number, startMs: number): number {
    if (this.#isClosedLoop) return Number.POSITIVE_INFINITY;
    if (this.#stepMs === 0) return this.#sendFlood(nowMs);
    const clients = this.#sockets.length;
    const due = Math.floor((nowMs - startMs) / this.#stepMs) + 1;
    const share = Math.ceil((due - this.#scheduled) / clients);
    while (this.#scheduled < due) {
      const count = Math.min(share, due - this.#scheduled);
      const sent = this.#sender.send(
        this.#turn,
        count,
        startMs + this.#scheduled * this.#stepMs,
        this.#stepMs,
      );
      this.#turn = (this.#turn + 1) % clients;
      if (sent === 0) return nowMs + 1; // the kernel takes no more: a moment later again, late by the schedule
      this.#scheduled += sent;
    }
    return startMs + this.#scheduled * this.#stepMs;
  }

  /** One way without a rate: a batch of each client at a time. */
  #sendFlood(nowMs: number): number {
    let sent = 0;
    for (let client = 0; client < this.#sockets.length; client++) {
      sent += this.#sender.send(client, this.#sender.limit, nowMs, 0);
    }
    return sent > 0 ? nowMs : nowMs + 1;
  }

  #startMeasuring(nowMs: number): void {
    const { counters, histogram, tags } = this.#memory;
    histogram.fill(0);
    tags.fill(0);
    this.#baseline = { ms: nowMs, sent: counters[SENT], answered: counters[ANSWERED], cpuMs: threadCpuMs() };
  }

  #stopMeasuring(nowMs: number): void {
    const { counters } = this.#memory;
    setMeasure(this.#memory, "measuredMs", nowMs - this.#baseline.ms);
    setMeasure(this.#memory, "measuredSent", counters[SENT] - this.#baseline.sent);
    setMeasure(this.#memory, "measuredAnswered", counters[ANSWERED] - this.#baseline.answered);
    setMeasure(this.#memory, "cpuMs", threadCpuMs() - this.#baseline.cpuMs);
    setMeasure(this.#memory, "clientsOnSeveralServers", this.#receiver.clientsOnSeveralServers());
  }

  /** Every datagram ends as answered or lost. Those that were due late in an open loop get their full time too. */
  #drain(): void {
    while (this.#inFlight.count > 0) {
      this.#poll(SWEEP_MS, false);
      this.#writeOff(performance.now());
    }
  }
}

/** Slots for what may wait at once: the loop's own number, or what is due until the first are lost, and a margin. */
function capacityOf(plan: CompletePlan): number {
  if (plan.oneWay) return 1;
  if (plan.ratePerSecond === 0) return plan.inFlight;
  return Math.min(4_000_000, Math.ceil((plan.ratePerSecond * 1.25 * plan.lossTimeoutMs) / 1000) + 1024);
}

function shareOf(plan: CompletePlan, client: number): number {
  return Math.floor(plan.inFlight / plan.clients) + (client < plan.inFlight % plan.clients ? 1 : 0);
}
