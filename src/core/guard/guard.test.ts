import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parsePrefix } from "../address.js";
import type { FlowEnd } from "../counters.js";
import type { DropReason } from "../drop-reason.js";
import { ForwarderRig } from "../forwarder-rig.testing.js";
import type { GuardEntry, GuardRates, ListenerEntry, PoolEntry } from "../snapshot.js";
import { buildBackend, buildListener, buildPool, CLIENT, CLIENT_IP } from "../snapshot-builder.testing.js";
import { createPrefixSet } from "./prefix-set.js";

type Overrides = Partial<Omit<GuardEntry, "perClient" | "perNetwork">> & {
  readonly perClient?: Partial<GuardRates>;
  readonly perNetwork?: Partial<GuardRates>;
};

const NO_RATES = { datagramsPerS: 0, bytesPerS: 0, newFlowsPerS: 0, burstMs: 1000 };

function buildGuard(overrides: Overrides = {}): GuardEntry {
  return {
    prefixes: undefined,
    allowOnly: false,
    amplification: 0,
    maxTracked: 1024,
    ...overrides,
    perClient: { prefix4: 32, prefix6: 64, ...NO_RATES, ...overrides.perClient },
    perNetwork: { prefix4: 24, prefix6: 56, ...NO_RATES, ...overrides.perNetwork },
  };
}

function buildLists(deny: string[], allow: string[] = [], exempt: string[] = []): Int32Array {
  return createPrefixSet([deny, allow, exempt].map((list) => list.map((text) => parsePrefix(text))));
}

function parts(
  guard: GuardEntry | undefined,
  pool: Partial<PoolEntry> = {},
  session: Partial<ListenerEntry["session"]> = {},
) {
  return {
    listeners: [buildListener({ guard, session })],
    pools: [buildPool({ affinity: CLIENT, backends: [buildBackend(0), buildBackend(1)], ...pool })],
  };
}

const rig = (guard: Overrides, pool?: Partial<PoolEntry>, session?: Partial<ListenerEntry["session"]>) =>
  new ForwarderRig(parts(buildGuard(guard), pool, session));
const count = (all: readonly (number | DropReason)[], reason?: DropReason) =>
  all.filter((one) => (reason === undefined ? typeof one === "number" : one === reason)).length;

describe("Guard: lists", () => {
  it("drops who is on the deny list, also when allowed or exempt", () => {
    const lists = ["192.0.2.0/24"];
    const r = rig({ prefixes: buildLists(lists, lists, lists), allowOnly: true });
    assert.equal(r.send("192.0.2.9:1"), "denied");
    assert.deepEqual(r.drops(), { denied: 1 });
    assert.equal(r.listener("requests"), 1, "it is a request all the same");
    assert.equal(r.active(), 0);
  });

  it("lets only those on the allow list pass, where it is in force", () => {
    const prefixes = buildLists([], ["192.0.2.0/24", "2001:db8::/32"]);
    const r = rig({ prefixes, allowOnly: true });
    assert.equal(r.send("192.0.3.9:1"), "not_allowed");
    assert.equal(count([r.send("192.0.2.9:1"), r.send("[2001:db8::1]:1")]), 2);
    assert.equal(count([rig({ prefixes }).send("192.0.3.9:1")]), 1);
  });

  it("leaves the exempt out of the rates", () => {
    const r = rig({
      prefixes: buildLists([], [], ["192.0.2.0/24"]),
      perClient: { datagramsPerS: 5, newFlowsPerS: 1 },
    });
    assert.equal(count(r.sendMany("192.0.2.9:1", 100)), 100);
    assert.equal(count([r.send("192.0.2.9:2"), r.send("192.0.2.9:3"), r.send("192.0.2.9:4")]), 3);
    assert.equal(count(r.sendMany("192.0.3.9:1", 100)), 5);
  });
});

describe("Guard: rates", () => {
  it("hold for a client address over all its ports, and for nobody else", () => {
    const r = rig({ perClient: { datagramsPerS: 10 } });
    const flood = Array.from({ length: 100 }, (_, i) => r.send(`192.0.2.1:${i + 1}`));
    assert.equal(count(flood), 10);
    assert.deepEqual(r.drops(), { rate_datagrams: 90 });
    assert.equal(r.active(), 10, "a dropped datagram starts no flow");
    assert.equal(count(r.sendMany("192.0.2.2:1", 10)), 10);
    r.nowMs = 300;
    assert.equal(count(r.sendMany("192.0.2.1:1", 10)), 3);
  });

  it("hold for the network too, and take nothing from it for what the client's own rate drops", () => {
    const r = rig({ perClient: { datagramsPerS: 10 }, perNetwork: { datagramsPerS: 25 } });
    assert.equal(count(r.sendMany("192.0.2.1:1", 100)), 10);
    assert.equal(count(r.sendMany("192.0.2.2:1", 100)), 10);
    assert.equal(count(r.sendMany("192.0.2.3:1", 100)), 5);
    assert.equal(count(r.sendMany("192.0.3.1:1", 100)), 10);
    r.nowMs = 200;
    assert.equal(count(r.sendMany("192.0.2.3:1", 100)), 5, "the network's drops cost the client nothing");
  });

  it("count bytes", () => {
    const r = rig({ perClient: { bytesPerS: 1000 } });
    assert.equal(count(r.sendMany("192.0.2.1:1", 20)), 10);
    assert.deepEqual(r.drops(), { rate_bytes: 10 });
  });

  it("count new flows, but not datagrams of flows that are there", () => {
    for (const affinity of [CLIENT, CLIENT_IP]) {
      const r = rig({ perClient: { newFlowsPerS: 3 } }, { affinity });
      const verdicts = Array.from({ length: 10 }, (_, i) => r.send(`192.0.2.1:${i + 1}`));
      assert.equal(count(verdicts), 3);
      assert.deepEqual(r.drops(), { rate_new_flows: 7 });
      assert.equal(count(r.sendMany("192.0.2.1:1", 50)), 50);
      assert.equal(r.active(), 3);
    }
  });

  it("count a flow to each backend where the affinity is none", () => {
    const r = rig({ perNetwork: { newFlowsPerS: 2 } }, { affinity: { kind: "none" } });
    assert.equal(count(r.sendMany("192.0.2.1:1", 10)), 10);
    assert.equal(r.send("192.0.2.2:1"), "rate_new_flows");
  });

  it("do not count a flow that moves because of its backend", () => {
    const r = rig({ perClient: { newFlowsPerS: 1 } });
    const backend = r.send("192.0.2.1:1") as number;
    const backends = [buildBackend(1 - backend), buildBackend(backend, { admitted: false })];
    r.reload(parts(buildGuard({ perClient: { newFlowsPerS: 1 } }), { backends }));
    assert.equal(r.send("192.0.2.1:1"), 1 - backend);
  });

  it("are remembered over a reload that does not change them", () => {
    const perClient = { datagramsPerS: 10 };
    const r = rig({ perClient });
    assert.equal(count(r.sendMany("192.0.2.1:1", 10)), 10);
    r.reload(parts(buildGuard({ perClient, prefixes: buildLists(["10.0.0.0/8"]) })));
    assert.equal(r.send("192.0.2.1:1"), "rate_datagrams");
    assert.equal(r.send("10.0.0.1:1"), "denied");
    r.reload(parts(buildGuard({ perClient: { datagramsPerS: 11 } })));
    assert.equal(count(r.sendMany("192.0.2.1:1", 20)), 11);
    r.reload(parts(undefined));
    assert.equal(count(r.sendMany("192.0.2.1:1", 20)), 20);
  });

  it("are counted in bursts too: a listener with them takes no bursts unjudged", () => {
    const keeps = (guard: Overrides) => rig(guard).forwarder.keepsBursts(0);
    assert.equal(keeps({ perClient: { datagramsPerS: 1 } }), false);
    assert.equal(keeps({ perNetwork: { bytesPerS: 1 } }), false);
    assert.equal(keeps({ perClient: { newFlowsPerS: 1 }, prefixes: buildLists(["10.0.0.0/8"]) }), true);
    assert.equal(new ForwarderRig(parts(undefined)).forwarder.keepsBursts(0), true);
  });
});

describe("Guard: amplification", () => {
  it("holds replies to a multiple of the requests until the client goes on after one", () => {
    const r = rig({ amplification: 3 });
    const flow = r.request("192.0.2.1:1", 0, 100);
    assert.equal(r.reply(flow, 301), "amplification");
    assert.equal(r.reply(flow, 200), "forward");
    assert.equal(r.reply(flow, 101), "amplification");
    assert.equal(r.reply(flow, 100), "forward");
    assert.deepEqual(r.replyDrops(), { amplification: 2 });
    assert.deepEqual([r.listener("replies"), r.listener("replyBytes")], [2, 300]);
    r.request("192.0.2.1:1", 0, 1);
    assert.equal(r.reply(flow, 60_000), "forward");
  });

  it("is not lifted by requests that come before the first reply", () => {
    const r = rig({ amplification: 2 });
    const flow = r.request("192.0.2.1:1", 0, 10);
    for (let i = 0; i < 9; i++) r.request("192.0.2.1:1", 0, 10);
    assert.equal(r.reply(flow, 201), "amplification");
    assert.equal(r.reply(flow, 200), "forward");
  });

  it("lets a backend whose reply is withheld count as one that answers", () => {
    const r = rig({ amplification: 1 });
    const flow = r.request("192.0.2.1:1", 0, 10);
    const backend = r.backendOf(flow);
    assert.equal(r.backend(backend, "outstanding"), 1);
    r.reply(flow, 11);
    assert.equal(r.backend(backend, "replies"), 1);
    assert.equal(r.backend(backend, "outstanding"), 0);
  });

  it("ends a flow whose last reply is withheld", () => {
    const r = rig({ amplification: 1 }, {}, { responses: 1 });
    const flow = r.request("192.0.2.1:1", 0, 10);
    assert.equal(r.reply(flow, 11), "amplification");
    assert.equal(r.active(), 0);
    assert.deepEqual(r.ended(), { answered: 1 } satisfies Partial<Record<FlowEnd, number>>);
    assert.equal(r.host.closed[0].unanswered, false);
    assert.equal(r.reply(flow, 1), "late_reply");
  });

  it("keeps the proof when the flow moves", () => {
    const settings = buildGuard({ amplification: 1 });
    const r = new ForwarderRig(parts(settings));
    const flow = r.request("192.0.2.1:1", 0, 10);
    assert.equal(r.reply(flow, 10), "forward");
    r.request("192.0.2.1:1", 0, 10);
    const left = r.backendOf(flow);
    r.reload(
      parts(settings, { backends: [buildBackend(left, { admitted: false }), buildBackend(1 - left)] }),
    );
    const moved = r.request("192.0.2.1:1", 0, 10);
    assert.notEqual(moved, flow);
    assert.equal(r.reply(moved, 5000), "forward");
  });

  it("takes bursts of replies only for clients that have proved their address", () => {
    const r = rig({ amplification: 1 });
    const flow = r.request("192.0.2.1:1", 0, 10);
    assert.equal(r.forwarder.takesReplyBursts(flow), false);
    r.reply(flow, 10);
    assert.equal(r.forwarder.takesReplyBursts(flow), false);
    r.request("192.0.2.1:1", 0, 10);
    assert.equal(r.forwarder.takesReplyBursts(flow), true);
  });
});
