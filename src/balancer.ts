/**
 * The composition root: a config, compiled to snapshots, on one plane. It starts, reloads and stops; it moves no
 * datagram itself.
 */
import { createTellOperator, type TellOperator } from "./actors.js";
import { AdminLink } from "./admin-link.js";
import type {
  Actor,
  BackendControl,
  Balancer,
  BalancerEvents,
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
import { createBackendControl } from "./backend-control.js";
import type { Config, ConfigInput } from "./config/config.js";
import { describeConfig } from "./config/describe-config.js";
import { parseConfig } from "./config/parse-config.js";
import type { ShortForm } from "./config/short-form.js";
import { type Clock, createSystemClock } from "./core/clock.js";
import { SluiceError } from "./core/errors.js";
import { parseFlowId } from "./core/flow-id.js";
import { DiscoveryLink } from "./discovery-link.js";
import type { ExplainedDatagram } from "./explain.js";
import { FlowLog } from "./flow-log.js";
import { Grace } from "./grace.js";
import { HandoverControl } from "./handover-control.js";
import { HealthControl } from "./health-control.js";
import { watchQuietly } from "./held-warnings.js";
import { compileFirst, type FirstConfig, InForce } from "./in-force.js";
import { Observer } from "./observer.js";
import { createOutlets, type Outlets } from "./outlets.js";
import { InheritedSockets } from "./planes/inherited-sockets.js";
import type { Plane, PlaneContext, PlaneFaults } from "./planes/plane.js";
import type { SelectedPlane } from "./planes/select.js";
import { type GivenConfig, Reloads } from "./reloads.js";
import { startOnPlane } from "./start-on-plane.js";
import {
  type CreateOptions,
  FAULTS,
  GIVE_LOGS,
  HANDOVER,
  REOPEN_LOGS,
  type StartedBalancer,
  type StartedCloseOptions,
  type StartOptions,
} from "./started-balancer.js";
import { Taps } from "./taps.js";
import { Turns } from "./turns.js";

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
export async function startBalancer(config: GivenConfig, options: StartOptions): Promise<StartedBalancer> {
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

interface RunningParts {
  readonly clock: Clock;
  readonly options: StartOptions;
  readonly outlets: Outlets;
  readonly selected: SelectedPlane;
  readonly discovery: DiscoveryLink;
  readonly first: FirstConfig;
}

class RunningBalancer implements StartedBalancer {
  readonly backends: BackendControl;
  readonly planeNotes: readonly string[];
  readonly [HANDOVER]: HandoverControl;
  readonly #outlets: Outlets;
  readonly #plane: Plane;
  readonly #discovery: DiscoveryLink;
  readonly #flowLog: FlowLog;
  readonly #health: HealthControl;
  readonly #inForce: InForce;
  readonly #admin: AdminLink;
  readonly #turns = new Turns();
  readonly #reloads: Reloads;
  readonly #observer: Observer;
  readonly #tell: TellOperator;
  readonly #taps: Taps;
  readonly #grace: Grace;
  /** Aborted where ports need not rest after the end. */
  readonly #noRest = new AbortController();
  #closing: Promise<void> | undefined;
  #isOver = false;

  static start(written: Config, options: StartOptions): Promise<RunningBalancer> {
    const { inherited = new InheritedSockets(), receiving = true, clock = createSystemClock() } = options;
    const { plane, workers } = written;
    const outlets = createOutlets(clock);
    const refused: PlaneContext["refused"] = (slot, kind) => outlets.refused(slot, kind);
    const context = { warn: outlets.warn, refused, random: Math.random, workers, inherited, receiving };
    return startOnPlane(plane, context, options.openPlane, (selected) =>
      RunningBalancer.#startOn(written, { clock, options, outlets, selected }),
    );
  }

  static async #startOn(
    written: Config,
    parts: Omit<RunningParts, "discovery" | "first">,
  ): Promise<RunningBalancer> {
    const { clock, outlets, selected } = parts;
    const { plane } = selected;
    const discovery = new DiscoveryLink(outlets.events, outlets.warnings, clock);
    let balancer: RunningBalancer | undefined;
    try {
      const first = await compileFirst(written, plane, discovery);
      balancer = new RunningBalancer({ ...parts, discovery, first });
      await balancer.#open();
      return balancer;
    } catch (error) {
      discovery.close();
      if (balancer !== undefined) await Promise.all([balancer.#health.close(), balancer.#admin.close()]);
      await plane.close();
      if (balancer !== undefined) await balancer.#flowLog.close();
      throw error;
    }
  }

  private constructor({ clock, options, outlets, selected, discovery, first }: RunningParts) {
    const { events, warnings } = outlets;
    const { plane, notes } = selected;
    const turns = this.#turns;
    this.#outlets = outlets;
    this.#plane = plane;
    this.planeNotes = notes;
    this.#discovery = discovery;
    const tell = createTellOperator(events);
    const health = this.#createHealth(clock, options);
    const flowLog = new FlowLog({ plane, clock, warn: (code, message) => warnings.push({ code, message }) });
    const inForce = new InForce(first, { plane, health, flowLog, events, clock });
    const admin = this.#createAdmin(options);
    const isClosing = () => this.#closing !== undefined;
    const reloading = { turns, inForce, plane, discovery, admin, events, warnings, tell, isClosing };
    this.#reloads = new Reloads(reloading);
    const { receiving = true } = options;
    const isOver = () => this.#isOver;
    const handover = new HandoverControl({ plane, inForce, turns, admin, receives: receiving, isOver });
    const receives = () => handover.receives;
    const observed = {
      clock,
      plane,
      planeNotes: notes,
      health,
      discovery,
      flowLog,
      inForce,
      receives,
      isClosing,
    };
    this.#observer = new Observer(observed);
    const snapshot = () => inForce.snapshot;
    this.backends = createBackendControl(snapshot, (...change) => health.operate(...change), tell);
    this.#taps = new Taps({ clock, plane, snapshot, addresses: inForce.addresses, tell });
    this.#grace = new Grace(plane, handover, clock);
    this[HANDOVER] = handover;
    this.#tell = tell;
    this.#health = health;
    this.#flowLog = flowLog;
    this.#inForce = inForce;
    this.#admin = admin;
  }

  #createHealth(clock: Clock, { createProbe }: StartOptions): HealthControl {
    return new HealthControl({
      clock,
      createProbe,
      counters: () => this.#plane.counters,
      onChange: (change) => this.#outlets.events.emit("backend", change),
      publish: () => this.#reloads.refresh(),
    });
  }

  #createAdmin({ env = {}, reloadFile, inheritedAdmin }: StartOptions): AdminLink {
    const { events, warnings, warn } = this.#outlets;
    const host = {
      balancer: this,
      events: watchQuietly(events, warnings),
      env,
      warn,
      reloadFile,
      replaceConfig: (config: unknown, version: number | undefined, actor: Actor) =>
        this.#reloads.reload(config as ConfigInput, actor, version),
    };
    return new AdminLink(host, inheritedAdmin);
  }

  /** What was compiled is put in force, and then what people see it by. */
  async #open(): Promise<void> {
    const inForce = this.#inForce;
    await inForce.start();
    this.#outlets.refused = (slot, kind) => this.#health.refused(slot, kind);
    (await this.#admin.prepare(inForce.written, { isTaken: !this[HANDOVER].receives })).commit();
    this.#outlets.events.emit("listening", this.listeners);
    inForce.startHousekeeping();
    this.#reloads.warnOfLimits(inForce.config, inForce.written);
    this.#discovery.follow(() => this.#reloads.rediscover());
  }

  get adminAddresses(): readonly string[] {
    return this.#admin.addresses;
  }

  get listeners(): readonly { readonly name: string; readonly address: string }[] {
    return this.#inForce.listeners;
  }

  get plane(): string {
    return this.#plane.name;
  }

  get [FAULTS](): PlaneFaults | undefined {
    return this.#plane.faults;
  }

  [REOPEN_LOGS](): void {
    this.#flowLog.reopen();
  }

  [GIVE_LOGS](uid: number, gid: number): Promise<void> {
    return this.#flowLog.giveTo(uid, gid);
  }

  get config(): ConfigInForce {
    const { version, source, written } = this.#inForce;
    return { version, source, document: describeConfig(written) };
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

  async plan(config: GivenConfig, actor?: Actor): Promise<ConfigPlan> {
    return this.#observer.plan(this.#reloads.read(config, actor));
  }

  tap(options: TapOptions, signal?: AbortSignal, actor?: Actor): Tap {
    if (this.#closing) throw new SluiceError("CLOSED", "the balancer is closing: no tap");
    return this.#taps.open(options, signal, actor);
  }

  reload(config: GivenConfig, actor?: Actor): Promise<ReloadResult> {
    return this.#reloads.reload(config, actor);
  }

  on<E extends keyof BalancerEvents>(event: E, listener: (...args: BalancerEvents[E]) => void): this {
    this.#outlets.events.on(event, listener);
    if (event === "warning") this.#outlets.warnings.release();
    return this;
  }

  off<E extends keyof BalancerEvents>(event: E, listener: (...args: BalancerEvents[E]) => void): this {
    this.#outlets.events.off(event, listener);
    return this;
  }

  close(options: StartedCloseOptions = {}): Promise<void> {
    if (options.rest === undefined) this.#noRest.abort();
    const graceMs = options.graceMs ?? this.#inForce.config.shutdown.graceMs;
    this.#discovery.close();
    this.#grace.shorten(graceMs);
    this.#closing ??= this.#close(options.rest);
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(onRest?: () => void): Promise<void> {
    this.#inForce.stopHousekeeping();
    await this.#turns.over();
    await this.#grace.wait();
    await this.#turns.over();
    this.#isOver = true;
    this.#taps.closeAll();
    const rests = !this.#noRest.signal.aborted;
    const endPlane = rests ? this.#plane.retire() : this.#plane.close();
    await Promise.all([endPlane, this.#health.close(), this.#admin.close()]);
    await this.#flowLog.close();
    if (rests) {
      onRest?.();
      await this.#plane.rested(this.#noRest.signal);
      await this.#plane.close();
    }
    this.#outlets.events.emit("close");
  }
}
