// What is measured: each row is a load, the balancers it is put on, and the figures they are compared by.
import { dnsdistInTurn } from "../peers/dnsdist.js";
import { nginxByClient, nginxInTurn } from "../peers/nginx.js";
import { penByClient } from "../peers/pen.js";
import { naiveProxy, portableSluice, scrapedSluice, sluice } from "../peers/sluice.js";
import { cpu, p50, p99, received, replies } from "./figures.js";
import { manyFlowsRow } from "./many-flows.js";
import { steadyRow } from "./steady.js";

/**
 * @typedef {object} Row
 * @property {string} id
 * @property {string} title
 * @property {readonly object[]} contestants sluice first; then the peers that are installed
 * @property {readonly import("./figures.js").Figure[]} figures
 * @property {Readonly<Record<string, object>>} loads by name, in order: each a load plan, which may bring a
 *   `warmupMs` of its own, and `datagrams` to run for instead of a time
 * @property {boolean} [keepsClients] every client must stay on one backend
 * @property {boolean} [oneCpu] generator, balancer and backends share one CPU
 * @property {{ gso?: boolean, sink?: boolean }} [servers]
 * @property {boolean} [tellsMemory] after each load the balancer is asked for its memory, over IPC
 */

const PLAN = { clients: 8, inFlight: 256, sizeBytes: 64, distinctAddresses: true };
const GSO = { ...PLAN, gso: true };

/**
 * @param {{ nginx?: object, dnsdist?: object, pen?: object }} installed
 * @param {{ flows: number, datagrams: number }} sizes
 * @returns {Row[]}
 */
export function createRows({ nginx, dnsdist, pen }, { flows, datagrams }) {
  const byClient = nginx ? [nginxByClient(nginx)] : [];
  const inTurn = nginx ? [nginxInTurn(nginx)] : [];
  const keep = sluice("--affinity", "client");
  const deal = sluice("--affinity", "none");
  return [
    {
      id: "affinity",
      title: "Affinity by client: 64 bytes, 8 clients, 256 in flight",
      contestants: [keep, ...byClient, ...(pen ? [penByClient(pen)] : [])],
      loads: { main: PLAN },
      keepsClients: true,
      figures: [cpu, replies, p99],
    },
    {
      id: "affinity-gso",
      title: "Affinity by client, clients and backends sending bursts (GSO)",
      contestants: [keep, ...byClient],
      loads: { main: GSO },
      servers: { gso: true },
      keepsClients: true,
      figures: [cpu, replies],
    },
    {
      id: "in-turn",
      title: "Every datagram in turn: 64 bytes, 8 clients, 256 in flight",
      contestants: [deal, ...inTurn, ...(dnsdist ? [dnsdistInTurn(dnsdist)] : [])],
      loads: { main: PLAN },
      figures: [cpu, replies],
    },
    {
      id: "in-turn-gso",
      title: "Every datagram in turn, clients and backends sending bursts (GSO)",
      contestants: [deal, ...inTurn],
      loads: { main: GSO },
      servers: { gso: true },
      figures: [cpu, replies],
    },
    {
      id: "one-way",
      title: "One-way bulk: 1,200 bytes in bursts of 16, six flows",
      contestants: [keep, ...byClient],
      loads: { main: { ...GSO, clients: 6, sizeBytes: 1200, burst: 16, oneWay: true } },
      servers: { gso: true, sink: true },
      figures: [received, cpu],
    },
    {
      id: "thousand-clients",
      title: "1,000 clients with one datagram in flight each",
      contestants: [keep, ...byClient],
      loads: { main: { ...PLAN, clients: 1000, inFlight: 1000 } },
      keepsClients: true,
      figures: [cpu, replies],
    },
    {
      id: "flow-per-request",
      title: "A new flow for every request",
      contestants: [sluice("--requests", "1", "--responses", "1"), ...inTurn],
      loads: { main: PLAN },
      figures: [cpu, replies],
    },
    {
      id: "one-at-a-time",
      title: "One datagram in flight, everything on one CPU",
      contestants: [keep, ...byClient],
      loads: { main: { ...PLAN, clients: 1, inFlight: 1 } },
      oneCpu: true,
      figures: [p50],
    },
    {
      id: "scraped",
      title: "Metrics scraped every second: affinity by client, 8 clients, 256 in flight",
      contestants: [scrapedSluice("--affinity", "client"), { ...keep, name: "sluice without an admin side" }],
      loads: { main: PLAN },
      keepsClients: true,
      figures: [cpu, replies],
    },
    manyFlowsRow([keep, ...byClient], PLAN, flows),
    steadyRow(GSO, datagrams),
    {
      id: "portable",
      title: "The portable plane: affinity by client, 8 clients, 256 in flight",
      contestants: [portableSluice("--affinity", "client"), naiveProxy()],
      loads: { main: PLAN },
      keepsClients: true,
      figures: [cpu, replies],
    },
  ];
}
