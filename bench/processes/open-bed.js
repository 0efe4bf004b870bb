// The benchmark's side of the test bed: starts it, and turns the two samples of a load into figures.
import { fileURLToPath } from "node:url";
import { startChild } from "./child.js";

const SCRIPT = fileURLToPath(new URL("./bed.js", import.meta.url));

/**
 * What one load came to. Datagrams are counted where they arrive: requests at the backends, replies at the clients.
 * @typedef {object} LoadFigures
 * @property {number} seconds
 * @property {number} repliesPerSecond
 * @property {number} gbitPerSecond UDP payload that the backends received
 * @property {number} cpuNsPerDatagram of the balancer, all its threads and processes
 * @property {number} balancerUtilisation of its CPU
 * @property {number} bedUtilisation of its CPU
 * @property {number} foreignShare CPU time that neither we nor the balancer used, of the CPU that had more of it
 * @property {number | null} p50Us
 * @property {number | null} p99Us
 * @property {number} sent
 * @property {number} lost
 * @property {number} crossed replies that reached another client
 * @property {number} bad replies of the wrong size or content
 * @property {number} clientsOnSeveralServers
 * @property {readonly number[]} byServer replies of each backend
 * @property {number} residentBytes of the balancer at the end
 */

/** @param {{ namespace: { name: string, descriptors: number }, cpu: number, backends: readonly string[], servers: object }} options */
export async function openBed({ namespace, cpu, backends, servers }) {
  const child = startChild(namespace, cpu, {
    label: "test bed",
    program: "chrt",
    // Batch: the generator and the backends take turns on their CPU instead of waking each other for every datagram.
    args: ["--batch", "0", process.execPath, SCRIPT],
    ipc: true,
  });
  try {
    await child.ask({ type: "open", backends, ...servers });
  } catch (error) {
    await child.stop();
    throw error;
  }
  return {
    pid: child.pid,
    /** @returns {Promise<LoadFigures>} */
    async load(request) {
      return toFigures(await child.ask({ type: "load", ...request }), request);
    },
    close: () => child.stop(),
  };
}

function toFigures({ first, last, result }, { cpus }) {
  const ns = (last.atMs - first.atMs) * 1e6;
  const replies = last.counts.answered - first.counts.answered;
  const arrived = totalOf(last.received, "datagrams") - totalOf(first.received, "datagrams");
  const bytes = totalOf(last.received, "bytes") - totalOf(first.received, "bytes");
  const balancerNs = last.balancerNs - first.balancerNs;
  const bedNs = last.bedNs - first.bedNs;
  const busyNs = cpus.map((_, i) => ns - (last.idleNs[i] - first.idleNs[i]));
  return {
    seconds: ns / 1e9,
    repliesPerSecond: (replies / ns) * 1e9,
    gbitPerSecond: (8 * bytes) / ns,
    cpuNsPerDatagram: balancerNs / (arrived + replies),
    balancerUtilisation: balancerNs / ns,
    bedUtilisation: bedNs / ns,
    foreignShare: foreignShare(cpus, busyNs, balancerNs, bedNs, ns),
    p50Us: result.latency && result.latency.p50Ms * 1000,
    p99Us: result.latency && result.latency.p99Ms * 1000,
    sent: result.sent,
    lost: result.lost,
    crossed: result.crossed,
    bad: result.bad,
    clientsOnSeveralServers: result.clientsOnSeveralServers,
    byServer: result.byTag.map(({ count }) => count),
    residentBytes: last.residentBytes,
  };
}

/** `cpus` are the balancer's and the bed's; they may be the same. */
function foreignShare(cpus, busyNs, balancerNs, bedNs, ns) {
  const shares =
    cpus[0] === cpus[1] ? [busyNs[0] - balancerNs - bedNs] : [busyNs[0] - balancerNs, busyNs[1] - bedNs];
  return Math.max(0, ...shares) / ns;
}

function totalOf(counts, name) {
  return counts.reduce((sum, count) => sum + count[name], 0);
}
