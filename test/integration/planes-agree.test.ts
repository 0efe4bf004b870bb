/**
 * The same script of datagrams through both planes, one after another so that everything is determined: the same replies,
 * the same verdicts, the same counters.
 */
import assert from "node:assert/strict";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import type { Stats } from "#src/api.js";
import { createBalancer } from "#src/balancer.js";
import type { ConfigInput } from "#src/config/config.js";

const CLIENTS = 3;
const BACKENDS = 3;
const REPLY_WITHIN_MS = 60_000;

/** One datagram of the script; a `silent` one is not answered by the backend. */
interface Step {
  readonly client: number;
  readonly size: number;
  readonly silent: boolean;
}

interface Script {
  readonly policy: "round-robin" | "maglev" | "least-flows";
  readonly affinity: string;
  readonly requests: number | "none";
  readonly responses: number | "none";
  readonly maxFlows: number;
  readonly weights: readonly number[];
  readonly steps: readonly Step[];
}

const scripts: fc.Arbitrary<Script> = fc.record({
  policy: fc.constantFrom("round-robin", "maglev", "least-flows"),
  affinity: fc.constantFrom("none", "client", "client-ip"),
  requests: fc.constantFrom<(number | "none")[]>("none", 1, 3),
  responses: fc.constantFrom<(number | "none")[]>("none", 1),
  maxFlows: fc.constantFrom(2, 5, 100),
  weights: fc.array(fc.integer({ min: 0, max: 3 }), { minLength: BACKENDS, maxLength: BACKENDS }),
  steps: fc.array(
    fc.record({
      client: fc.nat(CLIENTS - 1),
      size: fc.oneof(fc.constantFrom(1, 2, 1472, 1473, 20_000), fc.integer({ min: 1, max: 3000 })),
      silent: fc.boolean(),
    }),
    { minLength: 1, maxLength: 25 },
  ),
});

/** First byte of a datagram: whether the backend is to answer. */
const SILENT = 0;
const ANSWER = 1;

test("portable and batched planes: the same script gives the same replies and the same counters", {
  skip: process.platform === "linux" ? false : "the batched plane needs Linux",
}, async () => {
  const backends = await Promise.all(Array.from({ length: BACKENDS }, (_, index) => openBackend(index)));
  const clients = await Promise.all(Array.from({ length: CLIENTS }, () => openSocket()));
  try {
    await fc.assert(
      fc.asyncProperty(scripts, async (script) => {
        const portable = await play("portable", script, backends, clients);
        const batched = await play("batched", script, backends, clients, portable);
        assert.deepEqual(batched, portable);
      }),
      { numRuns: 25 },
    );
  } finally {
    for (const socket of [...backends, ...clients]) socket.close();
  }
});

/** What a script led to. */
interface Result {
  readonly replies: readonly string[];
  readonly counters: unknown;
}

/** @param expected what the counters should come to: a worker may still be counting what its client has seen already */
async function play(
  plane: "portable" | "batched",
  script: Script,
  backends: Socket[],
  clients: Socket[],
  expected?: Result,
): Promise<Result> {
  const balancer = await createBalancer(createConfig(plane, script, backends));
  try {
    const [, port] = balancer.listeners[0].address.split(":");
    const replies: string[] = [];
    for (const step of script.steps) {
      const before = balancer.stats();
      const payload = Buffer.alloc(step.size, step.silent ? SILENT : ANSWER);
      clients[step.client].send(payload, Number(port), "127.0.0.1");
      replies.push(await outcome(balancer.stats.bind(balancer), before, clients[step.client], step));
    }
    const deadline = Date.now() + REPLY_WITHIN_MS;
    let result: Result = { replies, counters: comparable(balancer.stats(), script) };
    while (expected !== undefined && !isDeepStrictEqual(result, expected) && Date.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 2));
      result = { replies, counters: comparable(balancer.stats(), script) };
    }
    return result;
  } finally {
    await balancer.close({ graceMs: 0 });
  }
}

/** Waits for the reply where one is due, else until the datagram has been counted. */
async function outcome(stats: () => Stats, before: Stats, client: Socket, step: Step): Promise<string> {
  const deadline = Date.now() + REPLY_WITHIN_MS;
  let reply: string | undefined;
  const onMessage = (message: Buffer) => {
    reply = `${message[0]} ${message.length}`;
  };
  client.on("message", onMessage);
  try {
    while (Date.now() < deadline) {
      const { listeners, backends, drops } = stats();
      const dropped = sum(drops) > sum(before.drops);
      const received = listeners[0].requests.datagrams;
      const forwarded = backends.reduce((total, { requests }) => total + requests.datagrams, 0);
      // A worker counts a datagram as received first, and a moment later as forwarded or dropped.
      const counted =
        received > before.listeners[0].requests.datagrams && received === forwarded + sum(drops);
      if (counted && dropped) return "dropped";
      if (counted && step.silent) return "forwarded";
      if (reply !== undefined) return reply;
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    throw new Error(`no outcome for ${JSON.stringify(step)} within ${REPLY_WITHIN_MS} ms`);
  } finally {
    client.off("message", onMessage);
  }
}

function comparable(stats: Stats, { steps }: Script) {
  const isAnswered = steps.every(({ silent }) => !silent);
  return {
    flows: { ...stats.flows, max: undefined },
    drops: stats.drops,
    replyDrops: stats.replyDrops,
    listeners: stats.listeners.map(({ name, address, ...counts }) => counts),
    // What people are told of a backend's health follows some time later, and after a second without a reply the count of requests
    // under way begins anew, and with it what is sampled.
    backends: stats.backends.map(
      ({ address, name, replyTime, stateForMs, health, reason, outstanding, ...counts }) => ({
        ...counts,
        ...(isAnswered && { outstanding, samples: replyTime.samples }),
      }),
    ),
  };
}

function createConfig(plane: "portable" | "batched", script: Script, backends: Socket[]): ConfigInput {
  const { policy, affinity, requests, responses, maxFlows, weights } = script;
  return {
    plane,
    workers: 1,
    listeners: [{ name: "main", address: "127.0.0.1:0", session: { requests, responses } }],
    pools: [
      {
        policy,
        affinity,
        passive: { refusals: false, silence: "off" },
        maglevTableSize: 251,
        backends: backends.map((socket, index) => ({
          name: `b${index}`,
          address: `127.0.0.1:${socket.address().port}`,
          weight: weights[index],
        })),
      },
    ],
    limits: { maxFlows },
  };
}

/** Answers with its own number and as many bytes as it got. */
async function openBackend(index: number): Promise<Socket> {
  const socket = await openSocket();
  socket.on("message", (message, rinfo) => {
    if (message[0] === ANSWER)
      socket.send(Buffer.alloc(message.length, 10 + index), rinfo.port, rinfo.address);
  });
  return socket;
}

async function openSocket(): Promise<Socket> {
  const socket = createSocket("udp4");
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  return socket;
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}
