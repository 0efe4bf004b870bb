// One run of one contestant: fresh backends, a fresh balancer, the row's loads one after the other.
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { startChild } from "./processes/child.js";
import { openBed } from "./processes/open-bed.js";

const LISTEN = "127.0.0.1:8000";
const BACKENDS = ["127.0.0.1:9001", "127.0.0.1:9002", "127.0.0.1:9003"];
const READY_MS = 10_000;
/** From the port being open to all threads of the balancer being at work. */
const SETTLE_MS = 200;

/**
 * @typedef {object} Run
 * @property {Record<string, import("./processes/open-bed.js").LoadFigures>} loads
 * @property {Record<string, object>} memory what the balancer said after each load, where the row asks for it
 * @property {number} foreignShare the worst of its loads
 * @property {string[]} faults what went wrong, for people
 */

/**
 * @param {{ namespace: { name: string, descriptors: number }, cpus: readonly [number, number], warmupMs: number,
 *   durationMs: number, folder: string }} setting `cpus`: the balancer's and the bed's; `folder`: for config files
 * @param {import("./rows/rows.js").Row} row
 * @param {object} contestant
 * @returns {Promise<Run>}
 */
export async function measureRun(setting, row, contestant) {
  const cpus = row.oneCpu ? [setting.cpus[1], setting.cpus[1]] : setting.cpus;
  const servers = { gso: false, sink: false, ...row.servers, dns: contestant.load?.dns ?? false };
  const command = contestant.command({ listen: LISTEN, backends: BACKENDS, folder: setting.folder });
  const started = [];
  try {
    const bed = await openBed({ namespace: setting.namespace, cpu: cpus[1], backends: BACKENDS, servers });
    started.push(bed);
    const balancer = startChild(setting.namespace, cpus[0], command);
    started.unshift({ close: () => balancer.stop() });
    await waitUntilReady(bed, balancer);
    const client = contestant.client && startChild(setting.namespace, cpus[1], contestant.client);
    if (client !== undefined) started.unshift({ close: () => client.stop() });
    const run = await runLoads({ ...setting, cpus }, row, contestant, bed, balancer);
    client?.assertRunning();
    return run;
  } finally {
    for (const one of started) await one.close();
  }
}

async function runLoads({ cpus, warmupMs, durationMs }, row, contestant, bed, balancer) {
  const loads = {};
  const memory = {};
  for (const [name, { warmupMs: ownWarmupMs, datagrams, ...plan }] of Object.entries(row.loads)) {
    loads[name] = await bed.load({
      plan: { ...plan, ...contestant.load },
      target: LISTEN,
      warmupMs: ownWarmupMs ?? warmupMs,
      durationMs,
      datagrams,
      balancerPid: balancer.pid,
      cpus,
    });
    balancer.assertRunning();
    if (row.tellsMemory) memory[name] = await balancer.ask("memory");
  }
  const foreignShare = Math.max(...Object.values(loads).map((load) => load.foreignShare));
  const faults = Object.values(loads).flatMap((load) => findFaults(row, load));
  return { loads, memory, foreignShare, faults };
}

/** Waits until someone listens on the port: the bed's process shows what its namespace has open. */
async function waitUntilReady(bed, balancer) {
  const port = Number(LISTEN.split(":")[1]).toString(16).toUpperCase().padStart(4, "0");
  const isOpen = new RegExp(`^\\s*\\d+: [0-9A-F]{8}:${port} `, "m");
  const deadlineMs = performance.now() + READY_MS;
  while (!isOpen.test(readFileSync(`/proc/${bed.pid}/net/udp`, "latin1"))) {
    balancer.assertRunning();
    if (performance.now() > deadlineMs) throw new Error(`nobody listens on ${LISTEN} after ${READY_MS} ms`);
    await sleep(20);
  }
  await sleep(SETTLE_MS);
  balancer.assertRunning();
}

/** One way, what does not get through is what is measured; there are no replies to judge. */
function findFaults(row, load) {
  if (row.servers?.sink) return [];
  const faults = [];
  if (load.lost > 0) faults.push(`${load.lost} of ${load.sent} lost`);
  if (load.crossed > 0) faults.push(`${load.crossed} crossed`);
  if (load.bad > 0) faults.push(`${load.bad} bad`);
  if (row.keepsClients && load.clientsOnSeveralServers > 0) {
    faults.push(`${load.clientsOnSeveralServers} clients on several backends`);
  }
  return faults;
}
