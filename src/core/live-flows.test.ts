/** What happens to a live flow on every event: each test is a row of the table in docs/live-flows.md. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseEndpoint } from "./address.js";
import { ForwarderRig } from "./forwarder-rig.testing.js";
import type { BackendEntry, FailoverAction, PoolEntry } from "./snapshot.js";
import {
  buildBackend,
  buildListener,
  buildPool,
  CLIENT,
  CLIENT_IP,
  type SnapshotParts,
} from "./snapshot-builder.testing.js";

const A = "192.0.2.1:4000";
const B = "192.0.2.2:4000";

/** Three backends, the first one changed; `affinity` is `client` unless told. */
function withFirst(first: Partial<BackendEntry>, pool: Partial<PoolEntry> = {}): SnapshotParts {
  return {
    pools: [
      buildPool({
        affinity: CLIENT,
        backends: [buildBackend(0, first), buildBackend(1), buildBackend(2)],
        ...pool,
      }),
    ],
  };
}

function failover(actions: Partial<PoolEntry["failover"]>): Partial<PoolEntry> {
  return { failover: { unhealthy: "move", draining: "keep", removed: "move", ...actions } };
}

/** A rig where A's flow is on backend 0; the next new key gets backend 1. */
function boundToFirst(pool: Partial<PoolEntry> = {}): ForwarderRig {
  const rig = new ForwarderRig(withFirst({}, pool));
  assert.equal(rig.send(A), 0);
  return rig;
}

describe("a live flow whose backend goes down", () => {
  const down = { admitted: false } as const;

  it("moves to another backend with the next datagram", () => {
    const rig = boundToFirst();
    rig.reload(withFirst(down));
    assert.deepEqual(rig.sendMany(A, 3), [1, 1, 1]);
    assert.equal(rig.listener("movedFlows"), 1);
  });

  it("stays with `keep`, while new keys go elsewhere", () => {
    const rig = boundToFirst();
    rig.reload(withFirst(down, failover({ unhealthy: "keep" })));
    assert.equal(rig.send(A), 0);
    assert.equal(rig.send(B), 1);
    assert.equal(rig.listener("movedFlows"), 0);
  });

  it("is dropped with `drop`, until it has been idle", () => {
    const rig = boundToFirst();
    rig.reload(withFirst(down, failover({ unhealthy: "drop" })));
    assert.deepEqual(rig.sendMany(A, 2), ["backend_down", "backend_down"]);
    assert.deepEqual(rig.drops(), { backend_down: 2 });
    rig.nowMs = 120_000;
    assert.equal(rig.send(A), 1);
  });

  it("moves for both reasons where it is draining too", () => {
    const rig = boundToFirst();
    rig.reload(withFirst({ ...down, admin: "draining" }));
    assert.equal(rig.send(A), 1);
  });

  it("stays when nobody is up and the pool fails open, and new keys get everyone", () => {
    const rig = boundToFirst();
    const backends = [0, 1, 2].map((slot) => buildBackend(slot, down));
    rig.reload(withFirst({}, { backends, failOpen: true }));
    assert.equal(rig.send(A), 0);
    assert.deepEqual([rig.send(B), rig.send("192.0.2.3:1"), rig.send("192.0.2.4:1")], [1, 2, 0]);
  });

  for (const unhealthy of ["move", "keep", "drop"] as const satisfies FailoverAction[]) {
    it(`with nobody up, \`failOpen: false\` and \`${unhealthy}\``, () => {
      const rig = boundToFirst();
      const backends = [0, 1, 2].map((slot) => buildBackend(slot, down));
      rig.reload(withFirst({}, { backends, failOpen: false, ...failover({ unhealthy }) }));
      const expected = { move: "no_backend", keep: 0, drop: "backend_down" } as const;
      assert.equal(rig.send(A), expected[unhealthy]);
      assert.equal(rig.send(B), "no_backend");
    });
  }

  it("goes on where it was when the backend is back before its next datagram", () => {
    const rig = boundToFirst();
    rig.reload(withFirst(down));
    rig.reload(withFirst({}));
    assert.equal(rig.send(A), 0);
  });

  it("stays where it moved to when the backend comes back up", () => {
    const rig = boundToFirst();
    rig.reload(withFirst(down));
    assert.equal(rig.send(A), 1);
    rig.reload(withFirst({}));
    assert.deepEqual(rig.sendMany(A, 3), [1, 1, 1]);
  });

  it("returns with `maglev` when it has ended", () => {
    const maglev = { policy: "maglev" } as const;
    const rig = new ForwarderRig(withFirst({}, maglev));
    const clients = Array.from({ length: 60 }, (_, i) => `192.0.2.${i}:4000`);
    const before = clients.map((client) => rig.send(client));
    rig.reload(withFirst(down, maglev));
    const during = clients.map((client) => rig.send(client));
    assert.ok(during.every((slot) => slot !== 0));
    rig.reload(withFirst({}, maglev));
    assert.deepEqual(
      clients.map((client) => rig.send(client)),
      during,
    );
    rig.nowMs = 120_000;
    assert.deepEqual(
      clients.map((client) => rig.send(client)),
      before,
    );
  });
});

describe("a live flow whose backend is drained", () => {
  const draining = { admin: "draining" } as const;

  it("stays until it ends; new keys go elsewhere", () => {
    const rig = boundToFirst();
    rig.reload(withFirst(draining));
    assert.equal(rig.send(A), 0);
    assert.deepEqual([rig.send(B), rig.send("192.0.2.3:1"), rig.send("192.0.2.4:1")], [1, 2, 1]);
    rig.nowMs = 120_000;
    assert.notEqual(rig.send(A), 0);
  });

  it("moves at once with `move`", () => {
    const rig = boundToFirst();
    rig.reload(withFirst(draining, failover({ draining: "move" })));
    assert.equal(rig.send(A), 1);
  });

  it("stays with `move` where there is no other backend", () => {
    const rig = boundToFirst();
    const backends = [0, 1, 2].map((slot) => buildBackend(slot, draining));
    rig.reload(withFirst({}, { backends, ...failover({ draining: "move" }) }));
    assert.equal(rig.send(A), 0);
    assert.equal(rig.send(B), "no_backend");
  });

  it("is dropped with `drop`", () => {
    const rig = boundToFirst();
    rig.reload(withFirst(draining, failover({ draining: "drop" })));
    assert.equal(rig.send(A), "backend_draining");
  });

  it("fares alike with weight 0", () => {
    const rig = boundToFirst();
    rig.reload(withFirst({ weight: 0 }));
    assert.equal(rig.send(A), 0);
    assert.deepEqual([rig.send(B), rig.send("192.0.2.3:1"), rig.send("192.0.2.4:1")], [1, 2, 1]);
    rig.reload(withFirst({ weight: 0 }, failover({ draining: "move" })));
    assert.notEqual(rig.send(A), 0);
  });

  it("takes its other ports along with `client-ip`: their key is bound here", () => {
    const rig = boundToFirst({ affinity: CLIENT_IP });
    rig.reload(withFirst(draining, { affinity: CLIENT_IP }));
    assert.equal(rig.send("192.0.2.1:4001"), 0);
    assert.equal(rig.send(B), 1);
  });
});

/** Removed and disabled differ for the operator, not for a flow. */
const leaving: readonly [name: string, change: (pool?: Partial<PoolEntry>) => SnapshotParts][] = [
  ["is removed", (pool) => withFirst({}, { backends: [buildBackend(1), buildBackend(2)], ...pool })],
  ["is disabled", (pool) => withFirst({ admin: "disabled" }, pool)],
];
for (const [event, left] of leaving) {
  describe(`a live flow whose backend ${event}`, () => {
    it("moves", () => {
      const rig = boundToFirst();
      rig.reload(left());
      assert.deepEqual(rig.sendMany(A, 2), [1, 1]);
      assert.equal(rig.listener("movedFlows"), 1);
    });

    it("stays with `keep` until it is idle", () => {
      const rig = boundToFirst();
      rig.reload(left(failover({ removed: "keep" })));
      assert.equal(rig.send(A), 0);
      assert.equal(rig.send(B), 1);
      rig.nowMs = 120_000;
      assert.notEqual(rig.send(A), 0);
    });

    it("is dropped with `drop`", () => {
      const rig = boundToFirst();
      rig.reload(left(failover({ removed: "drop" })));
      assert.equal(rig.send(A), "backend_removed");
    });

    it("is dropped when it should move and there is nobody", () => {
      const rig = boundToFirst();
      rig.reload(withFirst({}, { backends: [] }));
      assert.equal(rig.send(A), "no_backend");
    });

    it("does not bind new flows of its `client-ip` key, even with `keep`", () => {
      const pool = { affinity: CLIENT_IP, ...failover({ removed: "keep" }) };
      const rig = boundToFirst(pool);
      rig.reload(left(pool));
      assert.equal(rig.send("192.0.2.1:4001"), 1);
      assert.equal(rig.send(A), 0, "the flow itself stays");
      assert.equal(rig.send("192.0.2.1:4002"), 1, "the key is bound anew");
    });

    it("moves together with all flows of its `client-ip` key", () => {
      const rig = boundToFirst({ affinity: CLIENT_IP });
      assert.equal(rig.send("192.0.2.1:4001"), 0);
      rig.reload(left({ affinity: CLIENT_IP }));
      const to = rig.send(A);
      assert.notEqual(to, 0);
      rig.send(B);
      assert.equal(rig.send("192.0.2.1:4001"), to);
    });
  });
}

describe("a live flow whose pool changes", () => {
  it("stays when its backend's weight changes", () => {
    const rig = boundToFirst();
    rig.reload(withFirst({ weight: 9 }));
    assert.deepEqual(rig.sendMany(A, 3), [0, 0, 0]);
  });

  it("stays when a backend is added", () => {
    const rig = boundToFirst();
    rig.reload(withFirst({}, { backends: [0, 1, 2, 3].map((slot) => buildBackend(slot)) }));
    assert.equal(rig.send(A), 0);
  });

  it("stays when the policy changes; new keys use the new one", () => {
    const rig = boundToFirst();
    rig.reload(withFirst({}, { policy: "least-flows" }));
    assert.equal(rig.send(A), 0);
    assert.deepEqual([rig.send(B), rig.send("192.0.2.3:1")], [1, 2]);
  });

  it("stays when `client` becomes `none`; other clients are dealt out", () => {
    const rig = boundToFirst();
    rig.reload(withFirst({}, { affinity: { kind: "none" } }));
    assert.deepEqual(rig.sendMany(A, 3), [0, 0, 0]);
    assert.deepEqual(rig.sendMany(B, 4), [1, 2, 0, 1]);
    rig.nowMs = 120_000;
    assert.deepEqual(rig.sendMany(A, 3), [2, 0, 1]);
  });

  it("gets its replies when `none` becomes `client`; the client's next datagram begins a flow of its own", () => {
    const rig = new ForwarderRig(withFirst({}, { affinity: { kind: "none" } }));
    const dealt = [rig.request(A), rig.request(A), rig.request(A)];
    rig.reload(withFirst({}));
    assert.deepEqual(rig.sendMany(A, 3), [0, 0, 0]);
    assert.equal(rig.active(), 4);
    for (const flow of dealt) assert.equal(rig.reply(flow), "forward");
  });

  it("stays when `client` becomes `client-ip`; a second port makes the first binding", () => {
    const rig = boundToFirst();
    rig.reload(withFirst({}, { affinity: CLIENT_IP }));
    assert.equal(rig.send(A), 0);
    assert.deepEqual([rig.send("192.0.2.1:4001"), rig.send("192.0.2.1:4002")], [1, 1]);
    assert.equal(rig.send(A), 0);
  });

  it("stays when `client-ip` becomes `client`; a second port is a key of its own", () => {
    const rig = boundToFirst({ affinity: CLIENT_IP });
    rig.reload(withFirst({}));
    assert.equal(rig.send(A), 0);
    assert.equal(rig.send("192.0.2.1:4001"), 1);
  });

  it("stays when `client-ip` becomes `none`", () => {
    const rig = boundToFirst({ affinity: CLIENT_IP });
    rig.reload(withFirst({}, { affinity: { kind: "none" } }));
    assert.deepEqual(rig.sendMany(A, 2), [0, 0]);
    assert.deepEqual(rig.sendMany("192.0.2.1:4001", 3), [1, 2, 0]);
  });

  it("gets its replies when `none` becomes `client-ip`", () => {
    const rig = new ForwarderRig(withFirst({}, { affinity: { kind: "none" } }));
    const flow = rig.request(A);
    rig.reload(withFirst({}, { affinity: CLIENT_IP }));
    assert.deepEqual([rig.send(A), rig.send("192.0.2.1:4001")], [1, 1]);
    assert.equal(rig.reply(flow), "forward");
  });

  it("stays when the prefix of `client-ip` changes", () => {
    const rig = boundToFirst({ affinity: CLIENT_IP });
    rig.reload(withFirst({}, { affinity: { kind: "client-ip", prefix4: 24, prefix6: 56 } }));
    assert.equal(rig.send(A), 0);
    assert.deepEqual([rig.send(B), rig.send("192.0.2.77:9")], [1, 1]);
  });
});

describe("a live flow whose listener changes", () => {
  const two = [buildListener(), buildListener({ slot: 1, name: "second" })];
  const pools = withFirst({}).pools ?? [];

  it("ends when the listener is removed, and nobody else's does", () => {
    const rig = new ForwarderRig({ listeners: two, pools });
    const [first, second] = [rig.request(A, 0), rig.request(A, 1)];
    rig.reload({ listeners: two.slice(0, 1), pools });
    assert.deepEqual(rig.host.closed, [{ flow: second, backend: 1, unanswered: true }]);
    assert.deepEqual(rig.ended(1), { listener_removed: 1 });
    assert.equal(rig.active(), 1);
    assert.equal(rig.reply(second), "late_reply");
    assert.equal(rig.reply(first), "forward");
    assert.equal(rig.send(A, 1), "no_backend");
  });

  it("stays when the listener is unchanged in a reload", () => {
    const rig = new ForwarderRig({ listeners: two, pools });
    const flow = rig.request(A, 1);
    rig.reload({ listeners: two, pools, version: 2 });
    assert.equal(rig.request(A, 1), flow);
    assert.deepEqual(rig.host.closed, []);
  });

  const both = [
    ...pools,
    buildPool({ slot: 1, name: "other", affinity: CLIENT, backends: [buildBackend(5)] }),
  ];
  const toOther = [buildListener({ poolSlot: 1 })];

  it("moves to the listener's new pool", () => {
    const rig = new ForwarderRig({ pools: both });
    assert.equal(rig.send(A), 0);
    rig.reload({ pools: both, listeners: toOther });
    assert.equal(rig.send(A), 5);
  });

  for (const removed of ["keep", "drop"] as const) {
    it(`fares as if its backend were removed with \`${removed}\` in the new pool`, () => {
      const rig = new ForwarderRig({ pools: both });
      rig.send(A);
      const other = { ...both[1], ...failover({ removed }) };
      rig.reload({ pools: [both[0], other], listeners: toOther });
      assert.equal(rig.send(A), removed === "keep" ? 0 : "backend_removed");
    });
  }

  for (const first of [{ admin: "draining" }, { admitted: false }] as const) {
    it(`has left its former pool, whatever that says: ${JSON.stringify(first)}`, () => {
      const rig = new ForwarderRig({ pools: both });
      rig.send(A);
      const [former] = withFirst(first).pools ?? [];
      const empty = { ...both[1], backends: [] };
      rig.reload({ pools: [former, empty], listeners: toOther });
      assert.equal(rig.send(A), "no_backend", "nowhere to move to");
      rig.reload({ pools: [former, { ...both[1], ...failover({ removed: "drop" }) }], listeners: toOther });
      assert.equal(rig.send(A), "backend_removed");
    });
  }

  it("keeps the binding of its `client-ip` key to itself in a new pool", () => {
    const ip = both.map((pool) => ({ ...pool, affinity: CLIENT_IP, ...failover({ removed: "keep" }) }));
    const rig = new ForwarderRig({ pools: ip });
    rig.send(A);
    rig.reload({ pools: ip, listeners: toOther });
    assert.equal(rig.send("192.0.2.1:4001"), 5);
    assert.equal(rig.send(A), 0);
  });
});

describe("a flow that reaches a limit", () => {
  function limited(session: Parameters<typeof buildListener>[0] & object, affinity = CLIENT): SnapshotParts {
    return { ...withFirst({}, { affinity }), listeners: [buildListener(session)] };
  }

  it("ends when idle, with its next datagram at the latest", () => {
    const rig = new ForwarderRig(limited({ session: { idleTimeoutMs: 1000 } }));
    rig.send(A);
    rig.nowMs = 999;
    assert.equal(rig.send(A), 0);
    rig.nowMs = 1999;
    assert.equal(rig.send(A), 1);
    assert.deepEqual(rig.ended(), { idle: 1 });
  });

  it("is kept from idleness by replies", () => {
    const rig = new ForwarderRig(limited({ session: { idleTimeoutMs: 1000 } }));
    const flow = rig.request(A);
    rig.nowMs = 900;
    rig.reply(flow);
    rig.nowMs = 1800;
    assert.equal(rig.request(A), flow);
  });

  it("ends when it is old, however busy", () => {
    const rig = new ForwarderRig(limited({ session: { maxLifetimeMs: 3000 } }));
    for (; rig.nowMs < 3000; rig.nowMs += 100) assert.equal(rig.send(A), 0);
    assert.equal(rig.send(A), 1);
    assert.deepEqual(rig.ended(), { lifetime: 1 });
  });

  it("ends when it is old with a reply under way, which is a late one", () => {
    const rig = new ForwarderRig(limited({ session: { maxLifetimeMs: 3000 } }));
    rig.request(A);
    rig.nowMs = 2999;
    const flow = rig.request(A);
    rig.nowMs = 3000;
    assert.equal(rig.expire(), 1);
    assert.deepEqual(rig.host.closed, [{ flow, backend: 0, unanswered: true }], "so its socket rests");
    assert.equal(rig.reply(flow), "late_reply");
  });

  it("takes no more after its requests; its replies still come, and the next datagram begins a new flow", () => {
    const rig = new ForwarderRig(limited({ session: { requests: 2 } }));
    const flows = [rig.request(A), rig.request(A), rig.request(A)];
    assert.equal(flows[1], flows[0]);
    assert.notEqual(flows[2], flows[0]);
    assert.equal(rig.active(), 2);
    assert.equal(rig.reply(flows[0]), "forward");
    assert.equal(rig.reply(flows[0]), "forward");
  });

  it("keeps its `client-ip` key bound while it waits for replies", () => {
    const rig = new ForwarderRig(limited({ session: { requests: 1 } }, CLIENT_IP));
    assert.deepEqual(rig.sendMany(A, 3), [0, 0, 0]);
    assert.equal(rig.active(), 3);
  });

  it("ends with its last reply, and its socket is free", () => {
    const rig = new ForwarderRig(limited({ session: { requests: 1, responses: 1 } }));
    const flow = rig.request(A);
    assert.equal(rig.reply(flow), "last");
    assert.deepEqual(rig.host.closed, [{ flow, backend: 0, unanswered: false }]);
    assert.deepEqual(rig.ended(), { answered: 1 });
    assert.equal(rig.reply(flow), "late_reply");
    assert.equal(rig.active(), 0);
  });

  it("waits for the replies to each of its requests", () => {
    const rig = new ForwarderRig(limited({ session: { responses: 2 } }));
    const flow = rig.request(A);
    rig.request(A);
    assert.deepEqual([rig.reply(flow), rig.reply(flow), rig.reply(flow)], ["forward", "forward", "forward"]);
    assert.equal(rig.request(A), flow);
    assert.deepEqual([rig.reply(flow), rig.reply(flow), rig.reply(flow)], ["forward", "forward", "last"]);
  });

  it("is out of reach between its last reply and its end", () => {
    const rig = new ForwarderRig(limited({ session: { responses: 1 } }));
    const flow = rig.request(A);
    assert.equal(rig.forwarder.fromBackend(flow, 10, 0), 1);
    assert.notEqual(rig.request(A), flow);
    assert.equal(rig.reply(flow), "late_reply");
    rig.forwarder.endAnswered(flow);
    assert.equal(rig.active(), 1);
  });
});

describe("a client that changes its port", () => {
  it("is a new key with `client`", () => {
    const rig = boundToFirst();
    assert.equal(rig.send("192.0.2.1:4001"), 1);
    assert.equal(rig.active(), 2);
  });

  it("stays on its backend with `client-ip`, and with `client-ip/24` its network does", () => {
    const rig = boundToFirst({ affinity: CLIENT_IP });
    assert.equal(rig.send("192.0.2.1:4001"), 0);
    assert.equal(rig.send(B), 1);
    const net = boundToFirst({ affinity: { kind: "client-ip", prefix4: 24, prefix6: 56 } });
    assert.equal(net.send(B), 0);
    assert.equal(net.send("192.0.3.1:4000"), 1);
    assert.equal(net.send("[2001:db8:0:100::1]:1"), 2);
    assert.equal(net.send("[2001:db8:0:1ff::1]:1"), 2);
    assert.equal(net.send("[2001:db8:0:200::1]:1"), 0);
  });

  it("shares its binding between listeners of one pool", () => {
    const listeners = [buildListener(), buildListener({ slot: 1, address: parseEndpoint("127.0.0.1:1") })];
    const rig = new ForwarderRig({ ...withFirst({}, { affinity: CLIENT_IP }), listeners });
    assert.equal(rig.send(A, 0), 0);
    assert.equal(rig.send("192.0.2.1:4001", 1), 0);
  });

  it("is bound anew when all flows of its key have ended", () => {
    const rig = boundToFirst({ affinity: CLIENT_IP });
    rig.nowMs = 135_000;
    rig.expire();
    assert.equal(rig.send(A), 1);
  });
});
