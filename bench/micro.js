/**
 * The forwarder alone, without sockets: nanoseconds for a request and its reply, and bytes for a flow, at a few and at many
 * live flows. What differs between them is cache misses. `node bench/micro.js` after a build.
 */

import { parseEndpoint } from "../dist/core/address.js";
import { COUNTER_WORDS, createCounters } from "../dist/core/counters.js";
import { Forwarder } from "../dist/core/forwarder.js";

const DATAGRAMS = 4_000_000;
const ROUNDS = 5;

const backend = (slot) => ({
  slot,
  name: `b${slot}`,
  address: parseEndpoint(`127.0.0.1:${9001 + slot}`),
  weight: 1,
  admin: "enabled",
  health: "up",
});

function createForwarder(flows) {
  const snapshot = {
    version: 1,
    listeners: [
      {
        slot: 0,
        name: "main",
        address: parseEndpoint("127.0.0.1:8000"),
        ipv6Only: false,
        poolSlot: 0,
        session: { idleTimeoutMs: 120_000, maxLifetimeMs: 0, requests: 0, responses: 0 },
        receiveBufferBytes: 0,
        sendBufferBytes: 0,
      },
    ],
    pools: [
      {
        slot: 0,
        name: "default",
        policy: "round-robin",
        affinity: { kind: "client" },
        failOpen: true,
        failover: { unhealthy: "move", draining: "keep", removed: "move" },
        backends: [backend(0), backend(1), backend(2)],
        maglevTableSize: 251,
      },
    ],
    limits: { maxFlows: flows, maxFlowsPerClientIp: 0, onFull: "drop" },
  };
  const host = { openUpstream: () => 0, closeUpstream: () => {} };
  return new Forwarder(snapshot, { host, counters: createCounters(), random: Math.random, seed: 1 });
}

/** Clients in an order that no prefetcher guesses. */
function exchange(forwarder, flows, datagrams) {
  const { key } = forwarder;
  let client = 1;
  for (let i = 0; i < datagrams; i++) {
    client = (Math.imul(client, 1_664_525) + 1_013_904_223) >>> 0;
    const number = client % flows;
    key[0] = 0;
    key[1] = 0;
    key[2] = 0xffff;
    key[3] = 0x0a000000 + (number >>> 8);
    key[4] = 0;
    key[5] = 1024 + (number & 0xff);
    const flow = forwarder.fromClient(0, 64, 1);
    forwarder.fromBackend(flow, 64, 1);
  }
}

/** Kept, so that no collection falls between the two looks at memory. */
const kept = [];

function measure(flows) {
  const before = process.memoryUsage();
  const forwarder = createForwarder(flows);
  kept.push(forwarder);
  exchange(forwarder, flows, flows * 20);
  const after = process.memoryUsage();
  const rounds = [];
  for (let round = 0; round < ROUNDS; round++) {
    const startedAt = process.hrtime.bigint();
    exchange(forwarder, flows, DATAGRAMS);
    rounds.push(Number(process.hrtime.bigint() - startedAt) / DATAGRAMS);
  }
  rounds.sort((a, b) => a - b);
  return {
    flows: forwarder.table.live,
    medianNs: rounds[Math.floor(ROUNDS / 2)],
    bytesPerFlow: (after.arrayBuffers - before.arrayBuffers - COUNTER_WORDS * 8) / flows,
  };
}

exchange(createForwarder(100), 100, 1_000_000);
for (const flows of [100, 1000, 10_000, 50_000, 200_000]) {
  const { flows: live, medianNs, bytesPerFlow } = measure(flows);
  const memory = flows < 10_000 ? "" : `, ${bytesPerFlow.toFixed(0)} bytes a flow`;
  console.log(`${live} flows: ${medianNs.toFixed(0)} ns for a request and its reply${memory}`);
}
