/** The load generator's schedule, which is a matter of time: an open loop beside a machine that does other things. */
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { type TestContext, test } from "node:test";
import { type Endpoint, parseEndpoint } from "#src/core/address.js";
import { type LoadOptions, runLoad } from "#src/loadgen/run-load.js";
import { judgedByControl } from "../support/against-control.js";

const skip = process.platform === "linux" ? false : "needs Linux";
const STALL_MS = 300;

/** A server in this thread that stands still for a while at the datagram with this number; -1 for never. */
async function openServer(t: TestContext, stallAt: number, answers: boolean): Promise<Endpoint> {
  const socket = createSocket("udp4");
  let count = 0;
  t.after(() => socket.close());
  socket.on("message", (payload, { port, address }) => {
    if (count++ === stallAt) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, STALL_MS);
    if (answers) socket.send(payload, port, address);
  });
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  return parseEndpoint(`127.0.0.1:${socket.address().port}`);
}

/** The control: the same schedule with a server that never stalls. Its slowest reply says how late this machine is. */
async function slowestMs(t: TestContext, plan: Omit<LoadOptions, "target">): Promise<number> {
  const { latency } = await runLoad({ target: await openServer(t, -1, true), ...plan });
  return latency?.maxMs ?? Number.POSITIVE_INFINITY;
}

test("runLoad: an open loop keeps its rate, and a stalled server shows in every reply time", {
  skip,
}, async (t) => {
  const plan = { ratePerSecond: 500, durationMs: 1000, warmupMs: 0, lossTimeoutMs: 60_000 };
  await judgedByControl(t, async () => {
    const controlMs = await slowestMs(t, plan);
    const result = await runLoad({ target: await openServer(t, 150, true), ...plan });
    assert.equal(result.lost, 0);
    const slow = result.histogram
      .filter(({ belowMs }) => belowMs > 100)
      .reduce((sum, { count }) => sum + count, 0);
    const faults = [];
    // What was due at the very end may not have been sent: as much as the machine stood still.
    const mayMiss = 10 + controlMs / 2;
    if (Math.abs(result.sent - 500) > mayMiss) faults.push(`${result.sent} of 500 sent`);
    if (slow < 75) faults.push(`of 150 datagrams due during the stall ${slow} count as slow`);
    return { faults, isControlGood: controlMs < 50, control: `slowest reply ${controlMs.toFixed(1)} ms` };
  });
});

test("runLoad: one way needs no replies", { skip }, async (t) => {
  const plan = { ratePerSecond: 2000, durationMs: 300, warmupMs: 0 };
  await judgedByControl(t, async () => {
    const controlMs = await slowestMs(t, { ...plan, lossTimeoutMs: 60_000 });
    const result = await runLoad({ target: await openServer(t, -1, false), oneWay: true, ...plan });
    assert.deepEqual([result.answered, result.lost, result.duplicate], [0, 0, 0]);
    const isOnTime = Math.abs(result.sent - 600) <= 10 + 2 * controlMs;
    return {
      faults: isOnTime ? [] : [`${result.sent} of 600 sent`],
      isControlGood: controlMs < 50,
      control: `slowest reply ${controlMs.toFixed(1)} ms`,
    };
  });
});
