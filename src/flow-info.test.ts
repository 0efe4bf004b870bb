import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { FlowFilter } from "./api.js";
import type { ListedFlow } from "./core/list-flows.js";
import { buildBackend, buildListener, buildPool, buildSnapshot } from "./core/snapshot-builder.testing.js";
import { createFlowQuery, listFlowInfo } from "./flow-info.js";

const flow: ListedFlow = {
  id: { worker: 1, flow: 7, createdMs: 36, serial: 35 },
  client: "192.0.2.1:4000",
  listenerSlot: 4,
  backendSlot: 1,
  requests: 3,
  replies: 2,
  requestBytes: 300,
  replyBytes: 200,
  ageMs: 10,
  idleMs: 5,
  open: true,
  ofWholeClient: true,
  binding: -1,
};

describe("listFlowInfo", () => {
  const snapshot = buildSnapshot({ listeners: [buildListener({ slot: 4, name: "dns" })] });

  it("turns slots into names", () => {
    assert.deepEqual(listFlowInfo([flow], snapshot), [
      {
        id: "1-7-10000z",
        client: "192.0.2.1:4000",
        listener: "dns",
        pool: "default",
        backend: "b1",
        requests: { datagrams: 3, bytes: 300 },
        replies: { datagrams: 2, bytes: 200 },
        ageMs: 10,
        idleMs: 5,
        open: true,
      },
    ]);
  });

  it("calls removed what the config no longer has", () => {
    const [info] = listFlowInfo([{ ...flow, listenerSlot: 5, backendSlot: 9 }], snapshot);
    assert.deepEqual([info.listener, info.pool, info.backend], ["(removed)", "(removed)", "(removed)"]);
  });
});

describe("createFlowQuery", () => {
  const snapshot = buildSnapshot({
    listeners: [buildListener({ slot: 4, name: "dns" })],
    pools: [
      buildPool({ slot: 0, name: "p", backends: [buildBackend(0), buildBackend(1)] }),
      buildPool({ slot: 1, name: "q", backends: [buildBackend(2, { name: "b1" })] }),
    ],
  });
  const query = (filter: FlowFilter) => createFlowQuery(filter, snapshot);

  it("asks for a thousand of all when nothing is said", () => {
    assert.deepEqual(query({}), { limit: 1000 });
  });

  it("turns names into slots; unknown ones into none", () => {
    assert.deepEqual(query({ limit: 5, listener: "dns", after: "1-7-10000z" }), {
      limit: 5,
      listeners: new Set([4]),
      after: flow.id,
    });
    const backends = (filter: FlowFilter) => [...(query(filter).backends ?? [])];
    assert.deepEqual(backends({ pool: "p" }), [0, 1]);
    assert.deepEqual(backends({ backend: "b1" }), [1, 2]);
    assert.deepEqual(backends({ backend: "q/b1" }), [2]);
    assert.deepEqual(backends({ pool: "q", backend: "b1" }), [2]);
    assert.deepEqual(backends({ pool: "q", backend: "p/b1" }), []);
    assert.deepEqual([...(query({ listener: "none" }).listeners ?? [1])], []);
  });

  it("reads clients: address, address and port, prefix", () => {
    const mapped = [0, 0, 0xffff, 0xc0000201];
    const long = [0x20010db8, 0, 0, 1];
    const client = (text: string) => query({ client: text }).client;
    assert.deepEqual(client("192.0.2.1"), { words: mapped, bits: 128, port: undefined });
    assert.deepEqual(client("192.0.2.1:53"), { words: mapped, bits: 128, port: 53 });
    assert.deepEqual(client("192.0.2.0/24"), {
      words: [0, 0, 0xffff, 0xc0000200],
      bits: 120,
      port: undefined,
    });
    assert.deepEqual(client("2001:db8::1"), { words: long, bits: 128, port: undefined });
    assert.deepEqual(client("[2001:db8::1]:53"), { words: long, bits: 128, port: 53 });
    assert.deepEqual(client("2001:db8::/32"), { words: [0x20010db8, 0, 0, 0], bits: 32, port: undefined });
  });

  it("refuses what it cannot read", () => {
    const code = "ARGUMENT_INVALID";
    for (const client of ["", "host", "192.0.2.1:x", "192.0.2.1/33", "[::1]", ":53", "1:2:3"])
      assert.throws(() => query({ client }), { code }, client);
    for (const after of ["", "1", "1-2", "1-2-", "-1-2-30000", "1-2-000", "1-2-00000 ", "01-2-00000"])
      assert.throws(() => query({ after }), { code }, after);
    assert.throws(() => query({ limit: -1 }), { code });
  });
});
