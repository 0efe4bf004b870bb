/**
 * Full load while everything happens: a reload every second, a backend drained and restored, workers killed. It says what was
 * lost, phase by phase: without kills nothing may be; with them at most what was in flight when a worker died.
 */
import { createBalancer } from "#src/balancer.js";
import type { ConfigInput } from "#src/config/config.js";
import { formatEndpoint, parseEndpoint } from "#src/core/address.js";
import { openEchoServer } from "#src/loadgen/echo-server.js";
import type { LoadResult } from "#src/loadgen/load-result.js";
import { runLoad } from "#src/loadgen/run-load.js";
import type { PlaneFaults } from "#src/planes/plane.js";
import { FAULTS } from "#src/started-balancer.js";

export interface EnduranceOptions {
  /** Of each of the two phases. */
  readonly phaseMs: number;
  readonly reloadEveryMs: number;
  readonly onProgress?: (line: string) => void;
}

export interface PhaseReport {
  readonly name: string;
  readonly sent: number;
  readonly answered: number;
  readonly lost: number;
  readonly crossed: number;
  readonly bad: number;
  readonly reloads: number;
  readonly kills: number;
  /** The most that may be lost: what was in flight at each kill. */
  readonly mayLose: number;
  readonly repliesPerSecond: number;
}

const CLIENTS = 16;
const IN_FLIGHT = 256;
const KILLS = 2;
const LOSS_TIMEOUT_MS = 5000;

export async function runEndurance(options: EnduranceOptions): Promise<PhaseReport[]> {
  const echo = await openEchoServer({
    addresses: [0, 0, 0].map(() => parseEndpoint("127.0.0.1:0")),
    tag: true,
  });
  const backends = echo.addresses.map(formatEndpoint);
  const balancer = await createBalancer(createConfig(backends, 0));
  const faults = (balancer as unknown as Record<symbol, PlaneFaults | undefined>)[FAULTS];
  if (faults === undefined) throw new Error(`the ${balancer.plane} plane has no workers to kill`);
  try {
    const phases: PhaseReport[] = [];
    for (const kills of [0, KILLS]) {
      const stop = new AbortController();
      const operator = operate(balancer, backends, options, stop.signal);
      const killer = kill(faults, kills, options.phaseMs);
      const load = await runLoad({
        target: parseEndpoint(balancer.listeners[0].address),
        clients: CLIENTS,
        inFlight: IN_FLIGHT,
        durationMs: options.phaseMs,
        warmupMs: 0,
        // A busy machine lets an answer wait; what a worker took with it is given up some time.
        lossTimeoutMs: LOSS_TIMEOUT_MS,
      });
      stop.abort();
      await killer;
      const phase = report(kills, load, await operator);
      phases.push(phase);
      options.onProgress?.(formatPhase(phase));
    }
    return phases;
  } finally {
    await balancer.close({ graceMs: 0 });
    await echo.close();
  }
}

export function formatPhase(phase: PhaseReport): string {
  const { name, sent, answered, lost, mayLose, crossed, bad, reloads, kills, repliesPerSecond } = phase;
  const rate = Math.round(repliesPerSecond).toLocaleString("en");
  return `${name}: ${reloads} reloads, ${kills} kills, ${sent} sent, ${answered} answered, ${lost} lost (at most ${mayLose}), ${crossed} crossed, ${bad} bad, ${rate} replies/s`;
}

function report(kills: number, load: LoadResult, reloads: number): PhaseReport {
  const { sent, answered, lost, crossed, bad, repliesPerSecond } = load;
  const name = kills === 0 ? "reloads and drains" : "with workers killed";
  return {
    name,
    sent,
    answered,
    lost,
    crossed,
    bad,
    reloads,
    kills,
    mayLose: kills * IN_FLIGHT,
    repliesPerSecond,
  };
}

/** Reloads again and again; in the middle third of the time one backend is draining. Answers how many reloads. */
async function operate(
  balancer: Awaited<ReturnType<typeof createBalancer>>,
  backends: readonly string[],
  { phaseMs, reloadEveryMs, onProgress }: EnduranceOptions,
  signal: AbortSignal,
): Promise<number> {
  const started = Date.now();
  let reloads = 0;
  while (!signal.aborted) {
    await new Promise((resolve) => setTimeout(resolve, reloadEveryMs));
    const third = Math.floor((3 * (Date.now() - started)) / phaseMs);
    await balancer.reload(createConfig(backends, ++reloads, third === 1 ? 1 : -1));
    const { flows, listeners } = balancer.stats();
    onProgress?.(`  ${reloads} reloads, ${listeners[0].requests.datagrams} requests, ${flows.active} flows`);
  }
  return reloads;
}

async function kill(faults: PlaneFaults, kills: number, phaseMs: number): Promise<void> {
  for (let i = 0; i < kills; i++) {
    await new Promise((resolve) => setTimeout(resolve, phaseMs / (kills + 1)));
    faults.crashWorker(i % faults.workers);
  }
}

/** Changes with every reload: weights, and a second listener that comes and goes. */
function createConfig(addresses: readonly string[], round: number, draining = -1): ConfigInput {
  const backends = addresses.map((address, index) => ({
    address,
    weight: 1 + ((round + index) % 3),
    state: index === draining ? ("draining" as const) : ("enabled" as const),
  }));
  const second = round % 2 === 1 ? [{ name: "second", address: "127.0.0.1:0", pool: "p" }] : [];
  return {
    plane: "batched",
    workers: 2,
    listeners: [{ name: "main", address: "127.0.0.1:0", pool: "p" }, ...second],
    pools: [{ name: "p", affinity: "client", backends }],
  };
}
