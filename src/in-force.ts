/**
 * What is in force: the config, its snapshot on the plane, and the addresses that its listeners got. Whoever changes it takes
 * turns (`turns.ts`).
 */
import type { EventEmitter } from "node:events";
import type { Actor, ConfigInForce, ReloadResult } from "./api.js";
import type { Config } from "./config/config.js";
import { diffConfigs } from "./config/diff.js";
import { formatEndpoint } from "./core/address.js";
import type { Cancel, Clock } from "./core/clock.js";
import type { Snapshot } from "./core/snapshot.js";
import type { DiscoveryLink } from "./discovery-link.js";
import type { FlowLog } from "./flow-log.js";
import type { HealthControl } from "./health-control.js";
import type { Plane } from "./planes/plane.js";
import { SlotKeeper } from "./slot-keeper.js";

export interface InForceParts {
  readonly plane: Plane;
  readonly health: HealthControl;
  readonly flowLog: FlowLog;
  readonly events: EventEmitter;
  readonly clock: Clock;
}

/** A config with what discovery found, and its snapshot. */
export interface FirstConfig {
  readonly written: Config;
  readonly config: Config;
  readonly snapshot: Snapshot;
  /** Those that the snapshot was compiled with. */
  readonly slots: SlotKeeper;
}

const HOUSEKEEPING_MS = 1000;

/** The first config of a balancer on this plane. @throws SluiceError with code `TOO_MANY` */
export async function compileFirst(
  written: Config,
  plane: Plane,
  discovery: DiscoveryLink,
): Promise<FirstConfig> {
  const slots = new SlotKeeper();
  const resolved = await discovery.prepare(written);
  discovery.keep(written, resolved);
  const { config } = resolved;
  return { written, config, slots, snapshot: slots.compile(config, 1, maxFlowsOf(config, plane)) };
}

export class InForce {
  /** Listener slot → address really bound. */
  readonly addresses = new Map<number, string>();
  readonly #parts: InForceParts;
  readonly #slots: SlotKeeper;
  #written: Config;
  #source: ConfigInForce["source"];
  #config: Config;
  #version = 1;
  #snapshot: Snapshot;
  #endHousekeeping: Cancel | undefined;

  /** @param first is in force after `start` */
  constructor({ written, config, snapshot, slots }: FirstConfig, parts: InForceParts) {
    this.#parts = parts;
    this.#slots = slots;
    this.#written = written;
    this.#source = sourceOf(written, undefined);
    this.#config = config;
    this.#snapshot = snapshot;
  }

  /** As it was given; `config` has what discovery found as well. */
  get written(): Config {
    return this.#written;
  }

  get source(): ConfigInForce["source"] {
    return this.#source;
  }

  get config(): Config {
    return this.#config;
  }

  get version(): number {
    return this.#version;
  }

  get snapshot(): Snapshot {
    return this.#snapshot;
  }

  get listeners(): readonly { readonly name: string; readonly address: string }[] {
    return this.#snapshot.listeners.map(({ name, slot }) => ({
      name,
      address: this.addresses.get(slot) ?? "",
    }));
  }

  async start(): Promise<void> {
    const { flowLog, health } = this.#parts;
    await this.#apply(this.#snapshot);
    flowLog.update(this.#config.flowLog);
    health.update(this.#config, this.#snapshot);
  }

  /** Compiles and applies a config, and makes it the one in force. */
  async put(config: Config): Promise<ReloadResult> {
    const { health, events } = this.#parts;
    const snapshot = this.#compile(config);
    await this.#apply(health.decorate(snapshot));
    health.update(config, snapshot);
    const result = { version: ++this.#version, ...diffConfigs(this.#config, config) };
    this.#config = config;
    events.emit("listening", this.listeners);
    return result;
  }

  /** The config that was put came of this one, which somebody gave. */
  accept(written: Config, actor: Actor | undefined): void {
    const { flowLog, health } = this.#parts;
    flowLog.update(written.flowLog);
    health.reconsider();
    this.#written = written;
    this.#source = sourceOf(written, actor);
  }

  /** Applies the same config with backends in other states. */
  async refresh(): Promise<void> {
    await this.#apply(this.#parts.health.decorate(this.#compile(this.#config)));
  }

  /** The snapshot of a config that is not put in force. */
  preview(config: Config): Snapshot {
    return this.#slots.preview(config, this.#snapshot.version + 1, maxFlowsOf(config, this.#parts.plane));
  }

  /** From now on slots whose owners have left the config are given out again. */
  startHousekeeping(): void {
    this.#endHousekeeping = this.#parts.clock.every(HOUSEKEEPING_MS, () => this.#releaseSlots());
  }

  stopHousekeeping(): void {
    this.#endHousekeeping?.();
  }

  #compile(config: Config): Snapshot {
    return this.#slots.compile(config, this.#snapshot.version + 1, maxFlowsOf(config, this.#parts.plane));
  }

  /** On failure the plane has kept the old snapshot, and so do we. */
  async #apply(snapshot: Snapshot): Promise<void> {
    const { plane, flowLog, clock } = this.#parts;
    try {
      const bound = await plane.apply(snapshot);
      this.#snapshot = snapshot;
      flowLog.rename(snapshot);
      for (const { slot, port } of bound) {
        const entry = snapshot.listeners.find((listener) => listener.slot === slot);
        if (entry) this.addresses.set(slot, formatEndpoint({ ip: entry.address.ip, port }));
      }
    } finally {
      this.#slots.retire(this.#snapshot, clock.now());
    }
  }

  #releaseSlots(): void {
    const { plane, clock } = this.#parts;
    const released = this.#slots.release(plane.counters, clock.now());
    for (const slot of released) this.addresses.delete(slot);
  }
}

/** @param actor who put it in force; undefined at the start */
function sourceOf({ file }: Config, actor: Actor | undefined): ConfigInForce["source"] {
  if (file !== undefined) return "file";
  return actor === undefined || actor.by === "program" ? "program" : "api";
}

function maxFlowsOf(config: Config, plane: Plane): number {
  return config.limits.maxFlows > 0 ? config.limits.maxFlows : plane.maxFlows;
}
