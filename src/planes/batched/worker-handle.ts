/**
 * The main thread's side of one worker: starts it, restarts it when it dies, passes snapshots on, and reads what it shares.
 */
import { MessageChannel, type MessagePort, Worker } from "node:worker_threads";
import {
  BACKEND,
  backendAt,
  type Counters,
  createCounters,
  FLOW_ENDS,
  LISTENER,
  listenerAt,
} from "../../core/counters.js";
import { NotSupportedError } from "../../core/errors.js";
import type { FlowRef } from "../../core/flow-id.js";
import { FlowRingReader } from "../../core/flow-ring.js";
import { REFUSAL_KINDS, type RefusalKind } from "../../core/refusal-kind.js";
import { MAX_BACKENDS, MAX_LISTENERS } from "../../core/snapshot.js";
import { TAP_RING_BYTES, type TapCopy, TapRingReader } from "../../core/tap-ring.js";
import type { TapFilter } from "../../core/taps.js";
import { type EventFd, openEventFd } from "../../linux/event-fd.js";
import type { Libc } from "../../linux/libc.js";
import type { WorkerFigures } from "../plane.js";
import type {
  ApplyMessage,
  Capabilities,
  FromWorker,
  ToWorker,
  WorkerListener,
  WorkerSetup,
} from "./messages.js";
import { Orphans } from "./orphans.js";
import { createSharedMemory, type SharedMemory, STATUS } from "./shared.js";
import { threadCpuMs } from "./thread-cpu.js";

/** One in so many of a worker's descriptors may be held for one that died. */
const ORPHANS_PART = 4;

export interface WorkerHandleOptions {
  readonly index: number;
  readonly libc: Libc;
  readonly capacity: number;
  readonly capabilities: Capabilities;
  readonly random: () => number;
  readonly warn: (code: string, message: string) => void;
  readonly refused: (backendSlot: number, kind: RefusalKind) => void;
  /** It died, and starts again after a pause. */
  readonly down: (pauseMs: number) => void;
  /** It is about to start again: its sockets as they are now. */
  readonly listeners: () => readonly WorkerListener[];
  /** It runs again. */
  readonly up: () => void;
}

/** Pauses before restart number 1, 2, 3 … of a worker that keeps dying. */
const RESTART_PAUSES_MS = [0, 250, 500, 1000, 2000, 5000, 10_000];
/** A worker that lived this long has its earlier crashes forgiven. */
const FORGIVEN_AFTER_MS = 60_000;

export class WorkerHandle {
  readonly memory: SharedMemory;
  readonly counters: Counters;
  readonly ended: FlowRingReader;
  readonly #options: WorkerHandleOptions;
  readonly #eventFd: EventFd;
  readonly #orphans: Orphans;
  readonly #status: Float64Array;
  #worker: Worker | undefined;
  #port: MessagePort | undefined;
  #message: ApplyMessage | undefined;
  #applied: { version: number; resolve: () => void; reject: (error: Error) => void } | undefined;
  /** Whether it has ever run: one that cannot start at all is not restarted. */
  #hasRun = false;
  #restart: NodeJS.Timeout | undefined;
  #startedAtMs = 0;
  #isDown = false;
  #crashes = 0;
  #restarts = 0;
  #closing = false;
  /** Who waits for an answer. */
  readonly #asked = new Map<number, (yes: boolean) => void>();
  #nextAsk = 0;
  readonly #taps = new Map<number, TapFilter | undefined>();
  #tapMemory: SharedArrayBuffer | undefined;

  constructor(options: WorkerHandleOptions) {
    this.#options = options;
    this.memory = createSharedMemory(options.capacity);
    this.counters = createCounters(this.memory.counters);
    this.ended = new FlowRingReader(this.memory.ended);
    this.#status = new Float64Array(this.memory.status);
    this.#eventFd = openEventFd(options.libc);
    this.#orphans = new Orphans(options.libc, Math.floor(options.capacity / ORPHANS_PART));
  }

  /** How often it was started again after a crash. */
  get restarts(): number {
    return this.#restarts;
  }

  status(word: keyof typeof STATUS): number {
    return this.#status[STATUS[word]];
  }

  /**
   * Resolves when the worker runs on it; at once when it is down after a crash, for then it starts on it. Rejects with
   * NotSupportedError when the worker cannot start at all.
   */
  apply(message: ApplyMessage): Promise<void> {
    this.#message = message;
    if (this.#restart !== undefined) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#applied = { version: message.snapshot.version, resolve, reject };
      if (this.#worker === undefined) this.#start();
      else this.#send(message);
    });
  }

  /** A worker that starts anew begins with the new zones. */
  networkChanged(gone: Uint32Array, zones: ReadonlyMap<string, number>): void {
    if (this.#message === undefined) return;
    this.#message = { ...this.#message, zones };
    this.#send({ type: "network", gone, zones });
  }

  /** Resolves to false too when the worker is down or dies: then the flow is over. */
  endFlow({ flow, createdMs, serial }: FlowRef): Promise<boolean> {
    return this.#ask((ask) => ({ type: "end", ask, flow: { flow, createdMs, serial } }));
  }

  /** A worker that dies has the same taps when it is there again. */
  async setTap(tap: number, filter: TapFilter | undefined): Promise<void> {
    this.#tapMemory ??= new SharedArrayBuffer(TAP_RING_BYTES);
    const memory = this.#tapMemory;
    this.#taps.set(tap, filter);
    await this.#ask((ask) => ({ type: "tap", ask, tap, filter, memory }));
  }

  takeTapped(): { copies: TapCopy[]; lost: number[] } {
    if (this.#tapMemory === undefined) return { copies: [], lost: [] };
    const reader = new TapRingReader(this.#tapMemory);
    return { copies: reader.take(), lost: reader.lost() };
  }

  figures(): WorkerFigures {
    return {
      state: this.#restart === undefined ? "running" : "restarting",
      restarts: this.#restarts,
      cpuMs: threadCpuMs(this.status("threadId")),
    };
  }

  /** Whether it has not died, or runs again since. */
  get isUp(): boolean {
    return !this.#isDown;
  }

  /** Has it serve sockets of others beside its own, and no further ones any more. Lost when it dies. */
  standIn(listeners: readonly WorkerListener[]): void {
    this.#send({ type: "stand-in", listeners });
  }

  /** For fault tests: makes the worker die as by a defect. */
  crash(): void {
    this.#send({ type: "crash" });
  }

  /** See plane.ts. A worker that dies now is not started again: its ports rest here. */
  async retire(): Promise<void> {
    const retired = this.#ask((ask) => ({ type: "retire", ask }));
    this.#closing = true;
    clearTimeout(this.#restart);
    await retired;
  }

  /** After `retire`. */
  async rested(): Promise<void> {
    const worker = this.#worker;
    if (worker !== undefined) await new Promise<void>((resolve) => worker.once("exit", () => resolve()));
    await this.#orphans.over();
  }

  makeRoom(): void {
    this.#send({ type: "make-room" });
  }

  async close(): Promise<void> {
    this.#closing = true;
    clearTimeout(this.#restart);
    const worker = this.#worker;
    if (worker !== undefined) {
      const ended = new Promise<void>((resolve) => worker.once("exit", () => resolve()));
      this.#send({ type: "close" });
      await ended;
    }
    this.#orphans.closeAll();
    this.#eventFd.close();
  }

  #start(): void {
    const { port1, port2 } = new MessageChannel();
    const setup: WorkerSetup = {
      port: port2,
      eventFd: this.#eventFd.fd,
      index: this.#options.index,
      memory: this.memory,
      capacity: this.#options.capacity,
      capabilities: this.#options.capabilities,
      seed: Math.floor(this.#options.random() * 2 ** 32),
      first: this.#message as ApplyMessage,
    };
    const worker = new Worker(new URL("./worker.js", import.meta.url), {
      workerData: setup,
      transferList: [port2],
      name: `sluice-worker-${this.#options.index}`,
    });
    this.#worker = worker;
    this.#port = port1;
    this.#startedAtMs = performance.now();
    port1.on("message", (message: FromWorker) => this.#receive(message));
    port1.unref();
    let reason = "it ended";
    worker.on("error", (error: Error) => {
      reason = error.message;
    });
    worker.on("exit", () => this.#exited(worker, reason));
    for (const [tap, filter] of this.#taps) void this.setTap(tap, filter);
  }

  #send(message: ToWorker): void {
    this.#port?.postMessage(message);
    this.#eventFd.signal();
  }

  #receive(message: FromWorker): void {
    if (message.type === "warning") this.#warned(message);
    else if (message.type === "refused") {
      this.#options.refused(message.backendSlot, REFUSAL_KINDS[message.kind]);
    } else if (message.type === "answer") this.#answer(message.ask, message.yes);
    else {
      if (this.#isDown) {
        this.#isDown = false;
        this.#options.up();
      }
      this.#settle(message.version);
    }
  }

  #warned({ code, message }: { readonly code: string; readonly message: string }): void {
    if (code === "no_descriptor") this.#orphans.closeAll();
    this.#options.warn(code, message);
  }

  /** False when the worker is down, or dies before it has answered. */
  #ask(create: (ask: number) => ToWorker): Promise<boolean> {
    if (this.#worker === undefined || this.#closing) return Promise.resolve(false);
    const ask = this.#nextAsk++;
    return new Promise((resolve) => {
      this.#asked.set(ask, resolve);
      this.#send(create(ask));
    });
  }

  #answer(ask: number, yes: boolean): void {
    this.#asked.get(ask)?.(yes);
    this.#asked.delete(ask);
  }

  #settle(version: number): void {
    this.#hasRun = true;
    if (this.#applied === undefined || this.#applied.version > version) return;
    this.#applied.resolve();
    this.#applied = undefined;
  }

  #exited(worker: Worker, reason: string): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    this.#port?.close();
    this.#port = undefined;
    for (const ask of [...this.#asked.keys()]) this.#answer(ask, false);
    this.#cleanUp();
    if (!this.#hasRun) {
      this.#applied?.reject(
        new NotSupportedError(`worker ${this.#options.index} could not start: ${reason}`),
      );
      return;
    }
    this.#settle(Number.POSITIVE_INFINITY);
    if (this.#closing) return;
    if (performance.now() - this.#startedAtMs > FORGIVEN_AFTER_MS) this.#crashes = 0;
    const pauseMs = RESTART_PAUSES_MS[Math.min(this.#crashes, RESTART_PAUSES_MS.length - 1)];
    this.#crashes++;
    this.#restarts++;
    const { index, warn } = this.#options;
    warn("worker_crashed", `worker ${index} died (${reason}): it starts again in ${pauseMs} ms`);
    this.#isDown = true;
    this.#options.down(pauseMs);
    this.#restart = setTimeout(() => {
      this.#restart = undefined;
      this.#refreshListeners();
      this.#start();
    }, pauseMs);
  }

  #refreshListeners(): void {
    const message = this.#message as ApplyMessage;
    const slots = new Set(message.listeners.map(({ slot }) => slot));
    const listeners = this.#options.listeners().filter(({ slot }) => slots.has(slot));
    this.#message = { ...message, listeners };
  }

  /** Sees to what a dead worker left open, and takes its flows out of the figures. After a proper end there is nothing. */
  #cleanUp(): void {
    const descriptors = new Int32Array(this.memory.descriptors);
    this.#orphans.adopt(descriptors);
    descriptors.fill(0);
    const { libc } = this.#options;
    if (this.status("epollFd") > 0) libc.close(this.status("epollFd"));
    if (this.status("arenaBytes") > 0) libc.munmap(this.status("arenaAddress"), this.status("arenaBytes"));
    new Uint32Array(this.memory.records).fill(0);
    this.#status.fill(0);
    for (let slot = 0; slot < MAX_LISTENERS; slot++) {
      const at = listenerAt(slot);
      this.counters[at + LISTENER.ended + FLOW_ENDS.indexOf("worker_lost")] +=
        this.counters[at + LISTENER.activeFlows];
      this.counters[at + LISTENER.activeFlows] = 0;
    }
    for (let slot = 0; slot < MAX_BACKENDS; slot++) {
      this.counters[backendAt(slot) + BACKEND.activeFlows] = 0;
      this.counters[backendAt(slot) + BACKEND.outstanding] = 0;
    }
  }
}
