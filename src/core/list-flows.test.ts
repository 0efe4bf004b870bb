import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as R from "./flow-record.js";
import { ForwarderRig } from "./forwarder-rig.testing.js";
import { type FlowQuery, type ListedFlow, listFlows, listRecords } from "./list-flows.js";
import { buildListener, buildPool, CLIENT } from "./snapshot-builder.testing.js";

describe("listFlows", () => {
  it("reads clients, counts and times", () => {
    const rig = new ForwarderRig({
      listeners: [buildListener({ slot: 2 })],
      pools: [buildPool({ affinity: CLIENT })],
    });
    rig.nowMs = 100;
    const flow = rig.request("192.0.2.1:65535", 2, 10);
    rig.request("192.0.2.1:65535", 2, 20);
    rig.request("[2001:db8::1]:53", 2, 5);
    rig.nowMs = 150.5;
    rig.reply(flow, 7);
    const common = { listenerSlot: 2, ageMs: 100, open: true, ofWholeClient: true, binding: -1 };
    assert.deepEqual(listFlows(rig.forwarder.table, 200, { limit: 10 }), [
      {
        ...common,
        id: { worker: 0, flow, createdMs: 100, serial: 1 },
        client: "192.0.2.1:65535",
        backendSlot: 0,
        requests: 2,
        replies: 1,
        requestBytes: 30,
        replyBytes: 7,
        idleMs: 49.5,
      },
      {
        ...common,
        id: { worker: 0, flow: flow + 1, createdMs: 100, serial: 2 },
        client: "[2001:db8::1]:53",
        backendSlot: 1,
        requests: 1,
        replies: 0,
        requestBytes: 5,
        replyBytes: 0,
        idleMs: 100,
      },
    ]);
  });

  it("leaves ended flows out, says which take no more requests, and heeds its limit", () => {
    const listeners = [buildListener({ session: { requests: 1 } })];
    const rig = new ForwarderRig({ listeners });
    const flows = [1, 2, 3].map((port) => rig.request(`192.0.2.1:${port}`));
    rig.forwarder.fail(flows[0]);
    const clients = (limit: number) =>
      listFlows(rig.forwarder.table, 0, { limit }).map(({ client, open }) => [client, open]);
    assert.deepEqual(clients(9), [
      ["192.0.2.1:2", false],
      ["192.0.2.1:3", false],
    ]);
    assert.deepEqual(clients(1), [["192.0.2.1:2", false]]);
    assert.deepEqual(clients(0), []);
  });

  describe("with a query", () => {
    const pools = [buildPool({ affinity: CLIENT })];
    const rig = new ForwarderRig({ listeners: [buildListener(), buildListener({ slot: 1 })], pools });
    const addresses = ["192.0.2.1:1", "192.0.2.1:2", "192.0.3.1:1", "[2001:db8::1]:1"];
    for (const address of addresses) for (const listener of [0, 1]) rig.request(address, listener);
    const clients = (query: Partial<FlowQuery>) =>
      listFlows(rig.forwarder.table, 0, { limit: 99, ...query }).map(({ client }) => client);
    const match = (words: number[], bits: number, port?: number) => ({ client: { words, bits, port } });
    const first = [0, 0, 0xffff, 0xc0000201];

    it("lists the flows of an address, of a port of it, and of a prefix", () => {
      assert.deepEqual(
        clients(match(first, 128)),
        addresses.slice(0, 2).flatMap((one) => [one, one]),
      );
      assert.deepEqual(clients(match(first, 128, 2)), [addresses[1], addresses[1]]);
      assert.deepEqual(
        new Set(clients(match([0, 0, 0xffff, 0xc0000000], 112))),
        new Set(addresses.slice(0, 3)),
      );
      assert.deepEqual(clients(match([0x20010db8, 0, 0, 0], 33)), [addresses[3], addresses[3]]);
      assert.equal(clients(match([0, 0, 0, 0], 0)).length, 8);
      assert.deepEqual(clients(match([0, 0, 0xffff, 0xc0000202], 128)), []);
    });

    it("lists those of some listeners and backends", () => {
      assert.deepEqual(clients({ listeners: new Set([1]) }), addresses);
      assert.deepEqual(clients({ listeners: new Set() }), []);
      const counts = [0, 1, 2].map((slot) => clients({ backends: new Set([slot]) }).length);
      assert.deepEqual(counts, [3, 3, 2]);
      assert.equal(clients({ listeners: new Set([0]), backends: new Set([0]) }).length, 2);
    });

    it("lists page after page, also after a flow that has ended", () => {
      const { table } = rig.forwarder;
      const all = listFlows(table, 0, { limit: 99 });
      const pages: ListedFlow[] = [];
      for (let page = listFlows(table, 0, { limit: 3 }); page.length > 0; ) {
        pages.push(...page);
        page = listFlows(table, 0, { limit: 3, after: page.at(-1)?.id });
      }
      assert.deepEqual(pages, all);
      rig.forwarder.fail(all[2].id.flow);
      assert.deepEqual(listFlows(table, 0, { limit: 1, after: all[2].id }), [all[3]]);
      assert.deepEqual(listFlows(table, 0, { limit: 1, after: { ...all[2].id, worker: 1 } }), []);
    });
  });

  it("ends where no record was used, in memory of which only a part is known to be", () => {
    const rig = new ForwarderRig({ pools: [buildPool({ affinity: CLIENT })] });
    rig.nowMs = 5;
    for (let port = 1; port <= 5; port++) rig.request(`192.0.2.1:${port}`);
    const { table } = rig.forwarder;
    table.u32[8 * R.RECORD_WORDS + R.STATE] = R.OPEN;
    const records = { worker: 3, memory: table.u32.buffer, capacity: 9, used: 2 };
    assert.equal(listRecords(records, 5, { limit: 99 }).length, 5);
    assert.equal(listRecords({ ...records, used: 7 }, 5, { limit: 99 }).length, 5);
    assert.equal(listRecords({ ...records, used: 8 }, 5, { limit: 99 }).length, 5);
    assert.equal(listRecords({ ...records, used: 9 }, 5, { limit: 99 }).length, 6);
  });
});
