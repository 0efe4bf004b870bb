import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ListedFlow } from "./core/list-flows.js";
import { buildListener, buildSnapshot } from "./core/snapshot-builder.testing.js";
import { listFlowInfo } from "./flow-info.js";

const flow: ListedFlow = {
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
};

describe("listFlowInfo", () => {
  const snapshot = buildSnapshot({ listeners: [buildListener({ slot: 4, name: "dns" })] });

  it("turns slots into names", () => {
    assert.deepEqual(listFlowInfo([flow], snapshot), [
      {
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
