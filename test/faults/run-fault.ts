/** One run: a fresh bed, fresh backends, a fresh balancer, traffic, and one fault. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { freePorts } from "../support/free-ports.js";
import type { Contestant, RunningBalancer } from "./contestants/contestant.js";
import { FAULTS, type FaultName, type Scene } from "./faults.js";
import { Child } from "./messages.js";
import { monotonicMs } from "./monotonic.js";
import type { TallyResult } from "./tally.js";
import { BACKENDS, openTestBed, type TestBed } from "./test-bed.js";

export interface RunOptions {
  readonly clients?: number;
  readonly perSecond?: number;
  /** Traffic before the fault. */
  readonly warmupMs?: number;
  readonly pace?: number;
  /** Namespaces, or 127.0.0.1; undefined: namespaces where they can be made. */
  readonly isolated?: boolean;
  /** Whether the same kind of traffic flows beside it without balancer and fault. Default false. */
  readonly control?: boolean;
}

export interface FaultResult extends TallyResult {
  readonly fault: FaultName;
  readonly contestant: string;
  /** The part of the replies before the fault that the backend gave to which it happened. */
  readonly victimShare: number;
  /** What the balancer says it has dropped, by reason; undefined where it does not say. */
  readonly drops: Readonly<Record<string, number>> | undefined;
  /** From the fault to the sending of the last request that was lost or late; undefined when there was none. */
  readonly lastMissMs: number | undefined;
  /** The same from when what was broken worked again; undefined where the fault does not say, or there was no miss. */
  readonly lastMissAfterHealingMs: number | undefined;
  /** What became of the traffic beside it. */
  readonly control: TallyResult | undefined;
}

const CONTROL = { clients: 4, perSecond: 200 };

export async function runFault(
  contestant: Contestant,
  fault: FaultName,
  { clients = 16, perSecond = 1000, warmupMs = 1000, pace = 1, isolated, control = false }: RunOptions = {},
): Promise<FaultResult> {
  const folder = mkdtempSync(join(tmpdir(), "sluice-faults-"));
  const bed = await openTestBed(isolated);
  const children: Child[] = [];
  let balancer: RunningBalancer | undefined;
  try {
    const backends = await openBackends(bed, contestant.dns, children);
    balancer = await contestant.start(bed, folder, fault);
    const traffic = await openChild(children, bed.near, "traffic-program");
    const { clientHost } = bed;
    await traffic.ask("start", { ...bed.listen, clientHost, clients, perSecond, dns: contestant.dns });
    const beside = control ? await startControl(bed, children) : undefined;
    await sleep(warmupMs);
    const victim = await findVictim(traffic);
    const faultMs = monotonicMs();
    let healedMs: number | undefined;
    const healed = () => {
      healedMs = monotonicMs();
    };
    await FAULTS[fault].act({
      ...{ bed, balancer, clients: traffic, victim: victim.index, pace, healed },
      ...backends,
    });
    const [tally, controlTally] = await Promise.all([
      traffic.ask<TallyResult>("stop"),
      beside?.ask<TallyResult>("stop"),
    ]);
    const last = tally.missedAtMs.at(-1);
    return {
      ...{ ...tally, fault, contestant: contestant.name, victimShare: victim.share },
      drops: await balancer.drops(),
      lastMissMs: last === undefined ? undefined : last - faultMs,
      lastMissAfterHealingMs: last === undefined || healedMs === undefined ? undefined : last - healedMs,
      control: controlTally,
    };
  } finally {
    await balancer?.stop();
    await Promise.all(children.map((child) => child.kill()));
    bed.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function openBackends(
  bed: TestBed,
  dns: boolean,
  children: Child[],
): Promise<Pick<Scene, "backends" | "startBackend">> {
  const backends: Record<number, Child> = {};
  const startBackend = async (index: number): Promise<void> => {
    const { host, port } = bed.backends[index]!;
    const args = [host, `${port}`, `${index}`, dns ? "dns" : "plain"];
    backends[index] = await openChild(children, bed.far, "backend-program", ...args);
    await backends[index].ask("open");
  };
  await Promise.all(Array.from({ length: BACKENDS }, (_, index) => startBackend(index)));
  return { backends, startBackend };
}

/** A server and clients of its own at one place, where no fault happens: what they miss is the machine's doing. */
async function startControl(bed: TestBed, children: Child[]): Promise<Child> {
  const host = "127.0.0.1";
  const [port] = await freePorts(1);
  const server = await openChild(children, bed.far, "backend-program", host, `${port}`, "0", "plain");
  await server.ask("open");
  const traffic = await openChild(children, bed.far, "traffic-program");
  await traffic.ask("start", { host, port, clientHost: host, ...CONTROL, dns: false });
  return traffic;
}

async function openChild(children: Child[], prefix: readonly string[], ...rest: [string, ...string[]]) {
  const child = await Child.open(prefix, ...rest);
  children.push(child);
  return child;
}

async function findVictim(traffic: Child): Promise<{ index: number; share: number }> {
  const replies = await traffic.ask<[tag: number, count: number][]>("replies");
  const all = replies.reduce((sum, [, count]) => sum + count, 0);
  if (all === 0) throw new Error("nothing is answered even without a fault");
  const [index, count] = replies.reduce((most, entry) => (entry[1] > most[1] ? entry : most));
  return { index, share: count / all };
}
