/** Which plane a run of the suite is about, and what its tests use: peers, backends, balancers and time of that plane's world. */
import type { TestContext } from "node:test";
import type { Balancer } from "#src/api.js";
import { createBalancer, startBalancer as startInternally } from "#src/balancer.js";
import type { ConfigInput, PlaneChoice } from "#src/config/config.js";
import type { ShortForm } from "#src/config/short-form.js";
import { type Clock, createSystemClock } from "#src/core/clock.js";
import type { CreateOptions } from "#src/started-balancer.js";
import { type Backend, type BackendOptions, openBackend } from "../../support/backends.js";
import type { MemoryWorld } from "../../support/memory-world.js";
import type { OpenPeer } from "../../support/peer.js";
import { openSteadyTraffic, type SteadyTraffic, type TrafficOptions } from "../../support/steady-traffic.js";
import { UdpPeer } from "../../support/udp-peer.js";
import { eventually, within } from "../../support/waiting.js";

export interface PlaneUnderTest {
  readonly name: PlaneChoice | "memory";
  /** Workers to run with: "in turn" holds for each worker by itself, so the suite runs with one. */
  readonly workers: number;
  /** What this plane cannot do: why, for the skip. Empty when it can do everything. */
  readonly cannot: {
    /** Receive on a wildcard listener at local addresses that no interface lists, such as 127.0.0.2. */
    readonly useUnlistedAddresses?: string;
    /** Follow a reload that changes `ipv6Only` of a listener that keeps its socket. */
    readonly changeIpv6Only?: string;
    /** Send a datagram that a backend refused to another one. */
    readonly resendRefused?: string;
  };
  /** Where the memory plane's tests run, one at a time; the others use sockets. */
  readonly memory?: MemoryWorld;
}

/** For `describe`: tests run side by side, but not so many that a small machine makes them late; in virtual time one by one. */
export function sideBySide({ memory }: PlaneUnderTest): { concurrency: number } {
  return { concurrency: memory === undefined ? 4 : 1 };
}

/** The same for suites that always use sockets. */
export const SIDE_BY_SIDE = { concurrency: 4 };

/** What tests use instead of sockets and timers. */
export interface World {
  readonly clock: Clock;
  readonly openPeer: OpenPeer;
  readonly openBackend: (t: TestContext, name: string, options?: BackendOptions) => Promise<Backend>;
  readonly openBackends: (t: TestContext, ...names: string[]) => Promise<Backend[]>;
  readonly openTraffic: (t: TestContext, to: string, options: TrafficOptions) => Promise<SteadyTraffic>;
  /** Waits until `check` no longer throws. */
  readonly eventually: <T>(check: () => T | Promise<T>) => Promise<T>;
  /** Waits until a promise is settled. */
  readonly until: <T>(promise: Promise<T>) => Promise<T>;
  /** Lets time pass. Undefined where time is the machine's: there a test waits for what it can see. */
  readonly pass: ((ms: number) => Promise<void>) | undefined;
}

export function worldOf({ memory }: PlaneUnderTest): World {
  const openPeer = memory?.openPeer ?? UdpPeer.open;
  const clock = memory?.clock ?? createSystemClock();
  const eventuallyHere = memory?.eventually ?? eventually;
  const openOne: World["openBackend"] = (t, name, options = {}) => openBackend(t, name, options, openPeer);
  return {
    ...{ clock, openPeer, eventually: eventuallyHere, pass: memory?.pass },
    openBackend: openOne,
    openBackends: (t, ...names) => Promise.all(names.map((name) => openOne(t, name))),
    openTraffic: (t, to, options) =>
      openSteadyTraffic(t, to, options, { openPeer, clock, eventually: eventuallyHere }),
    until: memory?.until ?? ((promise) => within(promise, "a promise")),
  };
}

type SuiteConfig = Omit<ConfigInput, "plane"> | Omit<ShortForm, "plane">;

/** The config, on this plane. */
export function onPlane({ name, workers }: PlaneUnderTest, config: SuiteConfig): ConfigInput | ShortForm {
  return { workers, ...config, ...(name !== "memory" && { plane: name }) } as ConfigInput | ShortForm;
}

/**
 * A balancer that closes with the test.
 * @param options with a `clock` on sockets: its control plane goes by that, while its data plane goes by the machine's
 */
export async function startBalancer(
  t: TestContext,
  plane: PlaneUnderTest,
  config: SuiteConfig,
  { clock, ...options }: CreateOptions & { readonly clock?: Clock } = {},
): Promise<Balancer> {
  if (plane.memory !== undefined) return plane.memory.start(t, onPlane(plane, config), options);
  const given = onPlane(plane, config);
  const balancer = await (clock
    ? startInternally(given, { ...options, clock })
    : createBalancer(given, options));
  t.after(() => balancer.close({ graceMs: 0 }));
  return balancer;
}

/** Where a listener is; the first when no name is given. */
export function addressOf(balancer: Balancer, name = balancer.listeners[0].name): string {
  const listener = balancer.listeners.find((one) => one.name === name);
  if (!listener) throw new Error(`no listener ${name}`);
  return listener.address;
}

/** What a peer is opened with to have an IPv4 address. */
export function placeOf(address: string): { readonly ip: string; readonly port: number } {
  const [ip, port] = address.split(":");
  return { ip, port: Number(port) };
}

/** A listener called "main" on any free port, with a session. */
export function listenerOn(
  address = "127.0.0.1:0",
  session: NonNullable<ConfigInput["listeners"][number]["session"]> = {},
): ConfigInput["listeners"][number] {
  return { name: "main", address, session };
}
