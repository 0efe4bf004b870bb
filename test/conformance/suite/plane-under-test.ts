/** Which plane a run of the suite is about, and starting balancers on it. */
import type { TestContext } from "node:test";
import type { Balancer } from "#src/api.js";
import { createBalancer } from "#src/balancer.js";
import type { ConfigInput, PlaneChoice } from "#src/config/config.js";
import type { ShortForm } from "#src/config/short-form.js";
import type { CreateOptions } from "#src/started-balancer.js";

export interface PlaneUnderTest {
  readonly name: PlaneChoice;
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
}

/** For `describe`: its tests run side by side, but not so many that a small machine makes them late. */
export const SIDE_BY_SIDE = { concurrency: 4 };

type SuiteConfig = Omit<ConfigInput, "plane"> | Omit<ShortForm, "plane">;

/** The config, on this plane. */
export function onPlane(plane: PlaneUnderTest, config: SuiteConfig): ConfigInput | ShortForm {
  return { workers: plane.workers, ...config, plane: plane.name } as ConfigInput | ShortForm;
}

/** A balancer that closes with the test. */
export async function startBalancer(
  t: TestContext,
  plane: PlaneUnderTest,
  config: SuiteConfig,
  options: CreateOptions = {},
): Promise<Balancer> {
  const balancer = await createBalancer(onPlane(plane, config), options);
  t.after(() => balancer.close({ graceMs: 0 }));
  return balancer;
}

/** Where a listener is; the first when no name is given. */
export function addressOf(balancer: Balancer, name = balancer.listeners[0].name): string {
  const listener = balancer.listeners.find((one) => one.name === name);
  if (!listener) throw new Error(`no listener ${name}`);
  return listener.address;
}

/** A listener called "main" on any free port, with a session. */
export function listenerOn(
  address = "127.0.0.1:0",
  session: NonNullable<ConfigInput["listeners"][number]["session"]> = {},
): ConfigInput["listeners"][number] {
  return { name: "main", address, session };
}
