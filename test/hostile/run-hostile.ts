/**
 * A balancer under attack, in a network of its own: an attacker with a raw socket on one end of a cable, and beside it honest
 * clients; on the other end the balancer and its backends. First all is calm, then comes a flood from made-up addresses, then
 * ICMP errors that quote the honest clients' flows. `judgeHostile` says what of the report is not as it should be.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { Stats } from "#src/api.js";
import type { ConfigInput } from "#src/config/config.js";
import { parseEndpoint } from "#src/core/address.js";
import type { Cleanup } from "../support/cleanup.js";
import { FAR_IP, NEAR_IP, openNamespaces } from "../support/network-namespaces.js";
import { JsonProgram, programPath } from "../support/other-processes.js";
import { receiveBufferErrors, residentMiB, udpSockets } from "../support/process-figures.js";
import type { FloodCount, FloodPlan } from "./flood-plan.js";
import type { HonestCount } from "./honest-program.js";
import type { ErrorsReport, HostileOptions, HostileReport, PhaseReport } from "./hostile-report.js";

const HONEST = { clients: 20, everyMs: 50 };
/** By family: the two ends of the cable, and honest clients. The guard knows IPv6 clients by their /56: each has one of its own. */
const IPV4 = { near: NEAR_IP, far: FAR_IP, bits: 24, honest: (i: number) => `10.203.0.${100 + i}` };
const IPV6: typeof IPV4 = {
  near: "fd00:203::1",
  far: "fd00:203::2",
  bits: 64,
  honest: (i) => `fd00:203:0:${i + 1}00::1`,
};
const CALM_MS = 1000;
/** What a plain echo server takes on a small machine that does nothing else. */
const CONTROL_PER_SECOND = 20_000;
const BACKENDS = 3;
const LOOK_EVERY_MS = 50;

interface Bed {
  readonly balancer: JsonProgram;
  readonly honest: JsonProgram;
  readonly near: readonly string[];
  readonly far: readonly string[];
  readonly port: number;
}

export async function runHostile(owner: Cleanup, options: HostileOptions): Promise<HostileReport> {
  const bed = await openBed(owner, options);
  const plan = {
    ip: addressesOf(options).near,
    port: bed.port,
    clients: options.clients,
    seed: options.seed,
  };
  await mark(bed);
  await delay(CALM_MS);
  const calm = await mark(bed);
  const { stats: statsBefore } = await figures(bed);
  const quotes = liveFlows(bed);
  const rssBeforeMiB = residentMiB(bed.balancer.pid);
  let rssHighestMiB = rssBeforeMiB;
  const startMs = performance.now();
  const flood = await runFlood(
    owner,
    bed,
    {
      ...plan,
      packets: options.datagrams,
      perSecond: options.perSecond,
      quotes,
      onlyErrors: false,
    },
    (count) => {
      const rssMiB = residentMiB(bed.balancer.pid);
      rssHighestMiB = Math.max(rssHighestMiB, rssMiB);
      options.onProgress?.(
        `${count.datagrams + count.malformed + count.icmpErrors} of ${options.datagrams} packets, balancer ${rssMiB.toFixed(0)} MiB`,
      );
    },
  );
  const tookMs = performance.now() - startMs;
  const duringFlood = await mark(bed);
  const { stats, warnings } = await figures(bed);
  const kernelDrops = receiveBufferErrors(bed.balancer.pid);
  const errors = await runErrors(owner, bed, { ...plan, ip: NEAR_IP, ...options.errors, quotes });
  await delay(CALM_MS);
  const after = await mark(bed);
  const statsAfter = (await figures(bed)).stats;
  const flooded = { ...plan, quotes, perSecond: Math.min(options.perSecond, CONTROL_PER_SECOND) };
  const control = options.control ? await floodEcho(owner, bed, flooded, options) : undefined;
  return {
    plane: stats.plane,
    options,
    flood,
    tookMs,
    phases: { calm, flood: duringFlood, errors: errors.honest, after },
    stats,
    requestsDuringFlood: stats.listeners[0].requests.datagrams - statsBefore.listeners[0].requests.datagrams,
    kernelDrops,
    rssBeforeMiB,
    rssHighestMiB,
    rssAfterMiB: residentMiB(bed.balancer.pid),
    warnings,
    errors,
    statsAfter,
    control,
  };
}

/** The same flood and the same honest clients, against a plain echo server in the balancer's place. */
async function floodEcho(
  owner: Cleanup,
  { near, far }: Bed,
  plan: Pick<FloodPlan, "ip" | "clients" | "seed" | "perSecond" | "quotes">,
  options: HostileOptions,
): Promise<PhaseReport> {
  const addresses = addressesOf(options);
  const server = [...near, process.execPath, programPath("echo-program"), addresses.near];
  const to = await new JsonProgram(owner, server).next<string>();
  const honest = await openHonest(owner, far, to, options);
  const { port } = parseEndpoint(to);
  const flood = { ...plan, port, packets: options.control!, onlyErrors: false };
  await honest.ask();
  await runFlood(owner, { far }, flood, () => {});
  return honest.ask<HonestCount>();
}

async function openHonest(
  owner: Cleanup,
  far: readonly string[],
  to: string,
  options: HostileOptions,
): Promise<JsonProgram> {
  const ips = Array.from({ length: HONEST.clients }, (_, i) => addressesOf(options).honest(i));
  const path = new URL("./honest-program.js", import.meta.url).pathname;
  const command = [...far, process.execPath, path, to, ips.join(","), `${HONEST.everyMs}`];
  const honest = new JsonProgram(owner, command);
  await honest.next();
  return honest;
}

async function openBed(owner: Cleanup, options: HostileOptions): Promise<Bed> {
  const { near, far } = openNamespaces(owner, 1500);
  const run = (where: readonly string[], ...command: string[]) =>
    new JsonProgram(owner, [...where, ...command]);
  const shell = async (where: readonly string[], script: string) => {
    await run(where, "sh", "-c", `${script} && echo 1`).next();
  };
  // Replies to made-up addresses go down the cable, and are lost there.
  const addresses = addressesOf(options);
  const add = (ip: string) =>
    `ip address add ${ip}/${addresses.bits} dev cable${options.family === 6 ? " nodad" : ""}`;
  if (options.family === 6) {
    await shell(near, add(addresses.near));
    await shell(far, add(addresses.far));
  }
  await shell(near, `ip -${options.family} route add default via ${addresses.far}`);
  const ips = Array.from({ length: HONEST.clients }, (_, i) => addresses.honest(i));
  await shell(far, ips.map(add).join(" && "));
  const programs = Array.from({ length: BACKENDS }, () =>
    run(near, process.execPath, programPath("echo-program"), NEAR_IP),
  );
  const backends = await Promise.all(programs.map((program) => program.next<string>()));
  const config = JSON.stringify(createConfig(backends, options));
  const balancer = run(near, process.execPath, programPath("balancer-program"), config);
  const [{ address }] = await balancer.next<Stats["listeners"]>();
  const honest = await openHonest(owner, far, address, options);
  return { balancer, honest, near, far, port: parseEndpoint(address).port };
}

/** What docs/robustness.md recommends for a listener that anyone may flood. */
function createConfig(backends: readonly string[], options: HostileOptions): ConfigInput {
  const { plane, guard, family } = options;
  const { near } = addressesOf(options);
  return {
    plane,
    listeners: [
      {
        name: "main",
        address: family === 6 ? `[${near}]:0` : `${near}:0`,
        session: { idleTimeout: "10s" },
        ...(guard && {
          guard: {
            perClient: { datagrams: "200/s", newFlows: "50/s", burst: "2s" },
            perNetwork: { prefix4: 0, prefix6: 0, newFlows: "500/s", burst: "1s" },
            amplification: 10,
          },
        }),
      },
    ],
    pools: [{ affinity: "client", backends: [...backends] }],
    limits: { maxFlows: 8192, onFull: "evict-oldest" },
  };
}

function addressesOf({ family }: HostileOptions): typeof IPV4 {
  return family === 6 ? IPV6 : IPV4;
}

async function runFlood(
  owner: Cleanup,
  { far }: Pick<Bed, "far">,
  plan: FloodPlan,
  onCount: (count: FloodCount) => void,
): Promise<FloodCount> {
  const path = new URL("./flood-program.js", import.meta.url).pathname;
  const program = new JsonProgram(owner, [...far, process.execPath, path, JSON.stringify(plan)]);
  for (;;) {
    const count = await program.next<FloodCount>();
    onCount(count);
    if (count.done) return count;
  }
}

/** Port unreachables that quote flows of honest clients, and what they do to the backends. */
async function runErrors(
  owner: Cleanup,
  bed: Bed,
  plan: Pick<FloodPlan, "ip" | "port" | "clients" | "seed" | "packets" | "perSecond" | "quotes">,
): Promise<ErrorsReport> {
  const before = (await figures(bed)).stats;
  let [mostDown, ended] = [0, false];
  const startMs = performance.now();
  let firstDownMs = Number.NaN;
  const sending = runFlood(owner, bed, { ...plan, onlyErrors: true }, () => {}).finally(() => {
    ended = true;
  });
  while (!ended) {
    const { stats } = await figures(bed);
    const down = stats.backends.filter(({ health }) => health === "down" || health === "ejected").length;
    if (down > 0 && Number.isNaN(firstDownMs)) firstDownMs = performance.now() - startMs;
    mostDown = Math.max(mostDown, down);
    await delay(LOOK_EVERY_MS);
  }
  const { icmpErrors } = await sending;
  const honest = await mark(bed);
  const { stats } = await figures(bed);
  const refused = (of: Stats) => of.backends.reduce((sum, backend) => sum + backend.refused, 0);
  return {
    sent: icmpErrors,
    taken: refused(stats) - refused(before),
    mostDown,
    firstDownMs,
    moved: stats.flows.moved - before.flows.moved,
    countedAsRefused: stats.drops.backend_refused - before.drops.backend_refused,
    honest,
  };
}

/** Every flow of the moment, as an attacker would have to guess it. */
function liveFlows({ balancer }: Bed): FloodPlan["quotes"] {
  const connected = udpSockets(balancer.pid).filter(({ remotePort }) => remotePort !== 0);
  return connected.map(({ localPort, remoteIp, remotePort }) => ({
    localPort,
    ip: remoteIp,
    port: remotePort,
  }));
}

function figures({ balancer }: Bed): Promise<{ stats: Stats; warnings: string[] }> {
  return balancer.ask();
}

async function mark({ honest }: Bed): Promise<PhaseReport> {
  return honest.ask<HonestCount>();
}
