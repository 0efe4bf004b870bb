/** The batched plane's main-thread half: listener sockets, workers, snapshots to them, figures from them. */
import { cpus } from "node:os";
import { formatEndpoint } from "../../core/address.js";
import type { Counters } from "../../core/counters.js";
import { type EndedFlow, takeEndedFlows } from "../../core/ended-flow.js";
import type { FlowId } from "../../core/flow-id.js";
import { SPARE_RECORDS } from "../../core/flows.js";
import {
  countPlaces,
  type FlowPlace,
  type FlowQuery,
  type FlowRecords,
  type ListedFlow,
  listRecords,
} from "../../core/list-flows.js";
import type { Snapshot } from "../../core/snapshot.js";
import type { TapFilter } from "../../core/taps.js";
import { probeFeatures } from "../../linux/features.js";
import { type Libc, loadLibc } from "../../linux/libc.js";
import { raiseDescriptorLimit } from "../../linux/limits.js";
import { AddressWatch, type LocalAddress } from "../address-watch.js";
import type {
  BoundListener,
  ListenerDescriptors,
  Plane,
  PlaneContext,
  PlaneFaults,
  WorkerFigures,
} from "../plane.js";
import { unlessAborted } from "../unless-aborted.js";
import { GuardMemories } from "./guard-memory.js";
import { ListenerGroup } from "./listener-group.js";
import type { ApplyMessage, Capabilities, WorkerListener } from "./messages.js";
import { monotonicOffsetMs } from "./shared.js";
import { StandIns } from "./stand-ins.js";
import { WorkerHandle } from "./worker-handle.js";

/** Descriptors that are not upstream sockets: listeners, logs, the runtime itself. */
const RESERVED_DESCRIPTORS = 512;
const MOST_FLOWS_PER_WORKER = 1_000_000;

export class BatchedPlane implements Plane {
  readonly name = "batched";
  readonly counters: readonly Counters[];
  readonly #libc: Libc;
  readonly #context: PlaneContext;
  readonly #capabilities: Capabilities;
  readonly #workers: readonly WorkerHandle[];
  readonly #listeners = new Map<number, ListenerGroup>();
  readonly #standIns = new StandIns();
  readonly #guards: GuardMemories;
  readonly #clockOffsetMs = monotonicOffsetMs();
  readonly #capacity: number;
  readonly #watch: AddressWatch;
  #receiving: boolean;
  /** With the guards' shared memory. */
  #snapshot: Snapshot | undefined;

  /** @throws NotSupportedError with the reason, where this plane cannot run */
  constructor(context: PlaneContext) {
    this.#context = context;
    this.#receiving = context.receiving;
    this.#guards = new GuardMemories(context.random);
    this.#libc = loadLibc();
    const features = probeFeatures(this.#libc);
    this.#capabilities = { gro: features.gro.available, maxSegments: features.maxSegments };
    // A socket of a shared address that nobody reads would swallow its part of the clients.
    const wanted = context.workers > 0 ? context.workers : defaultWorkers();
    const workers = Math.max(wanted, context.inherited.largestGroup);
    const descriptors = raiseDescriptorLimit(this.#libc) - RESERVED_DESCRIPTORS;
    this.#capacity = Math.max(64, Math.min(MOST_FLOWS_PER_WORKER, Math.floor(descriptors / workers)));
    this.#workers = Array.from({ length: workers }, (_, index) => this.#createWorker(index));
    this.counters = this.#workers.map((worker) => worker.counters);
    this.#watch = new AddressWatch({ onChange: (gone) => this.#networkChanged(gone) });
  }

  get maxFlows(): number {
    return this.#capacity * this.#workers.length;
  }

  async apply(snapshot: Snapshot): Promise<readonly BoundListener[]> {
    const opened = this.#openNew(snapshot);
    for (const [slot, group] of opened) this.#listeners.set(slot, group);
    for (const entry of snapshot.listeners) {
      const group = this.#listeners.get(entry.slot);
      const pool = snapshot.pools.find(({ slot }) => slot === entry.poolSlot);
      if (group?.update(entry) === "needs_restart") {
        const message = `listener ${entry.name}: ipv6Only changes only when sluice is started anew`;
        this.#context.warn("restart_needed", message);
      }
      if (pool) group?.steer(pool.affinity);
    }
    this.#snapshot = this.#guards.share(snapshot);
    await this.#tellWorkers(this.#snapshot);
    for (const worker of this.#workers.keys())
      if (this.#standIns.servedBy(worker).length > 0) this.#tellStandIn(worker);
    for (const group of opened.values()) this.#closeInherited(group);
    this.#closeGone(snapshot);
    return snapshot.listeners.map(({ slot }) => ({ slot, port: this.#listeners.get(slot)?.port ?? 0 }));
  }

  flows(query: FlowQuery): ListedFlow[] {
    const nowMs = this.#nowMs();
    let flows: ListedFlow[] = [];
    for (const records of this.#records()) {
      const limit = query.limit - flows.length;
      flows = flows.concat(listRecords(records, nowMs, { ...query, limit }));
    }
    return flows;
  }

  flowPlaces(): FlowPlace[] {
    return countPlaces(this.#records());
  }

  endedFlows(): EndedFlow[] {
    return this.#workers.flatMap(({ ended }) => takeEndedFlows(ended));
  }

  get lostEndedFlows(): number {
    return this.#workers.reduce((sum, { ended }) => sum + ended.lost, 0);
  }

  async endFlow(id: FlowId): Promise<boolean> {
    return (await this.#workers[id.worker]?.endFlow(id)) ?? false;
  }

  async setTap(tap: number, filter: TapFilter | undefined): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.setTap(tap, filter)));
  }

  takeTapped(): ReturnType<Plane["takeTapped"]> {
    return this.#workers.map((worker) => worker.takeTapped());
  }

  workers(): readonly WorkerFigures[] {
    return this.#workers.map((worker) => worker.figures());
  }

  quietMs(): number {
    const lastMs = Math.max(...this.#workers.map((worker) => worker.status("lastActivityMs")));
    return lastMs === 0 ? Number.POSITIVE_INFINITY : this.#nowMs() - lastMs;
  }

  descriptors(): ListenerDescriptors[] {
    return [...this.#listeners].map(([slot, { address, fds }]) => ({ slot, address, fds }));
  }

  /** Workers learn it as they learn a snapshot, so that one that dies meanwhile starts on it. */
  async receive(on: boolean, bindings?: Uint32Array): Promise<void> {
    this.#receiving = on;
    if (this.#snapshot) await this.#tellWorkers(this.#snapshot, bindings);
  }

  async retire(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.retire()));
    this.#closeListeners();
  }

  async rested(signal: AbortSignal): Promise<void> {
    await unlessAborted(Promise.all(this.#workers.map((worker) => worker.rested())), signal);
  }

  makeRoom(): void {
    for (const worker of this.#workers) worker.makeRoom();
  }

  async close(): Promise<void> {
    this.#watch.close();
    await Promise.all(this.#workers.map((worker) => worker.close()));
    this.#closeListeners();
  }

  get faults(): PlaneFaults {
    return {
      workers: this.#workers.length,
      crashWorker: (index) => this.#workers[index].crash(),
      isUp: (index) => this.#workers[index].isUp,
    };
  }

  #closeListeners(): void {
    for (const group of this.#listeners.values()) group.close();
    this.#listeners.clear();
  }

  async #tellWorkers(snapshot: Snapshot, bindings?: Uint32Array): Promise<void> {
    const messages = this.#workers.map((_, index) => ({ ...this.#messageFor(snapshot, index), bindings }));
    await Promise.all(this.#workers.map((worker, index) => worker.apply(messages[index])));
  }

  #records(): FlowRecords[] {
    return this.#workers.map((handle, worker) => ({
      worker,
      memory: handle.memory.records,
      capacity: this.#capacity + SPARE_RECORDS,
      used: handle.status("highWater"),
    }));
  }

  #createWorker(index: number): WorkerHandle {
    return new WorkerHandle({
      index,
      libc: this.#libc,
      capacity: this.#capacity + SPARE_RECORDS,
      capabilities: this.#capabilities,
      random: this.#context.random,
      warn: this.#context.warn,
      refused: this.#context.refused,
      down: (pauseMs) => this.#workerDown(index, pauseMs),
      listeners: () => this.#socketsAgain(index),
      up: () => this.#tellStandIn(this.#standIns.up(index)),
    });
  }

  /** Its clients need not wait out its pause: another worker reads its sockets meanwhile. */
  #workerDown(index: number, pauseMs: number): void {
    for (const group of this.#listeners.values()) group.noteDrops(index);
    const living = [...this.#workers.keys()].filter((other) => this.#workers[other].isUp);
    this.#tellStandIn(this.#standIns.down(index, pauseMs, living, this.#nowMs()));
  }

  /** What a stand-in has counted the worker must not count again. */
  #socketsAgain(index: number): WorkerListener[] {
    if (this.#standIns.standInFor(index) >= 0)
      for (const group of this.#listeners.values()) group.noteDrops(index);
    return [...this.#listeners.values()].flatMap((group) => group.forWorker(index) ?? []);
  }

  /** @param worker -1 for nobody */
  #tellStandIn(worker: number): void {
    if (worker < 0) return;
    const served = this.#standIns.servedBy(worker);
    // Replies leave by the stand-in's own socket: it must have one.
    const groups = [...this.#listeners.values()].filter((group) => group.forWorker(worker) !== undefined);
    this.#workers[worker].standIn(
      served.flatMap((down) => groups.flatMap((group) => group.forWorker(down) ?? [])),
    );
  }

  #openNew(snapshot: Snapshot): Map<number, ListenerGroup> {
    const opened = new Map<number, ListenerGroup>();
    try {
      for (const entry of snapshot.listeners) {
        if (this.#listeners.has(entry.slot)) continue;
        const group = ListenerGroup.open({
          libc: this.#libc,
          entry,
          zone: this.#zone(entry.address.ip.zone),
          workers: this.#workers.length,
          can: this.#capabilities,
          inherited: this.#context.inherited.find(entry.address),
        });
        opened.set(entry.slot, group);
      }
      return opened;
    } catch (error) {
      for (const group of opened.values()) group.close();
      throw error;
    }
  }

  /** The group has copies, so that another plane could still have started on these when this one could not. */
  #closeInherited(group: ListenerGroup): void {
    for (const fd of this.#context.inherited.take(group.address)) this.#libc.close(fd);
  }

  #closeGone(snapshot: Snapshot): void {
    const wanted = new Set(snapshot.listeners.map(({ slot }) => slot));
    for (const [slot, group] of this.#listeners) {
      if (wanted.has(slot)) continue;
      this.#listeners.delete(slot);
      group.close();
    }
  }

  #messageFor(snapshot: Snapshot, index: number): ApplyMessage {
    const share = Math.max(1, Math.floor(snapshot.limits.maxFlows / this.#workers.length));
    const limits = { ...snapshot.limits, maxFlows: Math.min(this.#capacity, share) };
    const zones = this.#zonesOf(snapshot);
    const listeners = snapshot.listeners.flatMap(
      ({ slot }) => this.#listeners.get(slot)?.forWorker(index) ?? [],
    );
    return { type: "apply", snapshot: { ...snapshot, limits }, listeners, zones, receiving: this.#receiving };
  }

  #zonesOf(snapshot: Snapshot): Map<string, number> {
    const zones = new Map<string, number>();
    for (const { address, name } of snapshot.pools.flatMap((pool) => pool.backends)) {
      const { zone } = address.ip;
      if (zone === "" || zones.has(zone)) continue;
      zones.set(zone, this.#zone(zone));
      if (zones.get(zone) === 0) {
        this.#context.warn("no_zone", `backend ${name} (${formatEndpoint(address)}): no interface ${zone}`);
      }
    }
    return zones;
  }

  #networkChanged(gone: readonly LocalAddress[]): void {
    if (this.#snapshot === undefined) return;
    const zones = this.#zonesOf(this.#snapshot);
    const words = Uint32Array.from(gone.flatMap((address) => [...address.words, address.scope]));
    for (const worker of this.#workers) worker.networkChanged(words, zones);
  }

  /** The interface index of a zone, which is an index or a name; 0 when there is none. */
  #zone(zone: string): number {
    if (zone === "") return 0;
    return /^\d+$/.test(zone) ? Number(zone) : this.#libc.interfaceIndex(zone);
  }

  #nowMs(): number {
    return this.#clockOffsetMs + performance.now();
  }
}

/** Half the processors, at most 8: the kernel's share of the work runs on the others. */
function defaultWorkers(): number {
  return Math.max(1, Math.min(8, Math.floor(cpus().length / 2)));
}
