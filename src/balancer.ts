/**
 * The composition root: a config, compiled to snapshots, on one plane. It starts, reloads and stops; it moves no
 * datagram itself.
 */
import { EventEmitter } from "node:events";
import { createTellOperator, type TellOperator } from "./actors.js";
import { AdminLink } from "./admin-link.js";
import type {
  Actor,
  BackendControl,
  Balancer,
  BalancerEvents,
  CloseOptions,
  ConfigInForce,
  ConfigPlan,
  Explanation,
  FlowFilter,
  FlowInfo,
  ReloadResult,
  Stats,
  Tap,
  TapOptions,
} from "./api.js";
import { createBackendControl, type Operate } from "./backend-control.js";
import { type Config, type ConfigInput, isConfig } from "./config/config.js";
import { describeConfig, restoreSecrets } from "./config/describe-config.js";
import { diffConfigs } from "./config/diff.js";
import { parseConfig } from "./config/parse-config.js";
import type { ShortForm } from "./config/short-form.js";
import { formatEndpoint } from "./core/address.js";
import { BACKEND, backendAt } from "./core/counters.js";
import { NotSupportedError, SluiceError } from "./core/errors.js";
import { parseFlowId } from "./core/flow-id.js";
import type { Snapshot } from "./core/snapshot.js";
import { DiscoveryLink } from "./discovery-link.js";
import type { ExplainedDatagram } from "./explain.js";
import { FlowLog } from "./flow-log.js";
import { type Handover, nameBindings, nameSockets, packBindings } from "./handover.js";
import { HealthControl } from "./health-control.js";
import { HeldWarnings } from "./held-warnings.js";
import { Observer } from "./observer.js";
import { InheritedSockets } from "./planes/inherited-sockets.js";
import type { Plane, PlaneFaults } from "./planes/plane.js";
import { type SelectedPlane, selectPlane } from "./planes/select.js";
import { RateLimit } from "./rate-limit.js";
import { SlotKeeper } from "./slot-keeper.js";
import { Taps } from "./taps.js";

export interface CreateOptions {
  /** Aborting it closes the balancer at once. */
  readonly signal?: AbortSignal;
  /** Where `admin.token: { env: … }` is looked up, such as `process.env`. Default: nothing is there. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** What `sluice run` may ask for besides: not part of the public API. */
export interface StartOptions extends CreateOptions {
  /** Bound sockets for listeners to use. */
  readonly inherited?: InheritedSockets;
  /** False where requests are received only when `[HANDOVER].receive` says so. Default true. */
  readonly receiving?: boolean;
  /** Reads the config file again and puts it in force; undefined where there is none. */
  readonly reloadFile?: ((actor: Actor) => Promise<ReloadResult>) | undefined;
}

/** Where a balancer keeps what fault tests may break: not part of the public API. */
export const FAULTS = Symbol("sluice.faults");

/** Where a balancer keeps what it takes to go on in another process: not part of the public API. */
export const HANDOVER = Symbol("sluice.handover");

/** A balancer as `startBalancer` gives it. */
export interface StartedBalancer extends Balancer {
  readonly [HANDOVER]: Handover;
  /** Addresses of the admin API, as really bound. */
  readonly adminAddresses: readonly string[];
}

const HOUSEKEEPING_MS = 1000;
/** A flow is active while datagrams pass; after this much quiet a closing balancer need not wait. */
const QUIET_MS = 1000;
const QUIET_POLL_MS = 50;
const WARNINGS_EVERY_MS = 1000;

/**
 * Starts a balancer. It is forwarding when the promise resolves.
 *
 * @param config the full form of a config file, the short form `{ listen, backends, … }`, or a config already loaded
 * @throws ConfigError when the config is not valid: all problems, each with its place
 * @throws ListenError when a listener cannot be opened; nothing is left open then
 * @example
 * const balancer = await createBalancer({ listen: "127.0.0.1:2525", backends: ["127.0.0.1:2526", "127.0.0.1:2527"] });
 */
export async function createBalancer(
  config: ConfigInput | ShortForm | Config,
  options: CreateOptions = {},
): Promise<Balancer> {
  const { signal, env } = options;
  return startBalancer(config, { ...(signal && { signal }), ...(env && { env }) });
}

/** `createBalancer` with what only `sluice run` may ask for. */
export async function startBalancer(
  config: ConfigInput | ShortForm | Config,
  options: StartOptions,
): Promise<StartedBalancer> {
  const { signal } = options;
  signal?.throwIfAborted();
  const parsed = parseConfig(config);
  const balancer = await RunningBalancer.start(parsed, options);
  if (signal?.aborted) {
    await balancer.close({ graceMs: 0 });
    signal.throwIfAborted();
  }
  signal?.addEventListener("abort", () => void balancer.close({ graceMs: 0 }), { once: true });
  return balancer;
}

/** How the plane, which is there first, reaches the balancer. */
interface Signals {
  refused: (backendSlot: number) => void;
}

interface StartParts {
  readonly written: Config;
  readonly options: StartOptions;
  readonly events: EventEmitter;
  readonly warnings: HeldWarnings;
  readonly signals: Signals;
  /** At most one warning a second for each code. */
  readonly warn: (code: string, message: string) => void;
}

class RunningBalancer implements StartedBalancer {
  readonly #events: EventEmitter;
  readonly #warnings: HeldWarnings;
  readonly #plane: Plane;
  readonly #notes: readonly string[];
  readonly #slots: SlotKeeper;
  readonly #addresses = new Map<number, string>();
  readonly #discovery: DiscoveryLink;
  readonly #health: HealthControl;
  readonly #admin: AdminLink;
  readonly backends: BackendControl;
  readonly #observer: Observer;
  readonly #tell: TellOperator;
  readonly #flowLog: FlowLog;
  readonly #taps: Taps;
  #housekeeping: NodeJS.Timeout | undefined;
  /** As it was given; `#config` has what discovery found as well. */
  #written: Config;
  #source: ConfigInForce["source"];
  #config: Config;
  #configVersion = 1;
  #snapshot: Snapshot;
  #reloading: Promise<unknown> = Promise.resolve();
  #closing: Promise<void> | undefined;
  /** Requests go to another process; replies to earlier ones may still be under way. */
  #handedOver = false;
  /** False while another process receives the requests. */
  #receives: boolean;
  #isOver = false;
  #graceUntilMs = Number.POSITIVE_INFINITY;

  static async start(written: Config, options: StartOptions): Promise<RunningBalancer> {
    const events = new EventEmitter();
    const warnings = new HeldWarnings((warning) => events.emit("warning", warning));
    const limit = new RateLimit(WARNINGS_EVERY_MS);
    const warn = (code: string, message: string) => {
      if (limit.allows(code, performance.now())) warnings.push({ code, message });
    };
    const signals: Signals = { refused: () => {} };
    const refused = (slot: number) => signals.refused(slot);
    const { inherited = new InheritedSockets(), receiving = true } = options;
    const { workers } = written;
    const parts = { written, options, events, warnings, signals, warn };
    const context = { warn, refused, random: Math.random, workers, inherited, receiving };
    const selected = await selectPlane(written.plane, context);
    try {
      return await RunningBalancer.#startOn(selected, parts);
    } catch (error) {
      if (written.plane !== "auto" || !(error instanceof NotSupportedError)) throw error;
      // It looked as if the better plane could run, and it cannot.
      const fallback = await selectPlane("portable", context);
      const notes = [...selected.notes, `${selected.plane.name} plane: ${error.message}`];
      return RunningBalancer.#startOn({ ...fallback, notes }, parts);
    }
  }

  static async #startOn(
    { plane, notes }: SelectedPlane,
    { written, options, events, warnings, signals, warn }: StartParts,
  ): Promise<RunningBalancer> {
    const slots = new SlotKeeper();
    const discovery = new DiscoveryLink(events, warnings);
    let started: RunningBalancer | undefined;
    try {
      const resolved = await discovery.prepare(written);
      discovery.keep(written, resolved);
      const { config } = resolved;
      const snapshot = slots.compile(config, 1, maxFlowsOf(config, plane));
      const balancer = new RunningBalancer({
        ...{ written, options, config, snapshot, slots, discovery },
        ...{ plane, notes, events, warnings, warn },
      });
      started = balancer;
      await balancer.#apply(snapshot);
      balancer.#flowLog.update(config.flowLog);
      balancer.#health.update(config, snapshot);
      signals.refused = (slot) => balancer.#health.refused(slot);
      (await balancer.#admin.prepare(written, { isTaken: !balancer.#receives })).commit();
      events.emit("listening", balancer.listeners);
      balancer.#housekeeping = setInterval(() => balancer.#releaseSlots(), HOUSEKEEPING_MS).unref();
      balancer.#warnOfLimits(config);
      discovery.follow(() => balancer.#rediscover());
      return balancer;
    } catch (error) {
      discovery.close();
      if (started !== undefined) await Promise.all([started.#health.close(), started.#admin.close()]);
      await plane.close();
      if (started !== undefined) await started.#flowLog.close();
      throw error;
    }
  }

  private constructor(parts: {
    written: Config;
    options: StartOptions;
    config: Config;
    snapshot: Snapshot;
    slots: SlotKeeper;
    discovery: DiscoveryLink;
    plane: Plane;
    notes: readonly string[];
    events: EventEmitter;
    warnings: HeldWarnings;
    warn: (code: string, message: string) => void;
  }) {
    this.#written = parts.written;
    this.#source = sourceOf(parts.written, undefined);
    this.#receives = parts.options.receiving ?? true;
    this.#config = parts.config;
    this.#snapshot = parts.snapshot;
    this.#slots = parts.slots;
    this.#discovery = parts.discovery;
    this.#plane = parts.plane;
    this.#notes = parts.notes;
    this.#events = parts.events;
    this.#warnings = parts.warnings;
    this.#health = new HealthControl({
      counters: () => parts.plane.counters,
      onChange: (change) => parts.events.emit("backend", change),
      publish: () => this.#republish(),
    });
    const operate: Operate = (...change) => this.#health.operate(...change);
    this.#flowLog = new FlowLog({
      take: () => parts.plane.endedFlows(),
      lost: () => parts.plane.lostEndedFlows,
      warn: (code, message) => parts.warnings.push({ code, message }),
    });
    this.#tell = createTellOperator(parts.events);
    this.#observer = new Observer({
      ...{ plane: parts.plane, planeNotes: parts.notes, discovery: parts.discovery },
      ...{ health: this.#health, flowLog: this.#flowLog, addresses: this.#addresses },
      now: () => ({
        snapshot: this.#snapshot,
        config: this.#config,
        configVersion: this.#configVersion,
        receives: this.#receives,
        closes: this.#closing !== undefined,
      }),
    });
    this.#taps = new Taps({
      plane: parts.plane,
      snapshot: () => this.#snapshot,
      addresses: this.#addresses,
      tell: this.#tell,
    });
    this.backends = createBackendControl(() => this.#snapshot, operate, this.#tell);
    this.#admin = new AdminLink({
      balancer: this,
      events: watchQuietly(parts.events, parts.warnings),
      env: parts.options.env ?? {},
      warn: parts.warn,
      replaceConfig: (config, version, actor) => this.#reloadInTurn(config as ConfigInput, actor, version),
      reloadFile: parts.options.reloadFile,
    });
  }

  get adminAddresses(): readonly string[] {
    return this.#admin.addresses;
  }

  get listeners(): readonly { readonly name: string; readonly address: string }[] {
    return this.#snapshot.listeners.map(({ name, slot }) => ({
      name,
      address: this.#addresses.get(slot) ?? "",
    }));
  }

  get plane(): string {
    return this.#plane.name;
  }

  get [FAULTS](): PlaneFaults | undefined {
    return this.#plane.faults;
  }

  get [HANDOVER](): Handover {
    return {
      sockets: () => nameSockets(this.#plane.descriptors(), this.#snapshot),
      stopReceiving: () =>
        this.#inTurn(async () => {
          this.#handedOver = true;
          this.#receives = false;
          await this.#plane.receive(false);
          this.#admin.handOver();
          const flows = this.#plane.flows({ limit: Number.POSITIVE_INFINITY });
          return nameBindings(flows, this.#snapshot, this.#addresses);
        }),
      receive: (bindings) =>
        this.#inTurn(async () => {
          if (this.#isOver) return;
          if (this.#handedOver) this.#admin.takeBack();
          this.#handedOver = false;
          this.#receives = true;
          await this.#plane.receive(true, packBindings(bindings, this.#snapshot, this.#addresses));
        }),
    };
  }

  get planeNotes(): readonly string[] {
    return this.#notes;
  }

  get config(): ConfigInForce {
    return { version: this.#configVersion, source: this.#source, document: describeConfig(this.#written) };
  }

  stats(): Stats {
    return this.#observer.stats();
  }

  flows(filter: FlowFilter = {}): FlowInfo[] {
    return this.#observer.flows(filter);
  }

  async endFlow(id: string, actor?: Actor): Promise<boolean> {
    const ended = await this.#plane.endFlow(parseFlowId(id));
    if (ended) this.#tell("end-flow", id, "", actor);
    return ended;
  }

  explain(datagram: ExplainedDatagram): Explanation {
    return this.#observer.explain(datagram);
  }

  async plan(input: ConfigInput | ShortForm | Config): Promise<ConfigPlan> {
    const version = this.#snapshot.version + 1;
    return this.#observer.plan(this.#read(input), (config) =>
      this.#slots.preview(config, version, maxFlowsOf(config, this.#plane)),
    );
  }

  tap(options: TapOptions, signal?: AbortSignal, actor?: Actor): Tap {
    if (this.#closing) throw new SluiceError("CLOSED", "the balancer is closing: no tap");
    return this.#taps.open(options, signal, actor);
  }

  /** One reload at a time, in the order of the calls. */
  reload(config: ConfigInput | ShortForm | Config, actor?: Actor): Promise<ReloadResult> {
    return this.#reloadInTurn(config, actor);
  }

  /** @param version the one that must be in force still when its turn comes; undefined for any */
  #reloadInTurn(
    config: ConfigInput | ShortForm | Config,
    actor: Actor | undefined,
    version?: number,
  ): Promise<ReloadResult> {
    const result = this.#reloading.then(() => {
      if (version === undefined || version === this.#configVersion) return this.#reload(config, actor);
      throw new SluiceError("CONFIG_CHANGED", `version ${this.#configVersion} is in force, not ${version}`);
    });
    this.#reloading = result.catch((error: Error) => {
      this.#events.emit("reloadFailed", error);
    });
    return result;
  }

  on<E extends keyof BalancerEvents>(event: E, listener: (...args: BalancerEvents[E]) => void): this {
    this.#events.on(event, listener);
    if (event === "warning") this.#warnings.release();
    return this;
  }

  off<E extends keyof BalancerEvents>(event: E, listener: (...args: BalancerEvents[E]) => void): this {
    this.#events.off(event, listener);
    return this;
  }

  close(options: CloseOptions = {}): Promise<void> {
    const graceMs = options.graceMs ?? this.#config.shutdown.graceMs;
    this.#discovery.close();
    this.#graceUntilMs = Math.min(this.#graceUntilMs, performance.now() + graceMs);
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** After reloads that were asked for before, and before later ones. */
  #inTurn<T>(run: () => Promise<T>): Promise<T> {
    const result = this.#reloading.then(run);
    this.#reloading = result.catch(() => {});
    return result;
  }

  /** A config as somebody gives it; what `config` leaves out of secrets stays as it is. */
  #read(input: ConfigInput | ShortForm | Config): Config {
    return isConfig(input) ? input : parseConfig(restoreSecrets(input, this.#written));
  }

  async #reload(input: ConfigInput | ShortForm | Config, actor: Actor | undefined): Promise<ReloadResult> {
    if (this.#closing) throw new SluiceError("CLOSED", "the balancer is closing: no reload");
    const written = this.#read(input);
    const resolved = await this.#discovery.prepare(written);
    const result = await this.#putAllInForce(written, resolved.config).catch((error) => {
      this.#discovery.keep(this.#written);
      throw error;
    });
    this.#warnOfLimits(written);
    this.#flowLog.update(written.flowLog);
    this.#written = written;
    this.#source = sourceOf(written, actor);
    this.#discovery.keep(written, resolved);
    this.#events.emit("reload", result);
    this.#tell("reload", "", `version ${result.version}`, actor);
    return result;
  }

  /** Both or neither: what moves datagrams, and what people see it by. */
  async #putAllInForce(written: Config, config: Config): Promise<ReloadResult> {
    const admin = await this.#admin.prepare(written);
    try {
      const result = await this.#putInForce(config);
      admin.commit();
      return result;
    } catch (error) {
      await admin.rollback();
      throw error;
    }
  }

  /** Compiles and applies a config, and makes it the one in force. */
  async #putInForce(config: Config): Promise<ReloadResult> {
    const snapshot = this.#compile(config);
    await this.#apply(this.#health.decorate(snapshot));
    this.#health.update(config, snapshot);
    const result = { version: ++this.#configVersion, ...diffConfigs(this.#config, config) };
    this.#config = config;
    this.#events.emit("listening", this.listeners);
    return result;
  }

  #compile(config: Config): Snapshot {
    const version = this.#snapshot.version + 1;
    return this.#slots.compile(config, version, maxFlowsOf(config, this.#plane));
  }

  /** The same config with backends in other states; between reloads, never during one. */
  #republish(): void {
    this.#reloading = this.#reloading.then(async () => {
      if (this.#closing) return;
      await this.#apply(this.#health.decorate(this.#compile(this.#config)));
    });
  }

  /** Puts what discovery found since in force: after reloads that were asked for before, and before later ones. */
  #rediscover(): Promise<void> {
    const done = this.#reloading.then(async () => {
      if (this.#closing) return;
      await this.#discovery.putInForce(this.#written, (config) => this.#putInForce(config));
    });
    this.#reloading = done.catch(() => {});
    return done;
  }

  /** What a config asks for and does not get. */
  #warnOfLimits(config: Config): void {
    const { maxFlows } = config.limits;
    if (maxFlows > this.#plane.maxFlows) {
      const most = `${this.#plane.maxFlows} with this process's limit of open files`;
      this.#warnings.push({
        code: "max_flows",
        message: `limits.maxFlows is ${maxFlows}, but flows are limited to ${most}`,
      });
    }
    if (config.plane !== this.#written.plane || config.workers !== this.#written.workers) {
      this.#warnings.push({
        code: "restart_needed",
        message: "plane and workers change only when sluice is started anew",
      });
    }
  }

  /** On failure the plane has kept the old snapshot, and so do we. */
  async #apply(snapshot: Snapshot): Promise<void> {
    try {
      const bound = await this.#plane.apply(snapshot);
      this.#snapshot = snapshot;
      this.#flowLog.rename(snapshot);
      for (const { slot, port } of bound) {
        const entry = snapshot.listeners.find((listener) => listener.slot === slot);
        if (entry) this.#addresses.set(slot, formatEndpoint({ ip: entry.address.ip, port }));
      }
    } finally {
      this.#slots.retire(this.#snapshot, performance.now());
    }
  }

  #releaseSlots(): void {
    const released = this.#slots.release(this.#plane.counters, performance.now());
    for (const slot of released) this.#addresses.delete(slot);
  }

  #awaitsReplies(): boolean {
    if (!this.#handedOver) return false;
    const slots = this.#snapshot.pools.flatMap(({ backends }) => backends.map(({ slot }) => slot));
    return this.#plane.counters.some((worker) =>
      slots.some((slot) => worker[backendAt(slot) + BACKEND.outstanding] > 0),
    );
  }

  async #close(): Promise<void> {
    clearInterval(this.#housekeeping);
    await this.#reloading;
    while (
      performance.now() < this.#graceUntilMs &&
      (this.#plane.quietMs() < QUIET_MS || this.#awaitsReplies())
    ) {
      await new Promise((resolve) => setTimeout(resolve, QUIET_POLL_MS));
    }
    await this.#reloading;
    this.#isOver = true;
    this.#taps.closeAll();
    await Promise.all([this.#plane.close(), this.#health.close(), this.#admin.close()]);
    await this.#flowLog.close();
    this.#events.emit("close");
  }
}

/** A balancer's events for one who is no subscriber: warnings that are held stay held for the first who is. */
function watchQuietly(events: EventEmitter, warnings: HeldWarnings): Pick<Balancer, "on" | "off"> {
  const watcher: Pick<Balancer, "on" | "off"> = {
    on(event, listener) {
      if (event === "warning") warnings.watch(listener as Parameters<HeldWarnings["watch"]>[0]);
      else events.on(event, listener);
      return watcher as Balancer;
    },
    off(event, listener) {
      if (event === "warning") warnings.unwatch(listener as Parameters<HeldWarnings["watch"]>[0]);
      else events.off(event, listener);
      return watcher as Balancer;
    },
  };
  return watcher;
}

/** @param actor who put it in force; undefined at the start */
function sourceOf({ file }: Config, actor: Actor | undefined): ConfigInForce["source"] {
  if (file !== undefined) return "file";
  return actor === undefined || actor.by === "program" ? "program" : "api";
}

function maxFlowsOf(config: Config, plane: Plane): number {
  return config.limits.maxFlows > 0 ? config.limits.maxFlows : plane.maxFlows;
}
