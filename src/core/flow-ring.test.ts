import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createCounters, FLOW_ENDS } from "./counters.js";
import { takeEndedFlows } from "./ended-flow.js";
import * as R from "./flow-record.js";
import { FLOW_RING_BYTES, FlowRing, FlowRingReader } from "./flow-ring.js";
import { Forwarder } from "./forwarder.js";
import { ForwarderRig, RecordingHost } from "./forwarder-rig.testing.js";
import { writeIpWords } from "./ip-words.js";
import { buildBackend, buildListener, buildPool, buildSnapshot, CLIENT } from "./snapshot-builder.testing.js";

const CAPACITY = 16_384;

function open(random = () => 0) {
  const memory = new SharedArrayBuffer(FLOW_RING_BYTES);
  return { ring: new FlowRing(memory, random), reader: new FlowRingReader(memory), memory };
}

function recordOf(number: number): Uint32Array {
  const record = new Uint32Array(R.RECORD_WORDS);
  record[R.REQUESTS] = number;
  return record;
}

const numbersIn = (reader: FlowRingReader) => takeEndedFlows(reader).map(({ requests }) => requests);

describe("FlowRing", () => {
  it("gives what was added once, in order, with why it ended", () => {
    const { ring, reader } = open();
    for (let i = 0; i < FLOW_ENDS.length; i++) ring.add(recordOf(i), 0, i);
    const flows = takeEndedFlows(reader);
    assert.deepEqual(
      flows.map(({ end }) => end),
      [...FLOW_ENDS],
    );
    assert.deepEqual(
      flows.map(({ requests }) => requests),
      [...FLOW_ENDS.keys()],
    );
    assert.deepEqual(takeEndedFlows(reader), []);
  });

  it("goes round, and on after another writer", () => {
    const { ring, reader, memory } = open();
    for (let i = 0; i < 3 * CAPACITY; i += 1000) {
      const numbers = Array.from({ length: 1000 }, (_, j) => i + j);
      for (const number of numbers) ring.add(recordOf(number), 0, 0);
      assert.deepEqual(numbersIn(reader), numbers);
    }
    ring.add(recordOf(1), 0, 0);
    new FlowRing(memory, () => 0).add(recordOf(2), 0, 0);
    assert.deepEqual(numbersIn(reader), [1, 2]);
  });

  it("keeps the oldest and counts the others when nobody reads", () => {
    const { ring, reader } = open();
    for (let i = 0; i < CAPACITY + 5; i++) ring.add(recordOf(i), 0, 0);
    assert.equal(reader.lost, 5);
    const numbers = numbersIn(reader);
    assert.deepEqual([numbers.length, numbers[0], numbers.at(-1)], [CAPACITY, 0, CAPACITY - 1]);
    ring.add(recordOf(7), 0, 0);
    assert.deepEqual(numbersIn(reader), [7]);
  });

  it("does not stop when its counts go round at 2^32", () => {
    const { ring, reader, memory } = open();
    new Int32Array(memory).fill(-3, 0, 2);
    for (let i = 0; i < CAPACITY + 2; i++) ring.add(recordOf(i), 0, 0);
    assert.equal(reader.lost, 2);
    assert.equal(numbersIn(reader).length, CAPACITY);
    new Int32Array(memory).fill(0x7ffffffe, 0, 2);
    for (let i = 0; i < 5; i++) ring.add(recordOf(i), 0, 0);
    assert.deepEqual(numbersIn(reader), [0, 1, 2, 3, 4]);
  });

  it("keeps the part of the flows that it is to", () => {
    const numbers = [0, 0.25, 0.5, 0.75];
    let at = 0;
    const { ring, reader } = open(() => numbers[at++ % 4]);
    ring.sample = 0.5;
    for (let i = 0; i < 100; i++) ring.add(recordOf(i % 4), 0, 0);
    assert.deepEqual([...new Set(numbersIn(reader))], [0, 1]);
  });
});

describe("a forwarder with a ring", () => {
  const pools = [buildPool({ affinity: CLIENT, backends: [buildBackend(0), buildBackend(1)] })];
  const parts = { pools, listeners: [buildListener({ slot: 2, session: { idleTimeoutMs: 500 } })] };

  function start(logSample: number | undefined) {
    const { ring, reader } = open();
    const snapshot = { ...buildSnapshot(parts), ...(logSample && { logSample }) };
    const forwarder = new Forwarder(snapshot, {
      ...{ host: new RecordingHost(), counters: createCounters(), random: () => 0, seed: 1, log: ring },
    });
    const request = (client: string, nowMs: number) => {
      writeIpWords(client, forwarder.key, 0);
      forwarder.key[R.KEY_PORT] = 4000;
      return forwarder.fromClient(2, 100, nowMs);
    };
    return { forwarder, reader, request, snapshot };
  }

  it("notes a flow as it ended: counts, times, reason", () => {
    const { forwarder, reader, request } = start(1);
    const flow = request("192.0.2.1", 10);
    request("192.0.2.1", 20);
    forwarder.fromBackend(flow, 30, 25.5);
    forwarder.expire(1000, 10);
    assert.deepEqual(takeEndedFlows(reader), [
      {
        client: "192.0.2.1:4000",
        listenerSlot: 2,
        backendSlot: 0,
        requests: 2,
        requestBytes: 200,
        replies: 1,
        replyBytes: 30,
        durationMs: 15.5,
        end: "idle",
        moves: 0,
      },
    ]);
  });

  it("counts the moves of a client from flow to flow", () => {
    const { forwarder, reader, request, snapshot } = start(1);
    for (let round = 0; round < 34; round++) {
      request("2001:db8::1", round);
      const down = (slot: number) => buildBackend(slot, { admitted: round % 2 !== slot });
      forwarder.apply({ ...snapshot, pools: [{ ...pools[0], backends: [down(0), down(1)] }] });
    }
    forwarder.endEverything();
    const flows = takeEndedFlows(reader).toSorted((a, b) => a.moves - b.moves);
    assert.deepEqual(flows.map(({ moves }) => moves).slice(0, 32), [...Array(32).keys()]);
    assert.deepEqual([flows.at(-1)?.moves, flows.length], [31, 34]);
    assert.deepEqual(flows.filter(({ end }) => end === "moved").length, 33);
  });

  it("notes nothing unless the snapshot says so", () => {
    const { forwarder, reader, request, snapshot } = start(undefined);
    request("192.0.2.1", 0);
    forwarder.endEverything();
    assert.deepEqual(takeEndedFlows(reader), []);
    forwarder.apply({ ...snapshot, logSample: 1 });
    request("192.0.2.1", 0);
    forwarder.endEverything();
    assert.equal(takeEndedFlows(reader).length, 1);
    forwarder.apply(snapshot);
    request("192.0.2.1", 0);
    forwarder.endEverything();
    assert.deepEqual(takeEndedFlows(reader), []);
    assert.equal(new ForwarderRig(parts).forwarder.table.live, 0);
  });
});
